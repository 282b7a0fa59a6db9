"""Independent proof that a compiled node equals the functions that it replaces.

The search that found the node's constants is not trusted. Where the domain is small, both
functions are evaluated everywhere. Elsewhere the argument is: both are monotone between
their turning points (:mod:`.monotone`). The proof evaluates both at chosen positions: the
ends, both sides of every turning point of either, both sides of every step that the
compiled node's constants imply, and more. Both must agree at all of them; and between two
neighbouring positions that are not adjacent, the values at either end must be equal, so
that both functions are constant there. Then they agree everywhere; where the
positions miss a step of either function, the proof fails rather than pass in error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node
from sw_model.ops import MultiplyAddShift, MultiThreshold, Rescale, RescaleMode

from .chain import LaneFunction
from .monotone import pieces, spans

__all__ = ["Evidence", "ProofError", "crossings", "prove",
           "show_equal"]

Ints = NDArray[np.int64]

#: Largest domain, and largest number of evaluations, that are tried completely.
EXHAUSTIVE_SPAN, EXHAUSTIVE_POINTS = 2**16, 2**20
#: Evenly spaced positions beside the ones that the argument needs.
SPOT_CHECKS = 256


class ProofError(Exception):
    """The compiled network is wrong, or could not be shown to be right: our fault."""


@dataclass(frozen=True)
class Evidence:
    """What a proof rests on.

    Parameters
    ----------
    points : int
        Positions evaluated, over all lanes.
    exhaustive : bool
        Whether that is the whole domain.
    """

    points: int
    exhaustive: bool


def prove(name: str, reference: LaneFunction, compiled: LaneFunction, low: Ints, high: Ints
          ) -> Evidence:
    """Show that two functions are equal on [low, high] in every lane.

    Parameters
    ----------
    name : str
        Of the layer, for the message.
    reference, compiled : LaneFunction
        Of one lane or of ``len(low)`` lanes.
    low, high : int64, shape (lanes,)

    Raises
    ------
    ProofError
        If they differ, or if that cannot be excluded.
    Refusal
        If the reference is not defined everywhere.
    """
    if reference.lanes == compiled.lanes == 1:
        low, high = _united(low, high)
    span = int((high - low).max()) + 1
    if span <= EXHAUSTIVE_SPAN and span * len(low) <= EXHAUSTIVE_POINTS:
        x = np.minimum(low + np.arange(span)[:, None], high)
        _compare(name, x, reference(x), compiled(x))
        return Evidence(int((high - low + 1).sum()), exhaustive=True)
    x = _positions(reference, compiled, low, high)
    if _same(reference, compiled):
        _compare(name, x, reference(x), compiled(x))
    else:
        show_equal(name, reference, compiled, x)
    return Evidence(int((np.diff(x, axis=0) > 0).sum()) + len(low), exhaustive=False)


def show_equal(name: str, reference: Callable[[Ints], Ints], compiled: Callable[[Ints], Ints],
               x: Ints) -> None:
    """Show that two functions are equal from the first to the last of ``x`` in every lane.

    Parameters
    ----------
    name : str
        Of the layer, for the message.
    reference, compiled : callable
        Functions of positions (count, lanes).
    x : int64, shape (count, lanes)
        Ascending in every lane; both functions are monotone between two neighbours that are
        not adjacent numbers.

    Raises
    ------
    ProofError
        If they differ, or if that cannot be excluded.
    """
    values = reference(x)
    _compare(name, x, values, compiled(x))
    loose = (np.diff(x, axis=0) > 1) & (values[1:] != values[:-1])
    if loose.any():
        row, lane = (int(k[0]) for k in np.nonzero(loose))
        raise ProofError(f"layer {name!r}, channel {lane}: a step between {x[row, lane]} and "
                         f"{x[row + 1, lane]} is not accounted for")


@singledispatch
def crossings(node: Node, constants: tuple[NDArray[Any] | None, ...]) -> Ints:
    """Positions at which ``node`` may step, from its constants alone; (count, 1 or lanes)."""
    return np.zeros((0, 1), np.int64)


@crossings.register
def _multi_threshold(node: MultiThreshold, constants: tuple[NDArray[Any] | None, ...]) -> Ints:
    thresholds = constants[1]
    assert thresholds is not None
    return thresholds.astype(np.int64).T


@crossings.register
def _multiply_add_shift(node: MultiplyAddShift, constants: tuple[NDArray[Any] | None, ...]
                        ) -> Ints:
    """``x*M + B >= k << S`` turns true (or false) at ``x = ((k << S) - B) / M``."""
    _, multiplier, offset = constants
    assert multiplier is not None
    assert offset is not None
    level = np.arange(node.low, node.high + 2)[:, None]
    m = multiplier.astype(np.int64)
    columns = [(level << node.shift) - column.astype(np.int64) for column in offset.T]
    return np.concatenate([distance // np.where(m == 0, 1, m) + more
                           for distance in columns for more in (0, 1)])


@crossings.register
def _half_even(node: Rescale, constants: tuple[NDArray[Any] | None, ...]) -> Ints:
    """``x*M / 2**S`` passes half a level at ``x = ((2*k - 1) << S) / 2*M``, k from the zero
    point on; the framework's own roundings are shown to be the same node instead."""
    _, multiplier, exponent = constants
    assert multiplier is not None
    assert exponent is not None
    if node.mode is not RescaleMode.EXACT_HALF_EVEN or int(exponent.max()) > 0:
        return np.zeros((0, 1), np.int64)
    level = np.arange(node.low, node.high + 2)[:, None] - node.zero_point
    m = 2 * multiplier.astype(np.int64)
    distance = (2 * level - 1) << -exponent.astype(np.int64)
    at = distance // np.where(m == 0, 1, m)
    return np.concatenate([at, at + 1])


