"""When units and adapters take and give their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sw_model.specs import WindowAxis

from .frames import Frame
from .plan import Unit

__all__ = ["apart", "behind", "dense", "in_turn", "narrow", "widen", "window_cycles",
           "window_times"]

Times = NDArray[np.int64]


def in_turn(ready: Times, free: int, step: int = 1) -> Times:
    """When a server that takes a word every ``step`` cycles takes words ready at given times."""
    turn = step * np.arange(len(ready))
    return np.maximum(np.maximum.accumulate(ready - turn), free) + turn


def window_times(axes: Sequence[WindowAxis], words: int, offers: Times, free: int
                 ) -> tuple[Times, Times, int]:
    """Times of one image: words taken, words given but for the latency, and when the next image
    may come.

    Windows slide along the innermost axis first, then along the others, each by a stage of its
    own, which is busy with the padding behind a sequence as if it came. The next image waits
    until no stage is busy any more: it may be taken earlier, and never comes later.

    Parameters
    ----------
    axes : sequence of WindowAxis
        Outermost first.
    words : int
        Of a place's channels.
    offers : int array
        When the image's words are offered.
    free : int
        When the first may be taken.
    """
    taken: Times | None = None
    given, busy = offers, free
    for axis in reversed(axes):
        if axis.kernel > 1 or axis.stride > 1:
            sequences = given.reshape(-1, axis.size, words)
            ready = np.zeros((len(sequences), axis.steps, words), np.int64)
            ready[:, :axis.size] = sequences
            times = in_turn(ready.ravel(), free if taken is None else 0).reshape(ready.shape)
            if taken is None:
                taken = times[:, :axis.size].ravel()
            first = axis.kernel - 1 - axis.before
            given = times[:, first:first + axis.outputs * axis.stride:axis.stride].ravel()
            busy = max(busy, int(times.ravel()[-1]) + 1)
        words *= axis.outputs
    if taken is None:
        taken = given = in_turn(offers, free)
        busy = int(taken[-1]) + 1
    return taken, given, busy


def window_cycles(axes: Sequence[WindowAxis], words: int) -> int:
    """Cycles for which an image keeps a unit of windows, at most."""
    cycles = words
    for axis in reversed(axes):
        cycles = axis.size * cycles + (axis.steps - axis.size) * words
        words *= axis.outputs
    return cycles


def behind(each: list[Times], vectors: int) -> Times:
    """Times of the words of several tensors, a vector of each in turn."""
    return np.concatenate([times.reshape(vectors, -1) for times in each], axis=1).ravel()


def apart(taken: Times, each: list[Times], vectors: int) -> list[Times]:
    """The inverse of :func:`behind`."""
    rows, ends = taken.reshape(vectors, -1), np.cumsum([len(times) // vectors for times in each])
    return [part.ravel() for part in np.split(rows, ends[:-1], axis=1)]


def dense(unit: Unit, rows: int, frame: Frame, offers: Times, free: int, step: int
           ) -> tuple[Times, Times, int]:
    """Times of a folded dense layer: words taken, folds done; and the cycles of its work."""
    words = -(-frame.vector // unit.lanes)
    folds = -(-rows // unit.rows)
    taken, given = [], []
    for vector in offers.reshape(frame.vectors, words):
        taken.append(in_turn(vector, free, step))
        # The other folds read what was kept, a word a step.
        given.append(taken[-1][-1] + step * words * np.arange(folds))
        free = int(given[-1][-1]) + step
    return np.concatenate(taken), np.concatenate(given), frame.vectors * folds * words * step


def narrow(frame: Frame, before: int, after: int, offers: Times, free: int, latency: int
            ) -> tuple[Times, Times]:
    """When narrow words are offered, one a cycle, and when the wide ones are taken."""
    parts, wide = -(-frame.vector // after), -(-frame.vector // before)
    turn = np.arange(frame.words(after))
    source = (turn // parts) * wide + (turn % parts) // (before // after)
    times = in_turn(offers[source] + latency, free)
    first = np.flatnonzero(np.diff(source, prepend=-1))
    return times, times[first] - latency


def widen(frame: Frame, before: int, after: int, offers: Times, free: int) -> tuple[Times, int]:
    """When the last part of each wide word is taken, and when the next can be."""
    vector = -(-frame.vector // before)
    taken = in_turn(offers, free)
    turn = np.arange(len(offers)) % vector
    last = ((turn + 1) % (after // before) == 0) | (turn == vector - 1)
    return taken[last], int(taken[-1]) + 1
