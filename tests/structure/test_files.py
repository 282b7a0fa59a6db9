"""Files of the repository: small, and the same on every machine."""

from __future__ import annotations

import re

import pytest

from tests.support.checkout import ROOT, tracked

MOST_BYTES = 500_000
MOST_LINES = 400

#: Folders of one machine, and addresses of package registries: both belong to its user.
LOCAL = {
    "a folder of one machine": re.compile(rb"(?<![\w.}/-])/(?:work|root|home|tmp|Users)/\w"),
    "an address of a registry": re.compile(
        rb"pypi[.]org|pythonhosted[.]org|--(?:extra-)?index-url|\bregistry\.npmjs"),
}


def test_no_file_is_large():
    large = [f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes"
             for path in tracked() if path.stat().st_size > MOST_BYTES]
    assert not large, "\n".join(large)


def test_no_python_file_is_long():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines())
             for path in tracked() if path.suffix == ".py"}
    long = [f"{path.relative_to(ROOT)}: {count} lines"
            for path, count in lines.items() if count > MOST_LINES]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("what", LOCAL)
def test_nothing_belongs_to_one_machine(what):
    found = []
    for path in tracked():
        data = path.read_bytes()
        for match in LOCAL[what].finditer(data):
            line = data.count(b"\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match[0].decode()}")
    assert not found, "\n".join(found)


def test_text_ends_its_lines_as_unix_does():
    binary = {".npz", ".onnx", ".tflite", ".gz"}
    wrong = []
    for path in tracked():
        data = path.read_bytes()
        if path.suffix in binary or not data:
            continue
        if b"\r" in data or (b"\t" in data and path.name not in ("Makefile", "LICENSE")):
            wrong.append(f"{path.relative_to(ROOT)}: holds carriage returns or tabs")
        if not data.endswith(b"\n"):
            wrong.append(f"{path.relative_to(ROOT)}: does not end its last line")
    assert not wrong, "\n".join(wrong)
