"""The smallest exact multiply-add-shift for a staircase.

``clamp((x*M + B) >> S)`` equals a rising staircase f on [low, high] exactly if, for every
level k that f steps up to at t_k,

    t_k*M + B >= k << S    and    (t_k - 1)*M + B < k << S,

and if it neither undercuts f at ``low`` nor exceeds it at ``high`` (unless the clamp
catches that). For a given S these are linear constraints on (M, B): a convex polygon. The
room for B,

    gap(M) = min_k((k << S) - 1 - (t_k - 1)*M) - max_k((k << S) - t_k*M),

is concave in M. Bisection on its slope finds an M with room, or proves that there is none;
bisection below that finds the smallest. A form at S is one at S + 1 (with M and B doubled), so that
bisection finds the smallest S too. A falling staircase is the rising one of -x; two offsets
chosen by the sign of x split the constraints by that sign, with one M.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .staircase import Staircase

__all__ = ["BOUND", "MAX_SHIFT", "Bounds", "Line", "constraints", "fit_line", "orientation"]

Ints = NDArray[np.int64]

#: Largest shift that is tried: wider multipliers than this makes are no longer small.
MAX_SHIFT = 46
#: Bound of ``|k << S|`` and of ``|x*M|``: their sums and differences stay in int64.
BOUND = 2**60
#: Stands for a constraint that is not there; beyond every real one.
FREE = 2 * BOUND


@dataclass(frozen=True)
class Line:
    """``(x*multiplier + offset) >> shift``, the same for all lanes or one for each.

    Parameters
    ----------
    multiplier : int64, shape (1 or lanes,)
    offset : int64, shape (1 or lanes, 1 or 2)
        The last column for negative x, the first for all others.
    shift : int
    """

    multiplier: Ints
    offset: Ints
    shift: int


@dataclass(frozen=True)
class Bounds:
    """Positions at which a form must have reached level k (or must not yet have).

    For a line, constraints ``x*M + B >= k << S`` (or ``< k << S``). Arrays of shape (lines,
    offsets, count): one M for each line, one B for each of its offsets. Where ``on`` is false
    there is no constraint (and x and k are 0).
    """

    x: Ints
    k: Ints
    on: NDArray[np.bool_]

    def regroup(self, lines: int, offsets: int) -> Bounds:
        """The same constraints under fewer lines or offsets; from (signs, lanes, count)."""
        def each(a: NDArray[np.generic]) -> NDArray[np.generic]:
            signs, lanes, count = a.shape
            if offsets == signs and lines == 1:
                return a.reshape(1, signs, lanes * count)
            by_lane = a.transpose(1, 0, 2)
            return by_lane.reshape(lines, -1, count)
        return Bounds(*(each(a) for a in (self.x, self.k, self.on)))  # type: ignore[arg-type]


def fit_line(stair: Staircase, low: int, high: int) -> Line | None:
    """The smallest line that, clamped to [low, high], equals ``stair``, or None.

    Tried in this order, each with one offset and then with two: the same M and B for all
    lanes; the same M, with an offset for each lane; M and B for each lane. Of each the
    smallest shift, then the smallest ``|M|``.

    Parameters
    ----------
    stair : Staircase
    low, high : int
        The clamp, at or beyond the staircase's least and greatest value.
    """
    slope, alike = orientation(stair)
    if slope is None:
        return None
    lanes = len(slope)
    for lines, per_lane in ((1, False), (1, True), (lanes, True)):
        if (lines == 1 and not alike) or (per_lane and lanes == 1):
            continue
        for signs in (1, 2):
            below, above = constraints(stair, slope, low, high, signs)
            offsets = (signs * lanes if lines == 1 else signs) if per_lane else signs
            search = _Search(below.regroup(lines, offsets), above.regroup(lines, offsets))
            if (line := search.smallest()) is not None:
                multiplier, offset, shift = line
                offset = offset.reshape(-1, signs)
                if lines == 1:
                    multiplier = multiplier * slope[:1]
                else:
                    multiplier = multiplier * slope
                return Line(multiplier, _fewest(offset), shift)
    return None


def orientation(stair: Staircase) -> tuple[Ints | None, bool]:
    """+1 or -1 for each lane (None if one rises and falls), and whether all are the same.

    Constant lanes take the side of the others.
    """
    slope = stair.slope
    if slope is None:
        return None, False
    alike = len(set(slope.tolist()) - {0}) <= 1
    side = slope[slope != 0][0] if alike and slope.any() else 1
    return np.where(slope == 0, side, slope), alike


def _fewest(offset: Ints) -> Ints:
    """One column where both are equal."""
    return offset[:, :1] if (offset == offset[:, :1]).all() else offset


def constraints(stair: Staircase, slope: Ints, low: int, high: int, signs: int
                 ) -> tuple[Bounds, Bounds]:
    """Lower and upper constraints in the coordinate ``slope * x``; (signs, lanes, count)."""
    parts = [_one_sign(stair, slope, low, high, *domain) for domain in _domains(stair, signs)]
    return tuple(Bounds(*(np.stack([getattr(p[side], name) for p in parts])  # type: ignore
                           for name in ("x", "k", "on"))) for side in (0, 1))


def _domains(stair: Staircase, signs: int) -> Iterator[tuple[Ints, Ints]]:
    if signs == 1:
        yield stair.low, stair.high
    else:
        yield np.maximum(stair.low, 0), stair.high
        yield stair.low, np.minimum(stair.high, -1)


def _one_sign(stair: Staircase, slope: Ints, low: int, high: int, first: Ints, last: Ints
              ) -> tuple[Bounds, Bounds]:
    """Constraints from the part [first, last] of every lane's domain, (lanes, count + 1)."""
    at, heights = stair.positions, stair.heights
    lane = np.arange(len(first))
    some = first <= last
    inside = (at > first[:, None]) & (at <= last[:, None]) & (stair.steps != 0)
    at_first = heights[lane, (at <= first[:, None]).sum(axis=1)]
    at_last = heights[lane, (at <= last[:, None]).sum(axis=1)]
    rising = slope > 0
    up = rising[:, None]
    # The level that a step reaches or leaves, whichever is the higher.
    level = np.where(up, heights[:, 1:], heights[:, :-1])
    foot, foot_value = np.where(rising, first, last), np.where(rising, at_first, at_last)
    top, top_value = np.where(rising, last, first), np.where(rising, at_last, at_first)

    def bounds(x: Ints, end: Ints, k_end: Ints, on_end: NDArray[np.bool_]) -> Bounds:
        every = np.concatenate([x, end[:, None]], axis=1) * slope[:, None]
        k = np.concatenate([level, k_end[:, None]], axis=1)
        on = np.concatenate([inside, (on_end & some)[:, None]], axis=1)
        return Bounds(np.where(on, every, 0), np.where(on, k, 0), on)
    return (bounds(np.where(up, at, at - 1), foot, foot_value, foot_value > low),
            bounds(np.where(up, at - 1, at), top, top_value + 1, top_value < high))


