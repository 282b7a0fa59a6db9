"""A number on its way into a code: its sign, leading one and what is below it."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Module, Signal, Value

from ..arith.leading import normalise
from ..shapes import shape_between
from .unpack import Unpacked

__all__ = ["Found", "Number", "leading"]


@dataclass(frozen=True, eq=False)
class Number:
    """``(-1)**negative * significand * 2**(exponent - len(significand) + 1)``.

    Members
    -------
    negative : Value
    significand : Value
        Its top bit is set, unless the number is zero.
    exponent : Value
        Signed; that of the leading one. Means nothing for zero.
    """

    negative: Value
    significand: Value
    exponent: Value

    @property
    def zero(self) -> Value:
        return ~self.significand[-1]


@dataclass(frozen=True, eq=False)
class Found:
    """The code of a number, and whether it lies outside the range.

    Members
    -------
    code : Value
        Saturated.
    below, above : Value
        One bit: the number rounds to what is below, above all values, and is not stopped by
        a rounding towards zero.
    outside : Value
        One bit: it lies below or above, stopped or not.
    """

    code: Value
    below: Value
    above: Value
    outside: Value


def leading(m: Module, parts: Unpacked) -> Number:
    """``parts`` with their leading one on top; combinational."""
    width = len(parts.significand)
    significand, distance = normalise(m, parts.significand, name="leading")
    least = parts.lsb
    most = parts.lsb + parts.most + width - 1
    # Distances of zero mean nothing, but must not widen what follows.
    exponent = Signal(shape_between(least - 1, most), name="leading_exponent")
    m.d.comb += exponent.eq(parts.exponent - distance + (least + width - 1))
    return Number(parts.negative, significand, exponent)
