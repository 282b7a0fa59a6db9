"""What stands between a board's pins and a design: the clock, the reset, inverted pins."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from .board import Board, Pin, Port
from .pll import Pll

__all__ = ["Design", "Frame", "frame"]

#: Of the module with the pins.
_NAME = "gatemill_board"


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """A design that is to be put on a board.

    Parameters
    ----------
    top : str
        Its top module.
    verilog : str
        All its modules.
    images : mapping of str to bytes
        The memory images that the Verilog names.
    ports : tuple of Port
        Every port of the top but clock and reset. An output may have more bits than pins.
    software : mapping of str to str
        Files for whoever speaks to it, by name.
    clock, reset : str
        The top's ports for the clock, and for a reset that is high while a button is pressed
        or the clock is not there yet; of no particular clock domain.
    """

    top: str
    verilog: str
    images: dict[str, bytes]
    ports: tuple[Port, ...]
    software: dict[str, str] = {}
    clock: str = "clk"
    reset: str = "reset"


class Frame(NamedTuple):
    """The module with the pins: its name, its Verilog, and its pins by port, each of one bit."""

    top: str
    verilog: str
    pins: dict[str, Pin]
    clock: str


def frame(design: Design, board: Board, pll: Pll | None = None) -> Frame:
    """The module round ``design`` whose ports are the pins of ``board``.

    ``pll`` makes the design's clock out of the oscillator's; without one they are the same.
    """
    pins = {"clk": board.clock}
    directions = {"clk": "input"}
    lines = [f"  wire clock, locked;\n{pll.verilog}" if pll else
             "  wire clock = clk, locked = 1'b1;\n"]
    pressed = "1'b0"
    if board.reset is not None:
        pins["button"], directions["button"] = board.reset, "input"
        pressed = f"{'~' * board.reset.inverted}button"
    wires = [f".{design.clock}(clock)", f".{design.reset}(~locked | {pressed})"]
    for port in design.ports:
        bits = [f"pin_{port.name}_{k}" for k in range(len(port.pins))]
        pins |= zip(bits, port.pins, strict=True)
        directions |= dict.fromkeys(bits, "output" if port.output else "input")
        wire = f"wire_{port.name}"
        lines.append(f"  wire [{len(bits) - 1}:0] {wire};\n")
        for k, (bit, pin) in enumerate(zip(bits, port.pins, strict=True)):
            invert = "~" * pin.inverted
            lines.append(f"  assign {bit} = {invert}{wire}[{k}];\n" if port.output else
                         f"  assign {wire}[{k}] = {invert}{bit};\n")
        wires.append(f".{port.name}({wire})")
    ports = ", ".join(f"{direction} {name}" for name, direction in directions.items())
    text = "".join([f"module {_NAME}({ports});\n", *lines,
                    f"  {design.top} design ({', '.join(wires)});\n", "endmodule\n"])
    return Frame(_NAME, text, pins, "clk")
