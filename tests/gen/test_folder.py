"""Folders and files that are whole or as they were, whatever happens in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gen import folder
from gen.folder import whole_folder, write_whole
from sw_model.faults import InputFault
from tests.conftest import ROOT

MARK = "manifest.json"


def write(target, **files):
    """A whole folder with the mark and ``files``."""
    with whole_folder(target, mark=MARK, key="gatemill") as work:
        for name, text in files.items():
            (work / name).write_text(text)
        (work / MARK).write_text(json.dumps({"gatemill": "1"}))


def listed(place):
    return sorted(path.name for path in place.iterdir())


def test_new_folder_and_its_parents(tmp_path):
    write(tmp_path / "a" / "b", x="1")
    assert listed(tmp_path / "a") == ["b"]
    assert listed(tmp_path / "a" / "b") == [MARK, "x"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_empty_folder_and_earlier_result_are_replaced_as_a_whole(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", x="1", y="2")
    write(tmp_path / "out", y="3")
    assert listed(tmp_path / "out") == [MARK, "y"]
    assert (tmp_path / "out" / "y").read_text() == "3"
    assert listed(tmp_path) == ["out"]


@pytest.mark.parametrize("content", [
    {"notes.txt": "mine"}, {MARK: '{"name": "a web page", "icons": []}'}, {MARK: "[1]"},
    {MARK: "not json"}, {MARK: "\udcff"}, {f"{MARK}/x": "a folder"}])
def test_other_content_is_refused_and_kept(tmp_path, content):
    out = tmp_path / "out"
    for name, text in content.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputFault, match=r"out: is there already and holds no manifest\.json of"):
        write(out)
    assert listed(tmp_path) == ["out"]
    for name, text in content.items():
        assert (out / name).read_bytes() == text.encode(errors="surrogateescape")


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputFault, match="is there already"):
        write(tmp_path / "out")
    with pytest.raises(InputFault, match="cannot be written"):
        write(tmp_path / "out" / "below")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("before", [False, True])
def test_interrupted(tmp_path, before):
    out = tmp_path / "out"
    if before:
        write(out, x="old")
    with pytest.raises(KeyboardInterrupt), whole_folder(out, mark=MARK, key="gatemill") as work:
        (work / MARK).write_text('{"gatemill": "2"}')
        raise KeyboardInterrupt
    assert listed(tmp_path) == (["out"] if before else [])
    if before:
        assert (out / "x").read_text() == "old"


@pytest.mark.parametrize("before", [False, True])
def test_killed(tmp_path, before):
    """Like power failing: nothing gets to clean up."""
    out = tmp_path / "out"
    if before:
        write(out, x="old")
    code = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from gen.folder import whole_folder
        with whole_folder(Path(sys.argv[1]), mark="manifest.json", key="gatemill") as work:
            (work / "manifest.json").write_text('{"gatemill": "2"}')
            os._exit(9)
        """)
    done = subprocess.run([sys.executable, "-c", code, str(out)], check=False, cwd=ROOT)
    assert done.returncode == 9
    assert [name for name in listed(tmp_path) if not name.startswith(".")] == ["out"] * before
    if before:
        assert listed(out) == [MARK, "x"]
    write(out, x="new")
    assert (out / "x").read_text() == "new"


@pytest.mark.parametrize("step", ["Path.rename", "shutil.rmtree"])
def test_killed_while_an_earlier_result_is_replaced(tmp_path, step):
    """Behind any step there is a whole result: the earlier one or the new one."""
    out = tmp_path / "out"
    write(out, x="old")
    code = textwrap.dedent(f"""
        import os, shutil, sys
        from pathlib import Path
        from gen.folder import whole_folder
        step = {step}
        def last(*arguments, **options):
            step(*arguments, **options)
            os._exit(9)
        with whole_folder(Path(sys.argv[1]), mark="manifest.json", key="gatemill") as work:
            (work / "manifest.json").write_text('{{"gatemill": "2"}}')
            (work / "x").write_text("new")
            {step} = last
        """)
    done = subprocess.run([sys.executable, "-c", code, str(out)], check=False, cwd=ROOT)
    assert done.returncode in (0, 9)
    assert listed(out) == [MARK, "x"]
    assert (out / "x").read_text() in ("old", "new")


def test_failing_rename_gives_the_earlier_result_back(tmp_path, monkeypatch):
    """As it is done where folders cannot be exchanged."""
    out = tmp_path / "out"
    write(out, x="old")
    monkeypatch.setattr(folder, "_exchange", lambda *_: False)
    write(out, x="old")
    rename = Path.rename

    def failing(self, target):
        if target == out and not self.name.endswith(".old"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputFault, match=r"cannot be replaced \(No space left on device\)"):
        write(out, x="new")
    assert listed(tmp_path) == ["out"]
    assert (out / "x").read_text() == "old"


def test_link_is_followed(tmp_path):
    write(tmp_path / "real", x="old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", x="new")
    assert listed(tmp_path) == ["link", "real"]
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "x").read_text() == "new"


def test_write_whole(tmp_path):
    path = tmp_path / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o644
    (tmp_path / "link").symlink_to(path)
    write_whole(tmp_path / "link", b"three")
    assert path.read_bytes() == b"three"
    assert listed(tmp_path) == ["file", "link"]


def test_write_whole_keeps_the_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"one")

    def failing(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="Input/output"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert listed(tmp_path) == ["file"]


def test_write_whole_does_not_replace_devices():
    write_whole(Path(os.devnull), b"gone")
    assert Path(os.devnull).is_char_device()