def _united(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """The union of ranges, as the fewest ranges."""
    order = np.argsort(low, kind="stable")
    low, high = low[order], np.maximum.accumulate(high[order])
    first = np.concatenate([[True], low[1:] > high[:-1] + 1])
    return low[first], high[np.concatenate([first[1:], [True]])]


def _same(reference: LaneFunction, compiled: LaneFunction) -> bool:
    """Whether both are one node of the same kind with the same parameters and constants."""
    def described(node: Node) -> dict[str, Any]:
        return {k: v for k, v in node.as_json().items() if k not in ("name", "inputs", "outputs")}
    return (len(reference.nodes) == 1
            and described(reference.nodes[0]) == described(compiled.nodes[0])
            and all(a is b is None or np.array_equal(a, b)  # type: ignore[arg-type]
                    for a, b in zip(reference.constants[0], compiled.constants[0], strict=True)))


def _positions(reference: LaneFunction, compiled: LaneFunction, low: Ints, high: Ints) -> Ints:
    """Ascending positions in every lane, repetitions allowed; (count, lanes)."""
    found = [low[None], high[None],
             low + ((high - low) * np.linspace(0, 1, SPOT_CHECKS)[:, None]).astype(np.int64)]
    for function in (reference, compiled):
        found.extend(spans(pieces(function, low, high), high))
    for node, constants in zip(compiled.nodes, compiled.constants, strict=True):
        at = crossings(node, constants)
        found.extend(np.broadcast_to(at + side, (len(at), len(low))) for side in (-1, 0, 1))
    return np.sort(np.clip(np.concatenate(found), low, high), axis=0)


def _compare(name: str, x: Ints, expected: Ints, seen: Ints) -> None:
    expected, seen = np.broadcast_arrays(expected, seen)
    wrong = np.argwhere(expected != seen)
    if len(wrong):
        row, lane = (int(k) for k in wrong[0])
        raise ProofError(f"layer {name!r}, channel {lane}: code {x[row, lane]} must give "
                         f"{expected[row, lane]}, but gives {seen[row, lane]}; "
                         f"{len(wrong)} positions differ")
