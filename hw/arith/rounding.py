"""Whether a number from which bits were cut off goes up; combinational."""

from __future__ import annotations

from amaranth import Const, Value

from sw_model.formats import Rounding

__all__ = ["floor_goes_up", "magnitude_goes_up"]


def magnitude_goes_up(rounding: Rounding, *, negative: Value, odd: Value, half: Value,
                      rest: Value) -> Value:
    """Whether a magnitude grows by one in its last place.

    Parameters
    ----------
    rounding : Rounding
    negative : Value
        Sign of the number.
    odd : Value
        Last bit that is kept.
    half, rest : Value
        First bit that was cut off, and whether any behind it was set.
    """
    inexact = half | rest
    match rounding:
        case Rounding.HALF_EVEN:
            return half & (rest | odd)
        case Rounding.HALF_AWAY:
            return half
        case Rounding.HALF_TOWARD_ZERO:
            return half & rest
        case Rounding.HALF_UP:
            return half & (rest | ~negative)
        case Rounding.FLOOR:
            return negative & inexact
        case Rounding.CEILING:
            return ~negative & inexact
        case Rounding.AWAY_FROM_ZERO:
            return inexact
        case Rounding.TOWARD_ZERO:
            return Const(0, 1)


def floor_goes_up(rounding: Rounding, *, negative: Value, odd: Value, half: Value, rest: Value
                  ) -> Value:
    """The same for a two's complement number whose low bits were dropped, its floor."""
    inexact = half | rest
    match rounding:
        case Rounding.HALF_EVEN:
            return half & (rest | odd)
        case Rounding.HALF_UP:
            return half
        case Rounding.HALF_AWAY:
            return half & (rest | ~negative)
        case Rounding.HALF_TOWARD_ZERO:
            return half & (rest | negative)
        case Rounding.CEILING:
            return inexact
        case Rounding.TOWARD_ZERO:
            return negative & inexact
        case Rounding.AWAY_FROM_ZERO:
            return ~negative & inexact
        case Rounding.FLOOR:
            return Const(0, 1)
