"""Numbers to posits; combinational."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

from sw_model.formats import PositFormat, Rounding

from ..arith.rounding import magnitude_goes_up
from ..arith.shift import shift_right
from .number import Found, Number

__all__ = ["to_posit"]


def to_posit(m: Module, number: Number, target: PositFormat, rounding: Rounding) -> Found:
    """The code of ``number``, rounded to nearest even in the bit string.

    The string is regime, exponent and fraction: it begins as ``10`` or ``01`` and is shifted
    right, its first bit repeated, once for each step of the regime.
    """
    bits = target.width - 1
    most = (target.width - 2) << target.exponent
    power = number.exponent
    fraction = number.significand[:-1]
    large = (power > most) | ((power == most) & fraction.any())
    tiny, huge = power < -most, power >= most

    kept = Mux(tiny | huge, 0, power)
    limited = Signal(power.shape(), name="limited_exponent")
    m.d.comb += limited.eq(kept)
    regime = limited >> target.exponent
    rising = limited >= 0
    string = Cat(fraction, limited[:target.exponent] if target.exponent else Const(0, 0),
                 ~rising, rising)
    spare = max(bits + 1 - len(string), 0)
    string = Cat(Const(0, spare), string).as_signed()
    distance = Signal(range(target.width), name="regime_distance")
    m.d.comb += distance.eq(Mux(rising, regime, -regime - 1))
    moved, lost = shift_right(m, string, distance, target.width - 1, name="regime",
                              sticky=Const(0, 1))
    cut = len(string) - bits
    # The repeated bit is a sign here; the string itself is a positive number.
    code = moved[cut:]
    up = magnitude_goes_up(rounding, negative=Const(0, 1), odd=code[0], half=moved[cut - 1],
                           rest=moved[:cut - 1].any() | lost)
    nearest = Signal(bits, name="nearest")
    m.d.comb += nearest.eq(_bounded(code.as_unsigned() + up, bits))
    magnitude = Mux(number.zero, 0, Mux(huge, (1 << bits) - 1, Mux(tiny, 1, nearest)))
    code = Signal(target.width, name="posit")
    m.d.comb += code.eq(Mux(number.negative, -magnitude, magnitude))
    # What is beyond the largest is the largest.
    return Found(code, Const(0, 1), Const(0, 1), large & ~number.zero)


def _bounded(value: Value, bits: int) -> Value:
    """At least the smallest and at most the largest positive posit."""
    return Mux(value[bits], (1 << bits) - 1, Mux(value == 0, 1, value))
