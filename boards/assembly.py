"""A build folder's accelerator in a shell, ready to be put on a board."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sw_model.faults import InputFault
from verif.manifest import Manifest

from .board import Board, Pin, Port
from .frame import Design
from .headers import headers
from .shell.shells import SHELLS, make_shell

__all__ = ["assemble", "pins_of", "ports_of_verilog"]

#: Of the shell's top, beside its pins.
_CLOCK, _RESET = "clk", "reset"


def assemble(folder: Path, board: Board, kind: str, *, clock_mhz: float, baud: int,
             identity: int = 0) -> Design:
    """The accelerator of a build folder in a shell, with the pins of a board.

    Parameters
    ----------
    folder : Path
    board : Board
    kind : str
        Of :data:`boards.shell.shells.SHELLS`, one with pins.
    clock_mhz : float
        What the design runs at: see :func:`boards.flow.clock_of`.
    baud : int
        Of a UART.
    identity : int
        Of the build.

    Raises
    ------
    InputFault
        If the shell is none for boards, or the board lacks its pins.
    """
    if kind in SHELLS and not SHELLS[kind].pins:
        raise InputFault(f"the shell {kind} has a bus and no pins; for boards there are "
                         + ", ".join(name for name, one in SHELLS.items() if one.pins))
    shell = make_shell(folder, kind, clock_mhz=clock_mhz, baud=baud, identity=identity)
    verilog, there = folder / Manifest.load(folder).verilog, pins_of(board)
    ports = []
    for name, (width, output) in ports_of_verilog(shell.verilog, shell.top).items():
        if name in (_CLOCK, _RESET):
            continue
        pins = there.get(name, ())[:width]
        if not pins and name != "led":
            raise InputFault(f"{board.name} has no pin for {name} of the shell {kind}")
        if pins:
            ports.append(Port(name=name, pins=pins, output=output))
    images = {path.name: path.read_bytes() for path in sorted(verilog.parent.glob("*.mem"))}
    software = headers(shell.map, shell.top) if SHELLS[kind].ports else {}
    return Design(top=shell.top, verilog=shell.whole(folder), images=images, ports=tuple(ports),
                  software=software, clock=_CLOCK, reset=_RESET)


def pins_of(board: Board) -> Mapping[str, tuple[Pin, ...]]:
    """Pins of a board by the names that shells give their ports."""
    pins: dict[str, tuple[Pin, ...]] = {"led": board.leds}
    if board.uart:
        pins |= {"rx": (board.uart.rx,), "tx": (board.uart.tx,)}
    if board.spi:
        pins |= {"cs_n": (board.spi.cs,), "sck": (board.spi.clk,), "copi": (board.spi.copi,),
                 "cipo": (board.spi.cipo,)}
    return pins


def ports_of_verilog(verilog: str, top: str) -> dict[str, tuple[int, bool]]:
    """Width of each port of a module that Yosys wrote, and whether it is an output."""
    body = re.search(rf"^module {re.escape(top)}\(.*?^endmodule", verilog, re.M | re.S)
    if body is None:
        raise ValueError(f"the Verilog has no module {top}")
    return {name: (int(high or 0) + 1, direction == "output") for direction, high, name in
            re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+) *;", body[0], re.M)}
