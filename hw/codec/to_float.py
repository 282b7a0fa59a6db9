"""Numbers to minifloats, and to powers of two; combinational."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed

from sw_model.formats import E8M0Format, MinifloatFormat, Rounding

from ..arith.clamp import exceeds
from ..arith.rounding import magnitude_goes_up
from ..arith.shift import shift_right
from ..shapes import shape_between
from .number import Found, Number

__all__ = ["to_minifloat", "to_scale"]


def to_minifloat(m: Module, number: Number, target: MinifloatFormat, rounding: Rounding) -> Found:
    """The code of ``number``.

    Codes ascend with magnitudes, so that a magnitude that goes up is a code that does, and
    what is too large has a code above the largest number's.
    """
    field = Signal(signed(len(number.exponent) + target.exponent + 2), name="field")
    m.d.comb += field.eq(number.exponent + target.offset)
    small = field < 1
    kept, half, rest = (_cut if target.subnormals else _flushed)(m, number, target, field)
    base = Signal(len(field) + target.mantissa, name="base")
    m.d.comb += base.eq((Mux(small, 0, field - 1) << target.mantissa) + kept)
    up = magnitude_goes_up(rounding, negative=number.negative, odd=base[0], half=half, rest=rest)
    # Without subnormals there is one step below the smallest number, of its own size.
    step = up if target.subnormals else Mux(small, up << target.mantissa, up)
    code = Signal(len(base) + 1, name="magnitude_code")
    m.d.comb += code.eq(Mux(number.zero, 0, base + step))

    largest = int(target.boundaries().codes[-1])
    large = exceeds(code, largest)
    magnitude = Mux(large, largest, code)[:target.exponent + target.mantissa]
    negative = number.negative
    beyond = large & ~_truncates(rounding, negative)
    if target.signed:
        return Found(Cat(magnitude, negative), beyond & negative, beyond & ~negative, large)
    below = negative & ~number.zero
    return Found(Mux(negative, 0, magnitude), below, beyond & ~negative, below | large)


def _truncates(rounding: Rounding, negative: Value) -> Value:
    """Whether magnitudes are rounded down, so that none is too large."""
    return {Rounding.TOWARD_ZERO: Const(1, 1), Rounding.FLOOR: ~negative,
            Rounding.CEILING: negative}.get(rounding, Const(0, 1))


def _cut(m: Module, number: Number, target: MinifloatFormat, field: Value
         ) -> tuple[Value, Value, Value]:
    """Leading one and mantissa, the first bit cut off, and whether any other is set."""
    wanted = target.mantissa + 2
    spare = max(wanted - len(number.significand), 0)
    wide = Cat(Const(0, spare), number.significand)
    most = wanted
    distance = Signal(range(most + 1), name="subnormal_distance")
    m.d.comb += distance.eq(Mux(field >= 1, 0, Mux(field <= 1 - most, most, 1 - field)))
    moved, lost = shift_right(m, wide, distance, most, name="subnormal", sticky=Const(0, 1))
    below = len(wide) - wanted
    return moved[below + 1:], moved[below], moved[:below].any() | lost


def _flushed(m: Module, number: Number, target: MinifloatFormat, field: Value
             ) -> tuple[Value, Value, Value]:
    """The same where subnormals are missing: below the smallest number half of it counts."""
    wanted = target.mantissa + 2
    wide = Cat(Const(0, max(wanted - len(number.significand), 0)), number.significand)
    below = len(wide) - wanted
    near, small = field == 0, field < 1
    half = Mux(small, near, wide[below])
    rest = Mux(small, Mux(near, wide[:-1].any(), wide.any()), wide[:below].any())
    return Mux(small, 0, wide[below + 1:]), half, rest


def to_scale(m: Module, number: Number, target: E8M0Format, rounding: Rounding) -> Found:
    """The code of ``number``; what is not positive is below the range."""
    significand = Cat(Const(0, 2), number.significand)
    reach = 1 << len(number.exponent)
    code = Signal(shape_between(127 - reach, 127 + reach), name="scale_code")
    m.d.comb += code.eq(number.exponent + 127)
    up = magnitude_goes_up(rounding, negative=Const(0, 1), odd=code[0], half=significand[-2],
                           rest=significand[:-2].any())
    low = number.negative | number.zero | (code < 0)
    rounded = code + up
    high = ~low & (rounded > 254)
    stops = rounding in (Rounding.FLOOR, Rounding.TOWARD_ZERO)
    return Found(Mux(low, 0, Mux(high, 254, rounded))[:8], low, Const(0, 1) if stops else high,
                 low | high)
