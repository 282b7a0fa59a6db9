"""FP6 (E3M2) in its 4+2 storage: two planes, of which every load is aligned; only wires."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats.packing import Order

__all__ = ["Fp6Packer", "Fp6Unpacker"]

#: Codes that fill whole bytes of both planes.
CODES = 4

#: Two bytes of signs and exponents, and one of mantissas.
PLANES = StructLayout({"upper": unsigned(16), "lower": unsigned(8)})


def _checked(order: object) -> Order:
    if not isinstance(order, Order):
        raise TypeError(f"order must be an Order, not {order!r}")
    return order


def _places(order: Order, width: int) -> list[int]:
    """Lowest bit of each code in a plane of ``width`` bits a code."""
    each = 8 // width
    places = range(CODES) if order is Order.LOW_FIRST else [
        k // each * each + each - 1 - k % each for k in range(CODES)]
    return [place * width for place in places]


class Fp6Unpacker(wiring.Component):
    """Combinational: four codes of both planes, and FP16 for ``2**-12`` times their values.

    The factor is the difference of the biases; as a power of two it joins the row's scale.
    Subnormals need nothing else.

    Source: ZeroQuant(4+2), FP6-centric quantisation.

    Parameters
    ----------
    order : Order
        Which end of a byte has the first code.

    Members
    -------
    i : ``In(StructLayout({"upper": 16, "lower": 8}))``
        Planes of signs and exponents, and of mantissas; the first byte in the low bits.
    o : ``Out(ArrayLayout(unsigned(6), 4))``
    halves : ``Out(ArrayLayout(unsigned(16), 4))``
    """

    #: Cycles from planes to codes.
    latency = 0

    def __init__(self, order: Order = Order.LOW_FIRST) -> None:
        self._order = _checked(order)
        super().__init__({"i": In(PLANES), "o": Out(ArrayLayout(unsigned(6), CODES)),
                          "halves": Out(ArrayLayout(unsigned(16), CODES))})

    @property
    def order(self) -> Order:
        return self._order

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        places = zip(_places(self._order, 4), _places(self._order, 2), strict=True)
        for lane, (high, low) in enumerate(places):
            code = Cat(self.i.lower.bit_select(low, 2), self.i.upper.bit_select(high, 4))
            m.d.comb += [self.o[lane].eq(code),
                         self.halves[lane].eq(Cat(Const(0, 8), code[:5], Const(0, 2), code[5]))]
        return m


class Fp6Packer(wiring.Component):
    """Combinational: four codes to both planes.

    Parameters
    ----------
    order : Order
        Which end of a byte gets the first code.

    Members
    -------
    i : ``In(ArrayLayout(unsigned(6), 4))``
    o : ``Out(StructLayout({"upper": 16, "lower": 8}))``
    """

    #: Cycles from codes to planes.
    latency = 0

    def __init__(self, order: Order = Order.LOW_FIRST) -> None:
        self._order = _checked(order)
        super().__init__({"i": In(ArrayLayout(unsigned(6), CODES)), "o": Out(PLANES)})

    @property
    def order(self) -> Order:
        return self._order

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        places = zip(_places(self._order, 4), _places(self._order, 2), strict=True)
        for lane, (high, low) in enumerate(places):
            code = Value.cast(self.i[lane])
            m.d.comb += [self.o.upper.bit_select(high, 4).eq(code[2:]),
                         self.o.lower.bit_select(low, 2).eq(code[:2])]
        return m
