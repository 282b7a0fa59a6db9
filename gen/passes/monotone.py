"""Where an element-wise function turns: the pieces on which it is monotone.

Every operation of a chain is, between its turning points, the rounding of a monotone real
function, and rounding to nearest, floor, clamping and IEEE arithmetic are monotone
themselves; so is their composition. A piece of a chain therefore takes its extremes at its
ends, and equal values at two positions mean equal values everywhere between them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node
from sw_model.ops import (
    Arithmetic,
    BatchNormalisation,
    Dequantise,
    MultiplyAddShift,
    MultiThreshold,
    Operator,
    Quantise,
    Relu,
    Rescale,
    Table,
)

from .chain import LaneFunction, Refusal, is_integer

__all__ = ["bisect", "pieces", "spans", "turning_points"]

Ints = NDArray[np.int64]

_NONE: NDArray[Any] = np.zeros((0, 1))


@singledispatch
def turning_points(node: Node, constants: tuple[NDArray[Any] | None, ...], least: int
                   ) -> NDArray[Any]:
    """Values v of a node's input such that it is monotone below v and from v on.

    Parameters
    ----------
    node : Node
    constants : tuple of (array or None)
        As in :class:`.chain.LaneFunction`.
    least : int
        Smallest code of the node's input, if that is an integer tensor.

    Returns
    -------
    array, shape (points, 1 or lanes); a lane with fewer points repeats one of them

    Raises
    ------
    Refusal
        If nothing is known about the operation.
    """
    raise Refusal(f"node {node.name!r} ({type(node).__name__}) is not known to be monotone")


@turning_points.register(BatchNormalisation)
@turning_points.register(Dequantise)
@turning_points.register(Quantise)
@turning_points.register(Relu)
@turning_points.register(Rescale)
def _monotone(node: Node, constants: tuple[NDArray[Any] | None, ...], least: int
              ) -> NDArray[Any]:
    return _NONE


@turning_points.register
def _arithmetic(node: Arithmetic, constants: tuple[NDArray[Any] | None, ...], least: int
                ) -> NDArray[Any]:
    # A power (of the few exponents that a chain may hold) and a constant divided by x turn,
    # or have their pole, at zero.
    turns = node.operator is Operator.POW or (node.operator is Operator.DIV
                                              and constants[0] is not None)
    return np.zeros((1, 1)) if turns else _NONE


@turning_points.register
def _table(node: Table, constants: tuple[NDArray[Any] | None, ...], least: int
           ) -> NDArray[Any]:
    entries = constants[1]
    assert entries is not None
    wide: Ints = entries.astype(np.int64)
    return _turns(wide[:, 1:] - wide[:, :-1],
                  np.broadcast_to(np.arange(least + 1, least + entries.shape[1]),
                                  (len(entries), entries.shape[1] - 1)))


@turning_points.register
def _threshold(node: MultiThreshold, constants: tuple[NDArray[Any] | None, ...], least: int
               ) -> NDArray[Any]:
    thresholds, steps = constants[1], constants[2]
    assert thresholds is not None
    assert steps is not None
    return _turns(steps.astype(np.int64), thresholds.astype(np.int64))


@turning_points.register
def _two_offsets(node: MultiplyAddShift, constants: tuple[NDArray[Any] | None, ...], least: int
                 ) -> NDArray[Any]:
    offset = constants[2]
    assert offset is not None
    return np.zeros((1, 1)) if offset.shape[1] == 2 else _NONE


def _turns(rise: Ints, position: NDArray[Any]) -> NDArray[Any]:
    """Positions, for each row, at which the sign of the rises changes; shape (points, rows)."""
    found = []
    for signs, places in zip(np.sign(rise), position, strict=True):
        moving = np.flatnonzero(signs)
        found.append(places[moving[1:]][signs[moving[1:]] != signs[moving[:-1]]])
    count = max(map(len, found), default=0)
    if count == 0:
        return _NONE
    return np.stack([np.concatenate([f, np.full(count - len(f), f[-1] if len(f) else places[0])])
                     for f, places in zip(found, position, strict=True)], axis=1)


def pieces(function: LaneFunction, low: Ints, high: Ints) -> Ints:
    """First positions of the pieces of [low, high] on which ``function`` is monotone.

    Parameters
    ----------
    function : LaneFunction
    low, high : int64, shape (lanes,)

    Returns
    -------
    int64, shape (pieces, lanes)
        Ascending in every lane; a lane with fewer pieces is padded with ``high + 1``.

    Raises
    ------
    Refusal
        If an operation is not known to be monotone, or a value is infinite or NaN.
    """
    starts = low[None]
    for count, (node, tensors, constants) in enumerate(
            zip(function.nodes, function.tensors, function.constants, strict=True)):
        (source,) = (t for t, c in zip(tensors, constants, strict=True) if c is None)
        points = turning_points(node, constants, source.format.min if is_integer(source) else 0)
        if len(points):
            starts = _split(function, count, starts, high, points)
    return starts


def _split(function: LaneFunction, count: int, starts: Ints, high: Ints, points: NDArray[Any]
           ) -> Ints:
    """``starts`` and where the first ``count`` nodes' value crosses one of ``points``."""
    found = [starts]
    for first, last in zip(*spans(starts, high), strict=True):
        for value in points:
            at_first = function(first[None], count)[0] >= value
            at_last = function(last[None], count)[0] >= value

            def crossed(x: Ints, v: Any = value, a: Any = at_first) -> NDArray[np.bool_]:
                return (function(x, count) >= v) != a
            crossing = bisect(crossed, first[None], last[None])[0]
            found.append(np.where(at_first != at_last, crossing, high + 1)[None])
    every = np.sort(np.concatenate(found), axis=0)
    every[1:][every[1:] == every[:-1]] = np.iinfo(np.int64).max
    every = np.minimum(np.sort(every, axis=0), high + 1)
    return every[(every <= high).any(axis=1)]


def spans(starts: Ints, high: Ints) -> tuple[Ints, Ints]:
    """First and last positions of all pieces; one past the end of its lane is [high, high]."""
    after = np.concatenate([starts[1:], (high + 1)[None]])
    return np.minimum(starts, high), np.where(starts > high, high, after - 1)


def bisect(predicate: Callable[[Ints], NDArray[np.bool_]], low: Ints, high: Ints) -> Ints:
    """First positions in (low, high] where ``predicate`` holds, element by element.

    ``predicate(positions)`` must be false at ``low``, and hold from some position on up to
    ``high`` (where it does not hold there either, the result is ``high``).
    """
    low, high = (np.array(a) for a in np.broadcast_arrays(low, high))
    while ((wide := high - low) > 1).any():
        middle = low + (wide >> 1)
        holds = predicate(middle)
        high = np.where(holds, middle, high)
        low = np.where(holds, low, np.maximum(middle, low))
    return high
