"""The smallest multiplier for a staircase that rounds ties to even.

Where scales are powers of two, or nearly so, every other accumulator can be a tie; ties to even
then step alternately early and late, which no multiply-add-shift does. The exact form is
``round_half_even(x*M / 2**S) + zero_point``: it reaches level k (counted from the zero
point) exactly if ``2*x*M >= (2*k - 1 << S) + (k odd)``. For a given S each step of the
staircase bounds M from both sides; a form at S is one at S + 1, with M doubled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .multiply_add_shift import BOUND, MAX_SHIFT, Bounds, constraints, orientation
from .staircase import Staircase

__all__ = ["fit_half_even", "round_half_even"]

Ints = NDArray[np.int64]


def fit_half_even(stair: Staircase, low: int, high: int, zero_point: int
                  ) -> tuple[Ints, int] | None:
    """(M, S) such that rounding to even, clamped to [low, high], equals ``stair``, or None.

    The smallest S, then the smallest ``|M|``; one M for all lanes if there is one, else one
    for each.

    Parameters
    ----------
    stair : Staircase
    low, high : int
        The clamp, at or beyond the staircase's least and greatest value.
    zero_point : int
        The value that x = 0 gives.
    """
    slope, alike = orientation(stair)
    if slope is None:
        return None
    below, above = constraints(stair, slope, low, high, 1)
    for together in (True, False) if alike and len(slope) > 1 else (alike,):
        last = _last_shift(below, above, zero_point)
        if _interval(below, above, zero_point, last, together=together) is None:
            continue
        shift = next(s for s in range(last + 1)
                     if _interval(below, above, zero_point, s, together=together) is not None)
        found = _interval(below, above, zero_point, shift, together=together)
        assert found is not None
        return found * (slope[:1] if together else slope), shift
    return None


def round_half_even(product: Ints, shift: int) -> Ints:
    """``product / 2**shift``, rounded to the nearest integer, ties to even.

    >>> round_half_even(np.array([-6, -2, 2, 6, 7]), 2)
    array([-2,  0,  0,  2,  2])
    """
    up = (2 * product + (1 << shift)) >> (shift + 1)
    return up - ((up << shift) - product << 1 == 1 << shift) * (up & 1)


def _last_shift(below: Bounds, above: Bounds, zero_point: int) -> int:
    levels = max(int(np.abs(b.k - zero_point).max(initial=1)) for b in (below, above))
    return min(MAX_SHIFT, (BOUND // (2 * levels + 1)).bit_length() - 1)


def _interval(below: Bounds, above: Bounds, zero_point: int, shift: int, *, together: bool
              ) -> Ints | None:
    """The smallest M that is not negative, for each lane or for all ``together``, or None."""
    least = np.zeros(below.x.shape[1], np.int64)
    largest = max(int(np.abs(b.x).max(initial=1)) for b in (below, above))
    most = np.full_like(least, BOUND // (2 * max(largest, 1)))
    for bounds, sign in ((below, 1), (above, -1)):
        # Both kinds as x*M >= y: an upper bound is a lower one of -x.
        x, level = 2 * sign * bounds.x[0], bounds.k[0] - zero_point
        reached = ((2 * level - 1) << shift) + (level & 1)
        y = reached if sign > 0 else 1 - reached
        on = bounds.on[0]
        if (on & (x == 0) & (y > 0)).any():
            return None
        divisor = np.where(x == 0, 1, x)
        up, down = -(-y // divisor), y // divisor
        least = np.maximum(least, np.where(on & (x > 0), up, 0).max(axis=1, initial=0))
        most = np.minimum(most, np.where(on & (x < 0), down, BOUND).min(axis=1, initial=BOUND))
    if together:
        least, most = least.max(keepdims=True), most.min(keepdims=True)
    return least if (least <= most).all() else None
