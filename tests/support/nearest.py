"""Encoding by its definition, in Python's fractions: slow and plain."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction

from sw_model.formats import Rounding

__all__ = ["nearest"]


def nearest(real: float, values: Sequence[float], rounding: Rounding,
            even: Callable[[int], int]) -> int:
    """The place in ascending ``values`` of what ``real`` is rounded to; ends saturate.

    ``even(low)`` says, of places ``low`` and ``low + 1``, which one takes a tie.
    """
    exact = Fraction(real)
    if exact <= values[0]:
        return 0
    if exact >= values[-1]:
        return len(values) - 1
    low = bisect_right(values, exact) - 1
    if values[low] == exact:
        return low
    high = low + 1
    # Zero itself, where it has no code, lies neither inward nor outward: it goes down.
    inner = high if exact < 0 else low
    outer = high if exact > 0 else low
    directed = {Rounding.FLOOR: low, Rounding.CEILING: high, Rounding.TOWARD_ZERO: inner,
                Rounding.AWAY_FROM_ZERO: outer}
    if rounding in directed:
        return directed[rounding]
    down, up = exact - Fraction(values[low]), Fraction(values[high]) - exact
    if down != up:
        return low if down < up else high
    return {Rounding.HALF_EVEN: even(low), Rounding.HALF_UP: high, Rounding.HALF_AWAY: outer,
            Rounding.HALF_TOWARD_ZERO: inner}[rounding]
