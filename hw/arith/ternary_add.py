"""A number plus or minus another, or itself: the step of every ternary sum."""

from __future__ import annotations

from typing import Any

from amaranth import Instance, Module, Mux, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..unique import Library

__all__ = ["PRIMITIVES", "TernaryAdd"]

#: Forms of the adder: for any family, and of carry cells of ECP5 alone.
PRIMITIVES = ("any", "ecp5")


class TernaryAdd(wiring.Component):
    """``sum = q + w * x`` modulo ``2**width``, for ``w`` of 0, 1 and -1; combinational.

    On ECP5 the multiplication is free: ``width / 2 + 1`` CCU2C cells and nothing else, as a
    CCU2C's table has two inputs left beside those of its adder. The portable form takes a
    look-up table for each bit of ``x`` more.

    The pattern ``10`` of ``w``, no code of the format, gives ``q`` in the portable form and has
    no meaning in the other.

    Parameters
    ----------
    width : int
    primitive : str
        One of :data:`PRIMITIVES`. Simulators get the portable form of either.

    Members
    -------
    q, x : ``In(width)``
    w : ``In(2)``
        Code of a ternary format: its two's complement.
    sum : ``Out(width)``
    """

    def __init__(self, width: int, primitive: str = "any") -> None:
        self._width = as_index("width", width)
        if self._width < 1:
            raise ValueError(f"width must be at least 1, not {width}")
        if primitive not in PRIMITIVES:
            raise ValueError(f"primitive must be one of {', '.join(PRIMITIVES)}, "
                             f"not {primitive!r}")
        self._primitive = primitive
        super().__init__({"q": In(unsigned(width)), "x": In(unsigned(width)), "w": In(2),
                          "sum": Out(unsigned(width))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if not isinstance(platform, Library):
            # Amaranth's own simulator reads no Verilog.
            chosen = Mux(self.w[0], self.x, 0) ^ self.w[1].replicate(self._width)
            m.d.comb += self.sum.eq(self.q + chosen + self.w[1])
            return m
        m.submodules.leaf = Instance(
            "gatemill_ternary_add", p_WIDTH=self._width, p_ECP5=int(self._primitive == "ecp5"),
            i_q=self.q, i_x=self.x, i_w=self.w, o_sum=self.sum)
        return m
