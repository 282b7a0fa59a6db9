"""The sum of two binary32 numbers, rounded to nearest even (IEEE 754-2019, 5.4.1)."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from .float32 import EXPONENT, MANTISSA, NAN_BITS, round_to_float32
from .leading import leading_zeros
from .registered import registered
from .shift import shift_left, shift_right

__all__ = ["ADD_STAGES", "add_float32"]

#: Register stages of :func:`add_float32`.
ADD_STAGES = 4

#: Places below the significand. A sum that moves back by more than one place was of numbers
#: less than two apart, and lost nothing; so the lowest place need only say whether bits were.
BELOW = 3

#: Greatest distance that is shifted: everything is then below.
FAR = 31


def add_float32(m: Module, a: Value, b: Value, *, enable: ValueLike, name: str) -> Value:
    """The bits of ``a + b``, ``ADD_STAGES`` enabled cycles later; a new pair each cycle.

    Subnormal numbers count in full, and too large sums are infinite. A sum of zero is -0 only
    if both numbers are; NaN, and infinities of both signs, give 0x7FC00000.

    The number of greater magnitude comes first, so that only the other one is moved and no
    difference is negative. Registers stand behind ordering, alignment, the sum and the move of
    its leading one; rounding has none, because callers have a place for the result.

    Parameters
    ----------
    a, b : Value
        32 bits each.
    """
    def stage(value: Value, kind: str, stages: int = 1) -> Value:
        return registered(m, value, enable=enable, name=f"{name}_{kind}", stages=stages)

    swap = Signal(name=f"{name}_swap")
    m.d.comb += swap.eq(b[:-1] > a[:-1])
    great, small = Mux(swap, _opened(b), _opened(a)), Mux(swap, _opened(a), _opened(b))
    apart = Mux(swap, _field(b) - _field(a), _field(a) - _field(b))[:EXPONENT]
    opposite, special = a[-1] ^ b[-1], _is_special(a) | _is_special(b)
    nan = _is_nan(a) | _is_nan(b) | _is_special(a) & _is_special(b) & opposite

    moved = _aligned(m, stage(small[:MANTISSA + 1], "small"), stage(apart, "apart"), name)
    subtract = stage(opposite, "opposite", 2)
    total, zeros = _total(m, stage(great[:MANTISSA + 1], "great", 2), stage(moved, "moved"),
                          subtract, name)

    # What would move beyond the lowest exponent stops there, as a subnormal number.
    field, zeros = stage(great[MANTISSA + 1:], "field", 3), stage(zeros, "zeros")
    zero, binade = zeros == len(total), field - zeros
    stops = binade < 0
    top = shift_left(m, stage(total, "total"), Mux(stops, field, zeros), len(total),
                     name=f"{name}_top")
    top = stage(top[:len(total)], "top")
    nan = stage(nan, "nan", 3)
    negative = stage(Mux(swap, b[-1], a[-1]), "great_sign", 3) & ~nan & ~(
        zero & stage(subtract, "subtract"))
    binade = Mux(stops | zero, 0, binade)[:EXPONENT] | stage(special, "special", 3).replicate(8)
    result = round_to_float32(
        m, negative=stage(negative, "sign"), binade=stage(binade, "binade"),
        significand=top[BELOW + 1:], half=top[BELOW], rest=top[:BELOW].any(), name=name)
    return result | Mux(stage(nan, "nan_last"), NAN_BITS, 0)


def _field(number: Value) -> Value:
    """The exponent field, that of subnormal numbers, of the same unit, as 1."""
    exponent = number[MANTISSA:-1]
    return Cat(exponent[0] | ~exponent.any(), exponent[1:])


def _opened(number: Value) -> Value:
    """The significand with its leading one, and above it the field."""
    return Cat(number[:MANTISSA], number[MANTISSA:-1].any(), _field(number))


def _is_special(number: Value) -> Value:
    """Whether the number is infinite or NaN."""
    return number[MANTISSA:-1].all()


def _is_nan(number: Value) -> Value:
    return _is_special(number) & number[:MANTISSA].any()


def _aligned(m: Module, significand: Value, apart: Value, name: str) -> Value:
    """``significand`` so many places down, its lowest place saying whether bits were lost."""
    width = FAR.bit_length()
    moved, lost = shift_right(
        m, Cat(Const(0, BELOW - 1), significand),
        apart[:width] | apart[width:].any().replicate(width), FAR, name=f"{name}_aligned",
        sticky=Const(0, 1))
    return Cat(lost, moved)


def _total(m: Module, great: Value, moved: Value, subtract: Value, name: str
           ) -> tuple[Value, Value]:
    """Sum or difference, one place wider, and the zeros above its leading one."""
    width = len(moved) + 1
    total = Signal(width, name=f"{name}_sum")
    # A place below the lowest makes the carry of the complement.
    wide = Cat(subtract, moved ^ subtract.replicate(width - 1), subtract)
    m.d.comb += total.eq((Cat(subtract, Const(0, BELOW), great) + wide) >> 1)
    return total, leading_zeros(m, total, name=f"{name}_zeros")
