"""Integers times powers of two, rounded once to binary32."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from ..shapes import shape_between
from .clamp import clamp
from .float32 import MANTISSA, round_to_float32
from .leading import leading_zeros
from .registered import registered
from .shift import shift_left, shift_right

__all__ = ["CONVERSION_STAGES", "to_float32"]

#: Register stages of :func:`to_float32`.
CONVERSION_STAGES = 4

#: Exponent of the lowest binade, that of subnormal numbers too (IEEE 754-2019, table 3.5).
LOWEST = -126

#: Bits of a significand, and the one below that a tie hangs on.
KEPT = MANTISSA + 2

#: Greatest distance that a subnormal number is moved: all of it is then below half a unit.
FAR = 31


def to_float32(m: Module, integer: Value, exponent: Value, low: int, high: int, *, lsb: int = 0,
               enable: ValueLike, name: str) -> Value:
    """The bits of ``integer * 2**(exponent + lsb)``, half to even, ``CONVERSION_STAGES`` enabled
    cycles later; a new number each cycle.

    Subnormal results are rounded as such, once; too large ones are infinite. Zero is +0, and a
    negative number that rounds to zero -0. Registers stand behind the magnitude, the count of
    its zeros, its move to the top and, if exponents reach below the normal numbers, that of
    subnormal ones down; rounding has none, because callers have a place for the result.

    Parameters
    ----------
    integer : Value
        Of any width, signed or not.
    exponent : Value
    low, high : int
        Range of the exponents.
    lsb : int
        Exponent of the integers' grid.
    """
    def stage(value: Value, kind: str, stages: int = 1) -> Value:
        return registered(m, value, enable=enable, name=f"{name}_{kind}", stages=stages)

    minus = integer[-1] if integer.shape().signed else Const(0, 1)
    magnitude = stage(Mux(minus, -integer, integer)[:len(integer)], "magnitude")
    width = len(magnitude)
    zeros = stage(leading_zeros(m, magnitude, name=f"{name}_zeros"), "zeros")
    # Counted from the lowest: negative ones are subnormal.
    offset = lsb + width - 1 - LOWEST
    highest = Signal(shape_between(low + offset, high + offset), name=f"{name}_highest")
    m.d.comb += highest.eq(exponent + offset)
    highest = stage(highest, "exponent", 2)

    top = shift_left(m, stage(magnitude, "held"), zeros, width, name=f"{name}_moved")[:width]
    top = stage(Cat(Const(0, max(0, KEPT - width)), top), "top")
    binade = stage(highest - zeros, "binade")
    kept, lost = top[-KEPT:], top[:-KEPT].any()
    if low + lsb < LOWEST:
        distance = Signal(range(FAR + 1), name=f"{name}_distance")
        m.d.comb += distance.eq(clamp(stage(zeros - highest, "below"), 0, FAR))
        kept, lost = shift_right(m, kept, distance, FAR, name=f"{name}_small", sticky=lost)
    kept = stage(kept, "kept")
    field = Signal(8, name=f"{name}_clamped")
    m.d.comb += field.eq(Mux(stage(zeros == width, "zero"), 0, clamp(binade, 0, 255)))
    return round_to_float32(
        m, negative=stage(minus, "minus", CONVERSION_STAGES), binade=stage(field, "field"),
        significand=kept[1:], half=kept[0], rest=stage(lost, "lost"), name=name)
