"""Integers to Sherry's codes: of four the smallest is dropped, of the others the signs are kept."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Signal, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import FixedFormat, IntFormat

from ..shapes import vector_of
from .sherry import LANES, sherry_code
from .unpack import unpack

__all__ = ["SherryEncoder"]


class SherryEncoder(wiring.Component):
    """Combinational: four numbers to the code of their signs.

    The one of least magnitude becomes the zero, of equals the first; of the others zero counts
    as positive. What their mean magnitude is, the group's scale, is for others to sum.

    Source: Sherry, 1.25-bit ternary quantisation by 3:4 sparsity (AngelSlim).

    Parameters
    ----------
    source : IntFormat or FixedFormat

    Members
    -------
    i : ``In(vector_of(source, 4))``
    o : ``Out(unsigned(5))``

    Raises
    ------
    TypeError
        If the source is no integer or fixed point.
    """

    #: Cycles from numbers to code.
    latency = 0

    def __init__(self, source: IntFormat | FixedFormat) -> None:
        if not isinstance(source, IntFormat | FixedFormat):
            raise TypeError(f"source must be an IntFormat or FixedFormat, not {source!r}")
        self._source = source
        super().__init__({"i": In(vector_of(source, LANES)), "o": Out(unsigned(5))})

    @property
    def source(self) -> IntFormat | FixedFormat:
        return self._source

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        numbers = [unpack(self._source, self.i[lane], m, f"number_{lane}")
                   for lane in range(LANES)]
        a, b, c, d = (number.significand for number in numbers)
        # Of two equals the first is the smaller one.
        second = Signal()
        fourth = Signal()
        behind = Signal()
        m.d.comb += [second.eq(b < a), fourth.eq(d < c),
                     behind.eq(Mux(fourth, d, c) < Mux(second, b, a))]
        zeros = Cat(~behind & ~second, ~behind & second, behind & ~fourth, behind & fourth)
        m.d.comb += self.o.eq(sherry_code(zeros, [number.negative for number in numbers]))
        return m
