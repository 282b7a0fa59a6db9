"""Scaled numbers to OliVe's pairs: an outlier takes the place of its neighbour."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import FixedFormat, IntFormat, Rounding
from sw_model.formats.blocks.olive import Clash, OliveFormat
from sw_model.formats.blocks.olive_codes import Normal

from ..arith.clamp import exceeds
from ..shapes import vector_of
from .to_integer import to_integer
from .to_list import between
from .unpack import Unpacked, unpack

__all__ = ["OliveEncoder"]


class OliveEncoder(wiring.Component):
    """Combinational: two scaled numbers to the codes of a pair, packed by a BlockPacker.

    Gives what ``format_.encode(source.decode(i), scale=1)`` does: a magnitude beyond the
    threshold is an outlier and its neighbour the victim; of two, that of larger magnitude or
    the first stays. Numbers go to the nearest of their kind, halves up; beyond the last of a
    kind, to the last.

    Source: OliVe, ISCA 2023.

    Parameters
    ----------
    format_ : OliveFormat
    source : IntFormat or FixedFormat
        Of the numbers, already divided by the tensor's scale.

    Members
    -------
    i : ``In(vector_of(source, 2))``
    o : ``Out(ArrayLayout(unsigned(...), 2))``
        Codes of four bits, for int8 of eight.
    outlier : ``Out(2)``
        Which of them is one, if any.

    Raises
    ------
    TypeError
        If the format is not OliVe's, or the source is no integer or fixed point.
    """

    #: Cycles from numbers to codes.
    latency = 0

    def __init__(self, format_: OliveFormat, source: IntFormat | FixedFormat) -> None:
        if not isinstance(format_, OliveFormat):
            raise TypeError(f"format_ must be an OliveFormat, not {format_!r}")
        if not isinstance(source, IntFormat | FixedFormat):
            raise TypeError(f"source must be an IntFormat or FixedFormat, not {source!r}")
        self._format, self._source = format_, source
        super().__init__({"i": In(vector_of(source, 2)),
                          "o": Out(ArrayLayout(unsigned(format_.normal.width), 2)),
                          "outlier": Out(2)})

    @property
    def format(self) -> OliveFormat:
        return self._format

    @property
    def source(self) -> IntFormat | FixedFormat:
        return self._source

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        form = self._format
        numbers = [unpack(self._source, self.i[lane], m, f"number_{lane}") for lane in range(2)]
        first, second = (exceeds(number.significand, self._ticks(form.normal.threshold).__floor__())
                         for number in numbers)
        larger = numbers[0].significand < numbers[1].significand
        second_stays = second & larger if form.clash is Clash.LARGER else second & ~first
        m.d.comb += self.outlier.eq(Cat(first & ~(second & second_stays),
                                        second & ~(first & ~second_stays)))
        for lane, number in enumerate(numbers):
            code = Mux(self.outlier[lane], self._outlier(m, number, f"doubled_{lane}"),
                       self._normal(m, self.i[lane], number, f"normal_{lane}"))
            m.d.comb += self.o[lane].eq(Mux(self.outlier[1 - lane], form.identifier, code))
        return m

    def _ticks(self, value: Fraction | int) -> Fraction:
        """``value`` on the source's grid."""
        return Fraction(value) / Fraction(2) ** self._source.lsb

    def _normal(self, m: Module, code: Value, number: Unpacked, name: str) -> Value:
        """The nearest of the values that are no outliers."""
        form = self._format
        if form.normal is Normal.FLINT4:
            table = form.tables
            values = table.normal_integers << table.normal_exponents
            return self._sign_and_magnitude(m, number, values, table.normal_codes, name)
        width = form.normal.width
        whole = Signal(unsigned(width), name=name)
        m.d.comb += whole.eq(to_integer(m, code, self._source.lsb, IntFormat(width),
                                        Rounding.HALF_UP).code)
        # The most negative integer is none of them.
        return Mux(whole == form.identifier, form.identifier + 1, whole)

    def _outlier(self, m: Module, number: Unpacked, name: str) -> Value:
        """The nearest abfloat."""
        table = self._format.tables
        values = table.outlier_integers << table.outlier_exponents
        return self._sign_and_magnitude(m, number, values, table.outlier_codes, name)

    def _sign_and_magnitude(self, m: Module, number: Unpacked, values: Any, codes: Any, name: str
                            ) -> Value:
        """The code nearest to ``number``, of ``codes`` with these ``values``; halves go up."""
        positive = [int(code) for code in codes if not int(code) & self._format.identifier]
        middles = [self._ticks(Fraction(int(values[low] + values[high]), 2))
                   for low, high in pairwise(positive)]
        # Twice the magnitude, and half a step more for what goes away from zero at a tie.
        doubled = Signal(len(number.significand) + 1, name=name)
        m.d.comb += doubled.eq(Cat(~number.negative, number.significand))
        limits = [Fraction(2 * middle.__ceil__() + (middle.denominator == 1))
                  for middle in middles]
        magnitude = Signal(self._format.normal.width - 1, name=f"{name}_magnitude")
        m.d.comb += magnitude.eq(between(doubled, limits, positive, len(magnitude)))
        return Cat(magnitude, number.negative & magnitude.any())
