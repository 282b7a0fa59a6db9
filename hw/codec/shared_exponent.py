"""Blocks that share a power of two: the exponent of a block, and the codes of its elements."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, TypeVar

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import FixedFormat, IntFormat, MinifloatFormat, Rounding
from sw_model.formats.blocks import BFPFormat, MXFormat, ScaleRule

from ..arith.clamp import exceeds
from ..arith.leading import leading_zeros
from ..arith.registered import registered
from ..arith.rounding import magnitude_goes_up
from ..rescale.lane_unit import Lane
from ..shapes import shape_between, shape_of
from .block_scale import Peak
from .magnitude import magnitude_of
from .move_up import move_up
from .number import Number
from .to_float import to_minifloat

__all__ = ["ExponentLane", "ExponentPeak", "ExponentScale", "SharedExponent"]

#: Bits of a number over its scale, up to which floats move with their block.
FEW = 8

Bits = TypeVar("Bits", int, Value)


@dataclass(frozen=True)
class SharedExponent:
    """A quantiser's numbers on their way: where leading ones lie, and how far they move.

    Parameters
    ----------
    source : IntFormat or FixedFormat
    form : MXFormat or BFPFormat
    """

    source: IntFormat | FixedFormat
    form: MXFormat | BFPFormat

    @property
    def largest(self) -> int:
        """Largest magnitude of the source."""
        return max(-self.source.min, self.source.max)

    @property
    def mark_bits(self) -> int:
        """Bits of :meth:`marked`."""
        return self.marked(self.largest).bit_length()

    @property
    def unbounded(self) -> int:
        """The exponent that goes with the top bit of a mark, were E8M0 large enough."""
        greatest = math.frexp(self.form.largest)[1] - 1
        return self.source.lsb + self.mark_bits - 1 - greatest

    @property
    def highest(self) -> int:
        """The greatest exponent that a block gets."""
        return min(max(self.unbounded, -127), 127)

    @property
    def most(self) -> int:
        """By how much the exponents of blocks that are not zero differ at most."""
        lowest = self.unbounded - self.mark_bits + 1
        return self.highest - min(max(lowest, -127), 127)

    @property
    def by_three(self) -> bool:
        """Whether elements are 3/4 of the values, that is three times them, two bits lower."""
        return self.form.rule is ScaleRule.FPQUANT

    def marked(self, magnitude: Bits) -> Bits:
        """A number whose leading one is where the rule finds that of ``magnitude``.

        The leading one of several marks, one OR the other, is that of the largest.
        """
        if self.form.rule is ScaleRule.CEIL:
            # Bits with any other below them: the top one, unless it stands alone.
            return magnitude | (magnitude & (magnitude - 1)) << 1
        if self.form.rule is ScaleRule.RNE:
            # It carries where all bits that are kept and the half are ones.
            element = self.form.element
            ones = 2 + (element.mantissa if isinstance(element, MinifloatFormat)
                        else element.width - 2)
            return magnitude | reduce(and_, (magnitude >> k for k in range(ones))) << ones
        return magnitude


class ExponentPeak(Peak):
    """All marks of a word, one OR the other.

    Parameters
    ----------
    plan : SharedExponent
    lanes : int
    """

    latency = 1

    def __init__(self, plan: SharedExponent, lanes: int) -> None:
        self._plan, self._lanes = plan, lanes
        super().__init__(magnitude_of(plan.source), lanes, unsigned(plan.mark_bits))

    @staticmethod
    def join(one: Value, other: Value) -> Value:
        return one | other

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        marks = reduce(or_, (self._plan.marked(self.i[lane].magnitude)
                             for lane in range(self._lanes)))
        m.d.comb += self.o.eq(registered(m, marks[:len(self.o)], enable=self.enable,
                                         name="marks"))
        return m


class ExponentScale(Lane):
    """From the marks of a block to its scale, and how far its elements move up.

    Parameters
    ----------
    plan : SharedExponent
    """

    latency = 2

    def __init__(self, plan: SharedExponent) -> None:
        self._plan = plan
        super().__init__(unsigned(plan.mark_bits),
                         StructLayout({"scale": unsigned(8), "elements": _elements(plan)}), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        plan = self._plan

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        zeros = stage(leading_zeros(m, self.i, name="marks"), "zeros")
        empty = stage(~self.i.any(), "empty")
        # Above the greatest exponent, and below the least, elements do not move any more.
        above = plan.unbounded - plan.highest
        distance = zeros if above <= 0 else Mux(zeros > above, zeros - above, 0)
        if plan.most < plan.mark_bits - 1 - max(above, 0):
            distance = Mux(distance > plan.most, plan.most, distance)
        scale = Mux(empty, 0, plan.highest + 127 - distance)
        m.d.comb += [self.o.scale.eq(stage(scale[:8], "scale")),
                     self.o.elements.distance.eq(stage(distance, "distance"))]
        return m


def _elements(plan: SharedExponent) -> StructLayout:
    return StructLayout({"distance": unsigned(plan.most.bit_length())})


class ExponentLane(Lane):
    """An element to its code: over its block's scale, then rounded half to even.

    Registers stand behind three times the number, where that is needed; behind the shifter,
    which moves numbers as far as the block says, or until their leading one is on top where
    elements have too large a range; and behind the code.

    Parameters
    ----------
    plan : SharedExponent
    """

    def __init__(self, plan: SharedExponent) -> None:
        self._plan, self._element = plan, plan.form.element
        self.latency = 2 + plan.by_three
        super().__init__(magnitude_of(plan.source), shape_of(self._element), _elements(plan))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        number, negative = self.i.magnitude, self.i.negative
        distance = self.parameters.distance
        if self._plan.by_three:
            number = self._stage(m, number + (number << 1), "three")
            negative = self._stage(m, negative, "negative_three")
            distance = self._stage(m, distance, "distance_three")
        build = self._float if isinstance(self._element, MinifloatFormat) else self._integer
        m.d.comb += self.o.eq(self._stage(m, build(m, number, negative, distance), "code"))
        return m

    def _stage(self, m: Module, value: Value, name: str) -> Value:
        return registered(m, value, enable=self.enable, name=name)

    @property
    def _lsb(self) -> int:
        """Exponent of the lowest bit of a number that does not move, over its block's scale."""
        return self._plan.source.lsb - self._plan.highest - 2 * self._plan.by_three

    @property
    def _bits(self) -> int:
        """Bits of numbers that have moved: the leading one of a block does not pass that of
        the largest number."""
        plan = self._plan
        return max(plan.largest.bit_length(), plan.mark_bits) + 2 * plan.by_three

    @property
    def _keep(self) -> int:
        """Bits of such a number down to the one below half of an element's smallest step."""
        return min(max(self._bits - (self._element.lsb - 2 - self._lsb), 1), self._bits)

    def _moved(self, m: Module, number: Value, distance: Value) -> Value:
        """The number moved with its block, in a register."""
        wide = Cat(number, Const(0, self._bits))[:self._bits]
        moved, _ = move_up(m, wide, distance, self._plan.most, self._keep, name="block")
        return self._stage(m, moved, "moved")

    def _float(self, m: Module, number: Value, negative: Value, distance: Value) -> Value:
        def stage(value: Value, name: str) -> Value:
            return value if few else self._stage(m, value, name)

        few, lsb = self._keep <= FEW, self._lsb
        if few:
            number, distance = self._moved(m, number, distance), Const(0, 1)
            negative, lsb = self._stage(m, negative, "negative"), lsb + self._bits - self._keep
        # Its leading one, mantissa, the first bit that is cut off, and all others.
        keep = min(self._element.mantissa + 3, len(number))
        significand, zeros = move_up(m, number, None, len(number) - 1, keep, name="leading")
        exponent = Signal(shape_between(lsb - 1, self._lsb + self._bits), name="leading_exponent")
        m.d.comb += exponent.eq(distance - zeros + (lsb + len(number) - 1))
        found = Number(stage(negative, "negative_leading"), stage(significand, "significand"),
                       stage(exponent, "exponent"))
        return to_minifloat(m, found, self._element, Rounding.HALF_EVEN).code

    def _integer(self, m: Module, number: Value, negative: Value, distance: Value) -> Value:
        element = self._element
        moved = self._moved(m, number, distance)
        negative = self._stage(m, negative, "negative")
        below = element.lsb - (self._lsb + self._bits - self._keep)
        if below <= 0:
            # Further, all that is not zero is too large already.
            rounded = moved << min(-below, element.width)
        else:
            below = min(below, len(moved) + 2)
            wide = Cat(moved, Const(0, below))
            up = magnitude_goes_up(Rounding.HALF_EVEN, negative=negative, odd=wide[below],
                                   half=wide[below - 1], rest=wide[:below - 1].any())
            rounded = wide[below:] + up
        low = -element.max if self._plan.form.symmetric else element.min
        magnitude = Mux(Mux(negative, exceeds(rounded, -low), exceeds(rounded, element.max)),
                        Mux(negative, -low, element.max), rounded)
        return Mux(negative, -magnitude, magnitude)[:element.width]
