"""Scaled numbers to BitMoD's codes, once a group's special value is chosen."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from amaranth import Array, Module, Signal, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import FixedFormat, IntFormat
from sw_model.formats.blocks.bitmod import code_values

from ..shapes import shape_of
from .bitmod import checked_width
from .to_list import between

__all__ = ["BitModEncoder"]


class BitModEncoder(wiring.Component):
    """Combinational: a scaled number and its group's selector to the nearest code.

    Halfway, that of the lower value; beyond the outermost, that. Gives what
    :func:`sw_model.formats.blocks.bitmod.nearest_codes` does.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025.

    Parameters
    ----------
    width : int
        Of the codes, 3 or 4.
    source : IntFormat or FixedFormat
        Of the numbers, already divided by the group's scale.

    Members
    -------
    i : ``In(StructLayout({"value": shape_of(source), "special": 2}))``
        The selector as :data:`sw_model.formats.blocks.bitmod.SPECIALS` numbers the values.
    o : ``Out(unsigned(width))``

    Raises
    ------
    TypeError, ValueError
        If there are no such codes, or the source is no integer or fixed point.
    """

    #: Cycles from number to code.
    latency = 0

    def __init__(self, width: int, source: IntFormat | FixedFormat) -> None:
        self._width = checked_width(width)
        if not isinstance(source, IntFormat | FixedFormat):
            raise TypeError(f"source must be an IntFormat or FixedFormat, not {source!r}")
        self._source = source
        super().__init__({"i": In(StructLayout({"value": shape_of(source), "special": 2})),
                          "o": Out(unsigned(self._width))})

    @property
    def width(self) -> int:
        return self._width

    @property
    def source(self) -> IntFormat | FixedFormat:
        return self._source

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        unit, found = Fraction(2) ** self._source.lsb, []
        for special, table in enumerate(code_values(self._width).tolist()):
            order = sorted(range(len(table)), key=table.__getitem__)
            middles = [(Fraction(table[low]) + Fraction(table[high])) / 2 / unit
                       for low, high in pairwise(order)]
            # The least integer that goes up is the one behind the middle.
            limits = [Fraction(middle.__floor__() + 1) for middle in middles]
            code = Signal(self._width, name=f"nearest_{special}")
            m.d.comb += code.eq(between(self.i.value, limits, order, self._width))
            found.append(code)
        m.d.comb += self.o.eq(Array(found)[self.i.special])
        return m
