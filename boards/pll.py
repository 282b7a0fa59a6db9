"""A phase-locked loop that makes another clock out of a board's oscillator.

Limits are those of the data sheets: iCE40 (Lattice FPGA-TN-02052), ECP5 (FPGA-TN-02200,
FPGA-DS-02012), Gowin's rPLL (UG286, DS117, DS102).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from sw_model.faults import InputFault

from .board import Board

__all__ = ["Pll", "find_pll"]

#: What the clock may be off what was asked for.
_TOLERANCE = 0.01

#: Pins of iCE40 packages whose only way to a PLL is the pad's own.
_PADS = {("sg48", "35")}


class Pll(NamedTuple):
    """A PLL: what it makes, and the Verilog of one from wire ``clk`` to ``clock``, ``locked``."""

    mhz: float
    verilog: str


def find_pll(board: Board, clock_mhz: float) -> Pll:
    """The PLL that comes nearest to a clock.

    Raises
    ------
    InputFault
        If the device has no PLL that this project knows, or none comes within 1 %.
    """
    family = board.chip.family
    makers: dict[str, Callable[[Board, float], Iterator[Pll]]] = {
        "ice40": _ice40, "ecp5": _ecp5, "gowin": _gowin}
    if family not in makers or board.chip.variant == "gw5a":
        raise InputFault(f"{board.name} runs at its oscillator's {board.clock_mhz:g} MHz alone: "
                         f"PLLs of {board.device} are not supported")
    best = min(makers[family](board, clock_mhz), default=None,
               key=lambda pll: (abs(pll.mhz - clock_mhz), pll.verilog))
    if best is None or abs(best.mhz / clock_mhz - 1) > _TOLERANCE:
        near = f"; the nearest is {best.mhz:g} MHz" if best else ""
        raise InputFault(f"no PLL of {board.device} makes {clock_mhz:g} MHz out of "
                         f"{board.clock_mhz:g} MHz{near}")
    return best


def _ice40(board: Board, wanted: float) -> Iterator[Pll]:
    package = board.nextpnr[board.nextpnr.index("--package") + 1]
    kind, port = (("PAD", "PACKAGEPIN") if (package, board.clock.site) in _PADS
                  else ("CORE", "REFERENCECLK"))
    for divr in range(16):
        phase = board.clock_mhz / (divr + 1)
        for divq, up in product(range(1, 7), (0, 1)):
            divf = math.floor(wanted * 2 ** divq / phase) - 1 + up
            vco = phase * (divf + 1)
            mhz = vco / 2 ** divq
            if not (10 <= phase <= 133 and 0 <= divf < 128 and 533 <= vco <= 1066
                    and 16 <= mhz <= 275):
                continue
            filter = sum(phase >= limit for limit in (17, 26, 44, 66, 101)) + 1
            yield Pll(mhz, _instance(
                f"SB_PLL40_{kind}",
                {"FEEDBACK_PATH": '"SIMPLE"', "DIVR": divr, "DIVF": divf, "DIVQ": divq,
                 "FILTER_RANGE": filter},
                {port: "clk", "PLLOUTGLOBAL": "clock", "LOCK": "locked", "RESETB": "1'b1",
                 "BYPASS": "1'b0"}))


def _ecp5(board: Board, wanted: float) -> Iterator[Pll]:
    """CLKOP closes the loop, and CLKOS is the clock: it need be no multiple of the phase
    detector's."""
    for divide in range(1, 9):
        phase = board.clock_mhz / divide
        for post in range(1, 129):
            steps = round(wanted * post / phase)
            vco = phase * steps
            loop = next((loop for loop in range(1, 81)
                         if steps % loop == 0 and steps // loop <= 128 and phase * loop >= 10), 0)
            mhz = vco / post
            if phase < 3.125 or not loop or not 400 <= vco <= 800 or not 3.125 <= mhz <= 400:
                continue
            yield Pll(mhz, "  wire loop;\n" + _instance(
                "EHXPLLL",
                {"CLKI_DIV": divide, "CLKFB_DIV": loop, "CLKOP_DIV": steps // loop,
                 "CLKOP_CPHASE": steps // loop - 1, "CLKOS_DIV": post, "CLKOS_CPHASE": post - 1,
                 "FEEDBK_PATH": '"CLKOP"', "CLKOP_ENABLE": '"ENABLED"',
                 "CLKOS_ENABLE": '"ENABLED"'},
                {"CLKI": "clk", "CLKFB": "loop", "CLKOP": "loop", "CLKOS": "clock",
                 "LOCK": "locked", "RST": "1'b0", "STDBY": "1'b0", "PHASESEL0": "1'b0",
                 "PHASESEL1": "1'b0", "PHASEDIR": "1'b0", "PHASESTEP": "1'b0",
                 "PHASELOADREG": "1'b0", "PLLWAKESYNC": "1'b0", "ENCLKOP": "1'b0",
                 "ENCLKOS": "1'b0"}))


def _gowin(board: Board, wanted: float) -> Iterator[Pll]:
    die = next(word.removeprefix("family=") for word in board.nextpnr
               if word.startswith("family="))
    low, high = (500, 1250) if board.chip.variant == "gw2a" else (400, 1200)
    for divide in range(1, 65):
        phase = board.clock_mhz / divide
        times = round(wanted / phase)
        mhz = phase * times
        post = next((post for post in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
                     if low <= mhz * post <= high), None)
        if 3 <= phase <= 400 and 1 <= times <= 64 and post:
            yield Pll(mhz, _instance(
                "rPLL",
                {"FCLKIN": f'"{board.clock_mhz:g}"', "DEVICE": f'"{die}"',
                 "IDIV_SEL": divide - 1, "FBDIV_SEL": times - 1, "ODIV_SEL": post,
                 "DYN_IDIV_SEL": '"false"', "DYN_FBDIV_SEL": '"false"',
                 "DYN_ODIV_SEL": '"false"', "CLKFB_SEL": '"internal"'},
                {"CLKIN": "clk", "CLKOUT": "clock", "LOCK": "locked", "RESET": "1'b0",
                 "RESET_P": "1'b0", "CLKFB": "1'b0", "FBDSEL": "6'b0", "IDSEL": "6'b0",
                 "ODSEL": "6'b0", "PSDA": "4'b0", "DUTYDA": "4'b0", "FDLY": "4'b0"}))


def _instance(cell: str, parameters: dict[str, int | str], ports: dict[str, str]) -> str:
    given = ", ".join(f".{name}({value})" for name, value in parameters.items())
    wires = ", ".join(f".{name}({wire})" for name, wire in ports.items())
    return f"  {cell} #({given}) pll ({wires});\n"
