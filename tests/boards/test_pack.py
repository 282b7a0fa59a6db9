"""Calling the packers: one command line for each family, one line for each failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.pack import SUFFIXES, find_packer, pack
from boards.table import board
from sw_model.faults import ToolMissing, Verdict
from tests.boards.stand_ins import calls, interleaved, stand_in, waits_for


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that comes first on PATH."""
    (folder := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    find_packer.cache_clear()
    yield folder
    find_packer.cache_clear()


@pytest.fixture
def routed(tmp_path: Path) -> Path:
    (path := tmp_path / "design").write_text("routed\n")
    return path


@pytest.mark.parametrize(("name", "program", "arguments"), [
    ("ulx3s-85f", "ecppack", "--compress --input routed --bit packed"),
    ("icebreaker", "icepack", "routed packed"),
    ("tang-nano-9k", "gowin_pack",
     "-d GW1N-9C --sspi_as_gpio --mspi_as_gpio -o packed routed"),
    ("tang-primer-25k", "gowin_pack", "-d GW5A-25A --sspi_as_gpio --ready_as_gpio "
     "--done_as_gpio --cpu_as_gpio -o packed routed"),
    ("crosslink-nx-evn", "prjoxide", "pack routed packed"),
])
def test_command_lines(programs: Path, routed: Path, tmp_path: Path, name: str, program: str,
                       arguments: str) -> None:
    stand_in(programs, program, "{ echo packed; cat routed; } > packed")
    (work := tmp_path / "work").mkdir()
    told: list[str] = []
    assert pack(routed, board(name), work=work, progress=told.append) == b"packed\nrouted\n"
    assert calls(programs, program) == [arguments.split()]
    assert told == [f"{program}: packing the bitstream"]
    assert os.listdir(work) == ["pack.log"]
    # The same once more costs nothing, and leaves the same.
    assert pack(routed, board(name), work=work) == b"packed\nrouted\n"
    assert len(calls(programs, program)) == 1
    routed.write_text("other\n")
    assert pack(routed, board(name), work=work) == b"packed\nother\n"


@pytest.mark.parametrize("does", ["", ": > packed"])
@pytest.mark.parametrize("code", [0, 1])
def test_a_failure_is_one_line(programs: Path, routed: Path, tmp_path: Path, does: str,
                               code: int) -> None:
    stand_in(programs, "icepack", does, says="Error: unsupported device\n", code=code)
    with pytest.raises(Verdict, match=r"^icepack could not pack the design for icebreaker: "
                       r"Error: unsupported device \(log: \S+/pack\.log\)$"):
        pack(routed, board("icebreaker"), work=tmp_path)
    # Nothing of the failure is kept.
    stand_in(programs, "icepack", "echo good > packed")
    assert pack(routed, board("icebreaker"), work=tmp_path) == b"good\n"


def test_two_runs_in_one_folder(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, "icepack", f"{waits_for(programs, 'slow', 'routed')}"
             "cat routed > packed; cat routed")
    paths = {name: tmp_path / name for name in ("slow", "fast")}
    for name, path in paths.items():
        path.write_text(f"{name}\n")

    def packed(name: str) -> bytes:
        return pack(paths[name], board("icebreaker"), work=tmp_path)

    assert interleaved(programs, lambda: packed("slow"), lambda: packed("fast")) == (
        b"slow\n", b"fast\n")
    # The cache holds each one's own, and the log is of the last one.
    for name in paths:
        assert packed(name) == f"{name}\n".encode()
        assert (tmp_path / "pack.log").read_text() == f"{name}\n"
    assert len(calls(programs, "icepack")) == 2


def test_versions(programs: Path) -> None:
    stand_in(programs, "ecppack")
    assert find_packer("ecp5").version == f"ecppack {programs}"
    (programs / "icepack").write_text("#!/bin/sh\necho usage >&2; exit 1\n")
    (programs / "icepack").chmod(0o755)
    assert find_packer("ice40").version.startswith("icepack ")
    assert "usage" not in find_packer("ice40").version
    assert find_packer("gowin").version.startswith("apycula 0.")


def test_no_packer_at_all(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match=r"^gowin_pack is neither on PATH nor installed: "
                       r"pip install apycula$"):
        find_packer("gowin")


def test_suffixes() -> None:
    assert SUFFIXES == {"ecp5": "bit", "ice40": "bin", "gowin": "fs", "nexus": "bit"}
