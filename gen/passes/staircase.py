"""The steps of an integer function of an integer, lane by lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chain import LaneFunction, TooLarge
from .monotone import bisect, pieces, spans

__all__ = ["Staircase", "extremes", "staircase"]

Ints = NDArray[np.int64]

#: Domains up to this many positions are enumerated: no argument about monotony is needed.
EXHAUSTIVE_SPAN = 2**16
#: Domains up to this many positions are evaluated sooner than split.
FEW_POSITIONS = 2**10
#: Evaluations that enumeration may cost, over all lanes.
EXHAUSTIVE_POINTS = 2**21
#: Steps in all lanes together beyond which no staircase is made.
MAX_STEPS = 2**23
#: Positions evaluated at a time.
BATCH = 2**20


@dataclass(frozen=True)
class Staircase:
    """``f(x) = base + sum of steps[k] for which x >= positions[k]``, for each lane.

    Parameters
    ----------
    low, high : int64, shape (lanes,)
        The domain, ends included.
    base : int64, shape (lanes,)
        ``f(low)``.
    positions : int64, shape (lanes, count)
        Ascending, inside (low, high]; where a lane has fewer than ``count``, high + 1.
    steps : int64, shape (lanes, count)
        +1 or -1; 0 where the lane has no step.
    """

    low: Ints
    high: Ints
    base: Ints
    positions: Ints
    steps: Ints

    @property
    def heights(self) -> Ints:
        """Every value that f takes, in order; shape (lanes, count + 1)."""
        return self.base[:, None] + np.concatenate(
            [np.zeros((len(self.base), 1), np.int64), np.cumsum(self.steps, axis=1)], axis=1)

    @property
    def least(self) -> int:
        """Smallest value of any lane."""
        return int(self.heights.min())

    @property
    def greatest(self) -> int:
        """Largest value of any lane."""
        return int(self.heights.max())

    @property
    def slope(self) -> Ints | None:
        """+1, -1 or 0 (constant) for each lane, or None if a lane rises and falls."""
        rises, falls = (self.steps > 0).any(axis=1), (self.steps < 0).any(axis=1)
        if (rises & falls).any():
            return None
        return np.subtract(rises, falls, dtype=np.int64)


def staircase(function: LaneFunction, low: Ints, high: Ints) -> Staircase:
    """All steps of ``function`` on [low, high], lane by lane.

    Small domains are enumerated; on others the steps are found by binary search on the
    function itself, on each of its monotone pieces.

    Parameters
    ----------
    function : LaneFunction
        With an integer result.
    low, high : int64, shape (lanes,)

    Raises
    ------
    Refusal
        If the function has too many steps, or yields NaN or an infinity on the way.
    """
    span = int((high - low).max()) + 1
    if span <= EXHAUSTIVE_SPAN and span * len(low) <= EXHAUSTIVE_POINTS:
        return _enumerated(function, low, high)
    return _searched(function, low, high, pieces(function, low, high))


def extremes(function: LaneFunction, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Smallest and largest value of ``function`` on [low, high] in every lane, both reached."""
    span = int((high - low).max()) + 1
    if span <= FEW_POSITIONS:
        values = function(np.minimum(low + np.arange(span)[:, None], high))
        return values.min(axis=0), values.max(axis=0)
    starts = pieces(function, low, high)
    ends = np.concatenate([function(at) for at in spans(starts, high)])
    return ends.min(axis=0), ends.max(axis=0)


def _enumerated(function: LaneFunction, low: Ints, high: Ints) -> Staircase:
    span = int((high - low).max()) + 1
    found = []
    base = last = function(low[None])[0]
    for start in range(0, span, size := max(1, BATCH // len(low))):
        # A lane that ends early repeats its last position, where nothing steps.
        x = np.minimum(low + np.arange(start, min(start + size, span))[:, None], high)
        values = function(x)
        rise = np.diff(values, axis=0, prepend=last[None])
        row, lane = np.nonzero(rise)
        found.append((lane, x[row, lane], rise[row, lane]))
        last = values[-1]
    return _pack(low, high, base, found)


def _searched(function: LaneFunction, low: Ints, high: Ints, starts: Ints) -> Staircase:
    found: list[tuple[Any, Any, Any]] = []
    every_lane = np.arange(len(low))
    previous: Ints | None = None
    for first, last in zip(*spans(starts, high), strict=True):
        at_first, at_last = function(first[None])[0], function(last[None])[0]
        if previous is not None:
            found.append((every_lane, first, at_first - previous))
        previous = at_last
        rise = at_last - at_first
        count = int(np.abs(rise).max())
        if count * len(low) > MAX_STEPS:
            raise TooLarge(f"a staircase of {count} steps in each of {len(low)} channels is too "
                          "large to search")
        batch = max(1, BATCH // len(low))
        for level in range(1, count + 1, batch):
            index = np.arange(level, min(level + batch, count + 1))[:, None]
            sign = np.sign(rise)
            target = sign * at_first + index

            def passed(x: Ints, s: Ints = sign, t: Ints = target) -> NDArray[np.bool_]:
                return s * function(x) >= t
            position = bisect(passed, np.broadcast_to(first, target.shape), last)
            row, lane = np.nonzero(index <= np.abs(rise))
            found.append((lane, position[row, lane], sign[lane]))
    return _pack(low, high, function(low[None])[0], found)


def _pack(low: Ints, high: Ints, base: Ints, found: list[tuple[Any, Any, Any]]) -> Staircase:
    """A staircase from lists of (lanes, positions, rises), none where nothing steps."""
    nothing = (np.zeros(0, np.int64),) * 3
    lane, position, rise = (np.concatenate(a).astype(np.int64)
                            for a in zip(nothing, *found, strict=True))
    size = np.abs(rise)
    if int(size.sum()) > MAX_STEPS:
        raise TooLarge(f"a staircase of {int(size.sum())} steps is too large")
    lane, position, rise = (np.repeat(a, size) for a in (lane, position, np.sign(rise)))
    order = np.lexsort((position, lane))
    lane, position, rise = lane[order], position[order], rise[order]
    counts = np.bincount(lane, minlength=len(low))
    column = np.arange(len(lane)) - (np.cumsum(counts) - counts)[lane]
    shape = (len(low), int(counts.max(initial=0)))
    positions = np.broadcast_to((high + 1)[:, None], shape).copy()
    steps = np.zeros(shape, np.int64)
    positions[lane, column], steps[lane, column] = position, rise
    return Staircase(low, high, base, positions, steps)
