"""PLLs: what their settings make, within the limits of the data sheets."""

from __future__ import annotations

import re

import pytest

from boards.pll import find_pll
from boards.table import board
from sw_model.faults import InputFault


def settings(verilog: str) -> dict[str, int]:
    """The numbers among the parameters."""
    return {name: int(value) for name, value in re.findall(r"\.(\w+)\((\d+)\)", verilog)}


@pytest.mark.parametrize("wanted", [16, 20, 24, 30, 48, 60, 100, 133, 200, 264])
@pytest.mark.parametrize("name", ["icebreaker", "ice40-hx8k-evn"])
def test_ice40(name: str, wanted: float) -> None:
    pll, one = find_pll(board(name), wanted), board(name)
    made = settings(pll.verilog)
    vco = one.clock_mhz / (made["DIVR"] + 1) * (made["DIVF"] + 1)
    assert 533 <= vco <= 1066
    assert pll.mhz == vco / 2 ** made["DIVQ"] == pytest.approx(wanted, rel=0.01)
    assert made["FILTER_RANGE"] == 1
    assert ("SB_PLL40_PAD " in pll.verilog) == (name == "icebreaker")
    assert (".PACKAGEPIN(clk)" in pll.verilog) == (name == "icebreaker")


@pytest.mark.parametrize("wanted", [4, 12, 24, 33.3, 48, 50, 75, 100, 133, 200, 400])
@pytest.mark.parametrize("name", ["ulx3s-25f", "orangecrab-85f", "ecpix5-45f"])
def test_ecp5(name: str, wanted: float) -> None:
    pll, one = find_pll(board(name), wanted), board(name)
    made = settings(pll.verilog)
    phase = one.clock_mhz / made["CLKI_DIV"]
    vco = phase * made["CLKFB_DIV"] * made["CLKOP_DIV"]
    assert phase >= 3.125
    assert 400 <= vco <= 800
    assert pll.mhz == pytest.approx(vco / made["CLKOS_DIV"])
    assert pll.mhz == pytest.approx(wanted, rel=0.01)
    assert made["CLKOS_CPHASE"] == made["CLKOS_DIV"] - 1


@pytest.mark.parametrize("wanted", [13.5, 27 * 4 / 3, 40.5, 54, 81, 108])
@pytest.mark.parametrize(("name", "low", "high"), [("tang-nano-9k", 400, 1200),
                                                   ("tang-nano-20k", 500, 1250)])
def test_gowin(name: str, low: float, high: float, wanted: float) -> None:
    pll, one = find_pll(board(name), wanted), board(name)
    made = settings(pll.verilog)
    assert pll.mhz == pytest.approx(
        one.clock_mhz * (made["FBDIV_SEL"] + 1) / (made["IDIV_SEL"] + 1))
    assert pll.mhz == pytest.approx(wanted)
    assert low <= pll.mhz * made["ODIV_SEL"] <= high


@pytest.mark.parametrize(("name", "wanted", "message"), [
    ("icebreaker", 5, "^no PLL of ice40-up5k makes 5 MHz out of 12 MHz$"),
    ("tang-nano-9k", 40, "40 MHz out of 27 MHz; the nearest is 40.5 MHz$"),
    ("ulx3s-85f", 1, "^no PLL of ecp5-85k makes 1 MHz out of 25 MHz"),
    ("crosslink-nx-evn", 24, "^crosslink-nx-evn runs at its oscillator's 12 MHz alone: PLLs of "
     "nexus-lifcl40 are not supported$"),
    ("tang-primer-25k", 24, "^tang-primer-25k runs at its oscillator's 50 MHz alone"),
])
def test_what_no_pll_makes(name: str, wanted: float, message: str) -> None:
    with pytest.raises(InputFault, match=message):
        find_pll(board(name), wanted)
