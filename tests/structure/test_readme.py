"""What README and documents show is what happens, and their links lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.support.checkout import ROOT, tracked
from tests.support.console import ELSEWHERE, LONG, Session, blocks, commands, matches

DOCUMENTS = [path for path in tracked() if path.suffix == ".md"]
WITH_SESSIONS = [path for path in DOCUMENTS if "```console" in path.read_text(encoding="utf-8")]


def name_of(path):
    return str(path.relative_to(ROOT))


def play(path, folder, left_out):
    """Type all commands but those that ``left_out`` says; every one must say what is shown."""
    session, wrong, typed = Session(folder), [], 0
    for line, body in blocks(path.read_text(encoding="utf-8")):
        left = False
        for command in commands(line, body):
            left = bool(left_out(command.text)) or (left and command.text == "echo $?")
            if left:
                continue
            typed += 1
            said = session.type(command.text)
            if not matches(command.said, said):
                wrong.append(f"{name_of(path)}:{command.line}: $ {command.text}\n{said}\n")
    assert not wrong, "\n".join([*wrong, "If this is as it should be, write it down: python -m "
                                 f"tests.support.console {name_of(path)}"])
    return typed


@pytest.mark.parametrize("path", WITH_SESSIONS, ids=name_of)
def test_what_sessions_show(path, tmp_path):
    """All but the long commands, and what depends on them."""
    play(path, tmp_path, lambda text: ELSEWHERE.match(text) or LONG.match(text))


@pytest.mark.full
@pytest.mark.parametrize("path", WITH_SESSIONS, ids=name_of)
def test_what_whole_sessions_show(path, tmp_path, need):
    need("verilator")
    need("icarus")
    assert play(path, tmp_path, ELSEWHERE.match) > 0


def test_some_documents_have_sessions():
    assert {"README.md", "docs/errors.md", "docs/plan.md"} <= set(map(name_of, WITH_SESSIONS))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        file, _, place = target.partition("#")
        found = (path.parent / file) if file else path
        if not found.exists():
            wrong.append(f"{target}: no such file")
        elif place and place not in places(found.read_text(encoding="utf-8")):
            wrong.append(f"{target}: no such heading")
    assert not wrong, f"{name_of(path)}: " + "; ".join(wrong)


def places(text):
    """Headings as links name them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def test_every_document_is_reached_from_the_first():
    """From README.md, by links."""
    seen, new = set(), {ROOT / "README.md"}
    while new:
        seen |= new
        new = {(path.parent / target.partition("#")[0]).resolve()
               for path in new if path.suffix == ".md"
               for target in re.findall(r"\]\(([^)\s:]+)\)", path.read_text(encoding="utf-8"))}
        new = {path for path in new - seen if path.is_file()}
    missing = [name_of(path) for path in DOCUMENTS
               if path not in seen and path.is_relative_to(ROOT / "docs")]
    assert not missing, f"no link leads to {', '.join(missing)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_code_is_that_of_its_file(path):
    """A ``python`` block that begins with a file's name shows lines of it, in their order."""
    wrong = []
    for file, body in re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```$",
                                 path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        rest = (ROOT / file).read_text(encoding="utf-8")
        for part in body.split("...\n"):
            _, found, rest = rest.partition(part)
            if not found:
                wrong.append(f"{file} does not hold, or not in this order:\n{part}")
                break
    assert not wrong, f"{name_of(path)}: " + "\n".join(wrong)


def test_links_of_other_files_lead_somewhere():
    """Files that error messages and docstrings name in ``docs/``."""
    wrong = []
    for path in tracked():
        if path.suffix == ".py":
            for name in re.findall(r"\bdocs/[\w-]+\.md", path.read_text(encoding="utf-8")):
                if not (ROOT / name).is_file():
                    wrong.append(f"{name_of(path)}: {name}")
    assert not wrong, "\n".join(wrong)
