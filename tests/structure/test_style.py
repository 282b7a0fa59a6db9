"""The checkers find nothing, and the examples in docstrings are true."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

from tests.support.checkout import PACKAGES, ROOT, module_name, modules


def run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff():
    run("ruff", "check", "--output-format", "concise")


def test_mypy():
    run("mypy")


@pytest.mark.parametrize("package", PACKAGES)
def test_examples_in_docstrings(package):
    failed, attempted = [], 0
    for path in modules(package):
        result = doctest.testmod(import_module(module_name(path)), verbose=False)
        attempted += result.attempted
        if result.failed:
            failed.append(f"{path.relative_to(ROOT)}: {result.failed} of {result.attempted}")
    assert not failed, "\n".join(failed)
    assert attempted or package in ("hw", "verif", "boards"), f"{package} has no examples"
