"""Rounding and overflow by their definitions, in Python's fractions: slow and plain."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from sw_model.formats import Overflow, Rounding

__all__ = ["encoded", "into", "rounded"]


def rounded(value: Fraction, rounding: Rounding) -> int:
    """``value`` as an integer."""
    down, up = math.floor(value), math.ceil(value)
    inner, outer = (down, up) if value >= 0 else (up, down)
    directed = {Rounding.FLOOR: down, Rounding.CEILING: up, Rounding.TOWARD_ZERO: inner,
                Rounding.AWAY_FROM_ZERO: outer}
    if rounding in directed:
        return directed[rounding]
    if value - down != up - value:
        return down if value - down < up - value else up
    ties = {Rounding.HALF_EVEN: down if down % 2 == 0 else up, Rounding.HALF_AWAY: outer,
            Rounding.HALF_UP: up, Rounding.HALF_TOWARD_ZERO: inner}
    return ties[rounding]


def into(whole: int, low: int, high: int, overflow: Overflow) -> int | None:
    """``whole`` within the limits; None for an error."""
    if low <= whole <= high:
        return whole
    if overflow is Overflow.SATURATE:
        return low if whole < low else high
    return (whole - low) % (high - low + 1) + low if overflow is Overflow.WRAP else None


def encoded(values: Iterable[float | Fraction], lsb: int, low: int, high: int,
            rounding: Rounding, overflow: Overflow) -> list[int | None]:
    """Integers from ``low`` to ``high`` on the grid of ``2**lsb``; None for an error."""
    step = Fraction(2) ** lsb
    return [into(rounded(Fraction(value) / step, rounding), low, high, overflow)
            for value in values]
