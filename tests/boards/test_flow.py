"""The flow from Verilog to a bitstream, with stand-ins for the tools after Yosys."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import boards.table
import boards.yosys
from boards.board import Board, Pin, Port
from boards.flow import BitstreamVerdict, bitstream, clock_of, copy_out, remove_copy, tools_of
from boards.frame import Design
from boards.pack import find_packer
from boards.place import find_tool
from boards.table import board
from sw_model.faults import InputFault
from tests.boards.stand_ins import REPORT, calls, stand_in, tools_for_ice40

VERILOG = """\
module blink(input clk, input reset, input rx, output reg tx, output [3:0] led);
  reg [11:0] count = 0;
  reg [7:0] image[0:15];
  initial $readmemh("image.mem", image);
  always @(posedge clk) begin
    count <= reset ? 0 : count + 1;
    tx <= rx ^ image[count[11:8]][count[2:0]];
  end
  assign led = count[11:8];
endmodule
"""

Make = Callable[..., dict[str, Any]]


def blinker(name: str = "icebreaker", image: int = 1) -> Design:
    """A design with a memory, for a board; its lamps are more than some boards have."""
    one = board(name)
    assert one.uart
    return Design(
        top="blink", verilog=VERILOG,
        images={"image.mem": b"".join(b"%02x\n" % (image * k % 256) for k in range(16))},
        ports=(Port(name="rx", pins=(one.uart.rx,)),
               Port(name="tx", pins=(one.uart.tx,), output=True),
               Port(name="led", pins=one.leds[:4], output=True)))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on PATH with stand-ins for nextpnr and icepack."""
    (folder := tmp_path / "bin").mkdir()
    tools_for_ice40(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    find_tool.cache_clear()
    find_packer.cache_clear()
    yield folder
    find_tool.cache_clear()
    find_packer.cache_clear()


@pytest.fixture
def make(programs: Path, tmp_path: Path) -> Make:
    """Makes the blinker's bitstream in ``tmp_path / "build"``."""
    def run(design: Design | None = None, **options: Any) -> dict[str, Any]:
        return bitstream(tmp_path / "build", board("icebreaker"), design or blinker(),
                         name="net", **options)
    return run


def test_the_result(make: Make, programs: Path, tmp_path: Path) -> None:
    told: list[str] = []
    report = make(identity=0xABC, link={"shell": "uart"}, progress=told.append)
    folder = tmp_path / "build" / "bitstream"
    assert sorted(os.listdir(folder)) == ["bitstream.json", "net.bin", "nextpnr.log", "pack.log",
                                          "yosys.log"]
    assert json.loads((folder / "bitstream.json").read_text()) == report
    data = (folder / "net.bin").read_bytes()
    assert data.startswith(b"packed\nset_io clk 35\nset_io button 10\n"
                           b"set_io -pullup yes pin_rx_0 6\n")
    assert report["sha256"] == hashlib.sha256(data).hexdigest()
    assert {key: report[key] for key in ("board", "device", "clock_mhz", "identity", "file",
                                         "link", "clocks", "verdict", "tools")} == {
        "board": "icebreaker", "device": "ice40-up5k", "clock_mhz": 12,
        "identity": f"{0xABC:032x}", "file": "net.bin", "link": {"shell": "uart"},
        "clocks": {"clk": 40.0}, "verdict": None, "tools": tools_of(board("icebreaker"))}
    assert told[-2:] == ["nextpnr: packing", "icepack: packing the bitstream"]
    assert "yosys: mapping LUTs" in told
    (words,) = calls(programs, "nextpnr-ice40")
    assert words[:3] == ["--up5k", "--package", "sg48"]
    for pair in ("--freq 12", "--seed 1", "--pcf pins.pcf", "--asc routed",
                 "--top gatemill_board"):
        assert pair in " ".join(words)
    assert "--pcf-allow-unconstrained" not in words


def test_unchanged_inputs_rebuild_nothing(make: Make, programs: Path, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    first = make()

    def runs() -> list[int]:
        return [len(calls(programs, name)) for name in ("nextpnr-ice40", "icepack")]

    (path := tmp_path / "build" / "bitstream" / "net.bin").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(boards.yosys, "run", None)
        assert make() == first
        assert runs() == [1, 1]
        assert path.is_file()
        # Another seed is placed anew; what comes out the same is not packed again.
        assert make(seed=2)["sha256"] == first["sha256"]
        assert runs() == [2, 1]
    make(blinker(image=3))
    assert runs() == [3, 1]
    make(clock_mhz=24)
    assert runs() == [4, 1]


def test_another_clock_is_a_pll(make: Make, tmp_path: Path) -> None:
    report = make(clock_mhz=24)
    assert (report["clock_mhz"], report["oscillator_mhz"]) == (24, 12)
    assert "set_frequency clk 12\n" in (tmp_path / "build/bitstream/net.bin").read_text()
    assert "SB_PLL40_PAD" in (tmp_path / "build/bitstream/yosys.log").read_text()
    assert clock_of(board("icebreaker"), None) == 12
    assert clock_of(board("ice40-hx8k-evn"), 40) == 39.75


def test_a_missed_clock_leaves_no_bitstream(make: Make, programs: Path, tmp_path: Path) -> None:
    make()
    slow = {**REPORT, "fmax": {"clk": {"achieved": 11.99, "constraint": 12.0}}}
    tools_for_ice40(programs, slow)
    with pytest.raises(BitstreamVerdict, match=r"^net on icebreaker: clk reaches 11\.99 MHz of "
                       r"12 MHz, from a\.Q to b\.D \(log: \S+/nextpnr\.log\)$") as caught:
        make(seed=3)
    folder = tmp_path / "build" / "bitstream"
    assert not (folder / "net.bin").exists()
    saved = json.loads((folder / "bitstream.json").read_text())
    assert saved == caught.value.report
    assert (saved["verdict"], saved["file"]) == (str(caught.value), None)


def test_nextpnr_says_what_ran_out(make: Make, programs: Path, tmp_path: Path) -> None:
    stand_in(programs, "nextpnr-ice40", code=1, says=(
        "Info: \t        ICESTORM_RAM:     231/    208   111%\nERROR: Unable to place\n"))
    with pytest.raises(BitstreamVerdict, match=r"ran out of block RAM: 231 of 208 \(log: "
                       r"(\S+)\)$") as caught:
        make()
    log = Path(str(caught.value).rpartition("log: ")[2].rstrip(")"))
    assert "231/" in log.read_text()
    assert sorted(os.listdir(log.parent)) == ["bitstream.json", "nextpnr.log", "yosys.log"]


def test_what_cannot_fit_is_not_placed(programs: Path, tmp_path: Path) -> None:
    long = VERILOG.replace("assign led = count[11:8]", """reg [1399:0] long = 0;
  always @(posedge clk) long <= {long, rx ^ long[1399]};
  assign led = count[11:8] ^ long[1399]""")
    small = Board(name="small", device="ice40-hx1k", nextpnr=("--hx1k", "--package", "tq144"),
                  clock=Pin(site="21"), clock_mhz=12)
    with pytest.raises(BitstreamVerdict, match=r"^blink does not fit small: luts: 14\d\d of "
                       r"1280; ffs: 14\d\d of 1280 \(log: \S+yosys\.log\)$"):
        bitstream(tmp_path / "build", small, replace(blinker(), verilog=long), name="net")
    assert calls(programs, "nextpnr-ice40") == []


def test_folders_that_cannot_be_written(make: Make, tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file")
    with pytest.raises(InputFault, match=r"build/bitstream: cannot be written \("):
        make()


def test_a_copy(make: Make, tmp_path: Path) -> None:
    """It is named as the build's folder is, whatever the design is called."""
    report, folder = make(), tmp_path / "build"
    assert copy_out(folder, report, None) == folder / "bitstream" / "net.bin"
    copy = tmp_path / "a" / "b" / "build.bin"
    assert copy_out(folder, report, copy.parent) == copy
    assert copy.read_bytes() == (folder / "bitstream/net.bin").read_bytes()
    with pytest.raises(InputFault, match=r"net\.bin: cannot be written"):
        copy_out(folder, report, folder / "bitstream" / "net.bin")
    # Another family's is another one.
    (other := copy.with_suffix(".bit")).touch()
    remove_copy(folder, board("icebreaker"), copy.parent)
    assert os.listdir(copy.parent) == [other.name]
    for out in (copy.parent, tmp_path / "none", folder / "bitstream" / "net.bin", None):
        remove_copy(folder, board("icebreaker"), out)
    assert (folder / "bitstream" / "net.bin").is_file()


def test_names_with_dots(make: Make, tmp_path: Path) -> None:
    report = make()
    (tmp_path / "build").rename(folder := tmp_path / "my-net.v2")
    assert copy_out(folder, report, tmp_path / "out").name == "my-net.v2.bin"


def test_nothing_of_an_earlier_run_stays(make: Make, programs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build" / "bitstream"

    def results() -> list[str]:
        return sorted(name for name in os.listdir(folder) if not name.endswith(".log"))

    spoken = replace(blinker(), software={"net.h": "1", "net.py": "2"})
    assert make(spoken)["software"] == ["net.h", "net.py"]
    assert results() == ["bitstream.json", "net.bin", "net.h", "net.py"]
    (folder / "mine.h").touch()
    make(replace(spoken, software={"net.h": "3"}))
    assert results() == ["bitstream.json", "mine.h", "net.bin", "net.h"]
    assert (folder / "net.h").read_text() == "3"
    # Of another family, and the file of somebody outside.
    report = json.loads((folder / "bitstream.json").read_text())
    for name in ("net.bit", "../outside"):
        (folder / name).touch()
    (folder / "bitstream.json").write_text(json.dumps(
        {**report, "file": "net.bit", "software": ["net.h", "../outside"]}))
    stand_in(programs, "nextpnr-ice40", code=1)
    with pytest.raises(BitstreamVerdict):
        make(seed=4, changed=["rtl/net.v"])
    assert results() == ["bitstream.json", "mine.h"]
    assert (folder / "../outside").is_file()
    assert json.loads((folder / "bitstream.json").read_text())["changed"] == ["rtl/net.v"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"software": 3, "file": null}', "\xff"])
def test_a_broken_record_of_an_earlier_run(make: Make, tmp_path: Path, text: str) -> None:
    (path := tmp_path / "build" / "bitstream" / "bitstream.json").parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    assert json.loads(json.dumps(make())) == json.loads(path.read_text())


@pytest.mark.full
@pytest.mark.parametrize(("name", "clock"), [
    *((name, None) for name in boards.table.BOARDS), ("ice40-hx8k-evn", 40.0),
    ("icebreaker", 24.0), ("ulx3s-25f", 48.0), ("tang-nano-9k", 40.5), ("tang-nano-20k", 54.0)])
def test_every_board_by_the_wheels(tmp_path: Path, name: str, clock: float | None) -> None:
    """nextpnr and the packer know every pin, and every PLL, and make the same bytes twice."""
    digests = set()
    with pytest.MonkeyPatch.context() as patch:
        for run in ("first", "second"):
            patch.setenv("GATEMILL_CACHE", str(tmp_path / run))
            report = bitstream(tmp_path / "build", board(name), blinker(name), name="net",
                               clock_mhz=clock)
            digests.add(report["sha256"])
    assert len(digests) == 1