class _Search:
    """Smallest S, then smallest M for each line, that leaves room for every offset."""

    def __init__(self, below: Bounds, above: Bounds) -> None:
        self._below, self._above = below, above
        largest = max(int(np.abs(b.x).max(initial=1)) for b in (below, above))
        levels = max(int(np.abs(b.k).max(initial=1)) for b in (below, above))
        self._most = BOUND // max(largest, 1)
        self._last_shift = min(MAX_SHIFT, (BOUND // max(levels, 1)).bit_length() - 1)

    def smallest(self) -> tuple[Ints, Ints, int] | None:
        """(M for each line, B for each line and offset, S), or None."""
        last = self._last_shift
        # Where all x are large and steps dense, only smaller shifts keep x*M in its bound.
        while last > 0 and (self._bracket(last)[0] > self._most // 2).any():
            last -= 1
        feasible = self._feasible(last)
        if feasible is None:
            return None
        first = -1
        while last - first > 1:
            middle = (first + last) // 2
            found = self._feasible(middle)
            if found is None:
                first = middle
            else:
                last, feasible = middle, found
        multiplier = self._least(feasible, last)
        least, most = self._room(multiplier, last)
        return multiplier, np.clip(0, least, most), last

    def _room(self, multiplier: Ints, shift: int) -> tuple[Ints, Ints]:
        """Smallest and largest offset for each line and offset."""
        m = multiplier[:, None, None]
        below, above = self._below, self._above
        least = np.where(below.on, (below.k << shift) - below.x * m, -FREE).max(axis=2)
        most = np.where(above.on, (above.k << shift) - 1 - above.x * m, FREE).min(axis=2)
        return least, most

    def _gap(self, multiplier: Ints, shift: int) -> Ints:
        least, most = self._room(multiplier, shift)
        return (most - least).min(axis=1)

    def _bracket(self, shift: int) -> tuple[Ints, Ints]:
        """Bounds of M for each line that the outermost pairs of constraints imply."""
        below, above = self._below, self._above
        (low_x, low_y), (high_x, high_y) = (_outermost(b, shift) for b in (below, above))
        # x_i*M + B >= y_i and x_j*M + B <= y_j - 1 bound (x_i - x_j)*M from below.
        near, far = low_x[1] - high_x[0], low_y[1] - high_y[0] + 1
        least = np.where(near > 0, -(-far // np.maximum(near, 1)), 0)
        wide, room = high_x[1] - low_x[0], high_y[1] - 1 - low_y[0]
        most = np.where(wide > 0, room // np.maximum(wide, 1), BOUND)
        both = below.on.any(axis=2) & above.on.any(axis=2)
        return (np.maximum(np.where(both, least, 0).max(axis=1), 0),
                np.where(both, most, BOUND).min(axis=1))

    def _feasible(self, shift: int) -> Ints | None:
        """An M with room for each line, or None if a line has none."""
        low, high = self._bracket(shift)
        high = np.minimum(high, self._most)
        while (low <= high).all():
            middle = (low + high) // 2
            here = self._gap(middle, shift)
            done = here >= 0
            if done.all():
                return middle
            rising = self._gap(middle + 1, shift) > here
            low = np.where(done, middle, np.where(rising, middle + 1, low))
            # No room here, and less to the right: look strictly to the left.
            high = np.where(done, middle, np.where(rising, high, middle - 1))
        return None

    def _least(self, feasible: Ints, shift: int) -> Ints:
        """The smallest M with room: concave, the gap is not negative from there to ``feasible``."""
        low, high = self._bracket(shift)[0], feasible
        while (low < high).any():
            middle = (low + high) // 2
            room = self._gap(middle, shift) >= 0
            low, high = np.where(room, low, middle + 1), np.where(room, middle, high)
        return high


def _outermost(bounds: Bounds, shift: int) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """((smallest x, largest x), (their ``k << shift``)) of every line and offset."""
    first = np.where(bounds.on, bounds.x, FREE).argmin(axis=2)[..., None]
    last = np.where(bounds.on, bounds.x, -FREE).argmax(axis=2)[..., None]
    x = [np.take_along_axis(bounds.x, k, axis=2)[..., 0] for k in (first, last)]
    y = [np.take_along_axis(bounds.k, k, axis=2)[..., 0] << shift for k in (first, last)]
    return (x[0], x[1]), (y[0], y[1])
