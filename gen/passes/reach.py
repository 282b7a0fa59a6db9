"""Which codes every integer tensor can hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import Obstacle, Unsupported
from sw_model.formats import Format
from sw_model.graph import Graph
from sw_model.node import AtMost, Node, Tensor, fixed
from sw_model.ops import ArgMax, MatMul, Reshape

from .chain import ELEMENTWISE, LaneFunction, Refusal, find_chain, is_integer
from .staircase import extremes

__all__ = ["Range", "accumulator_reach", "reach", "reshaped"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """Smallest and largest code, one for all channels of the last axis or one for each."""

    low: Ints
    high: Ints

    @staticmethod
    def of(format_: Format) -> Range:
        """All codes of a format."""
        return Range(np.array([format_.min]), np.array([format_.max]))

    @property
    def hull(self) -> tuple[int, int]:
        """Smallest and largest code of any channel."""
        return int(self.low.min()), int(self.high.max())

    def over(self, lanes: int) -> Range:
        """For ``lanes`` channels: as it is if it fits, else the hull."""
        if len(self.low) in (1, lanes):
            return self
        low, high = self.hull
        return Range(np.array([low]), np.array([high]))


def reach(graph: Graph, fresh: Collection[str] = ()) -> dict[str, Range]:
    """Reachable codes of every integer tensor that is not constant.

    Sound, and exact for every element by itself: intervals travel through the weights and
    through the chains of element-wise nodes. The network's inputs, and what an unknown
    operation makes (so also the host's quantiser: hardware takes any code of its input's
    format), reach their whole format.

    Parameters
    ----------
    graph : Graph
        Its matrix products have no zero point.
    fresh : names of tensors, optional
        Tensors that count as inputs whatever makes them.
    """
    found: dict[str, Range] = {}
    for name in (*graph.inputs, *(s.name for s in graph.states)):
        if is_integer(graph.tensors[name]):
            found[name] = Range.of(graph.tensors[name].format)
    for node in graph.nodes:
        for name in node.outputs:
            tensor = graph.tensors[name]
            if is_integer(tensor):
                made = None if name in fresh else _made(graph, node, tensor, found)
                found[name] = made or Range.of(tensor.format)
    return found


def accumulator_reach(weights: NDArray[Any], low: Ints, high: Ints,
                      bias: NDArray[Any] | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Smallest and largest value of ``weights @ x + bias`` for x in [low, high], row by row.

    As :func:`sw_model.ops.accumulator_range`, but with a range for each column.

    Parameters
    ----------
    weights : integers, shape (rows, cols)
    low, high : integers, shape (1 or cols,)
    bias : integers, shape (rows,), optional

    Returns
    -------
    int64 arrays, or object arrays of Python integers where int64 might overflow, (rows,)
    """
    cols = weights.shape[1]
    edge = max(abs(int(low.min())), abs(int(high.max())), 1)
    most = max(abs(int(weights.min(initial=0))), abs(int(weights.max(initial=0)))) * edge * cols
    if bias is not None:
        most += max(abs(int(bias.min(initial=0))), abs(int(bias.max(initial=0))))
    # Sums below 2**53 are exact in float64, whose products are the fast ones.
    kind: Any = np.float64 if most < 2**53 else object
    low, high = (np.broadcast_to(a, (cols,)).astype(kind) for a in (low, high))
    up, down = (np.clip(weights.astype(np.int64), *ends).astype(kind)
                for ends in ((0, None), (None, 0)))
    start = 0 if bias is None else bias.astype(kind)
    result = up @ low + down @ high + start, up @ high + down @ low + start
    return result if kind is object else (result[0].astype(np.int64), result[1].astype(np.int64))


def _made(graph: Graph, node: Node, tensor: Tensor, found: dict[str, Range]) -> Range | None:
    if isinstance(node, ELEMENTWISE):
        return _through_chain(graph, node, tensor, found)
    source = graph.tensors[node.inputs[0]]
    if not is_integer(source):
        return None
    if isinstance(node, MatMul):
        return _product(graph, node, found[source.name])
    if isinstance(node, Reshape):
        return reshaped(found[source.name], source, tensor)
    if isinstance(node, ArgMax):
        last = source.shape[-1]
        count = last.maximum if isinstance(last, AtMost) else last
        return Range(np.array([0]), np.array([count - 1]))
    return None


def _product(graph: Graph, node: MatMul, given: Range) -> Range:
    x, weights, *rest = graph.input_tensors(node)
    assert weights.value is not None
    assert node.zero_point == 0
    bias = None
    if rest and rest[0].value is not None:
        bias = rest[0].format.to_fixed(rest[0].value)
    given = given.over(weights.value.shape[1])
    low, high = accumulator_reach(fixed(weights, weights.value), x.format.to_fixed(given.low),
                                  x.format.to_fixed(given.high), bias)
    if int(low.min()) < -(2**62) or int(high.max()) >= 2**62:
        raise Unsupported(graph.name, [Obstacle(
            node.name, "its accumulator needs more than 63 bits",
            "use narrower weights or activations")])
    return Range(low.astype(np.int64), high.astype(np.int64))


def _through_chain(graph: Graph, node: Node, tensor: Tensor, found: dict[str, Range]
                   ) -> Range | None:
    chain = find_chain(graph, node, longest=False)
    if chain is None:
        return None
    try:
        function, from_start = LaneFunction.of_chain(graph, chain)
        given = found[chain.start.name]
        if not from_start:
            given = reshaped(given, chain.start, chain.end)
        given = given.over(function.lanes) if function.lanes > 1 else given
        lanes = max(function.lanes, len(given.low))
        low, high = extremes(function, np.broadcast_to(given.low, (lanes,)),
                             np.broadcast_to(given.high, (lanes,)))
    except Refusal:
        return None
    return reshaped(Range(low, high), chain.start, tensor) if from_start else Range(low, high)


def reshaped(given: Range, source: Tensor, target: Tensor) -> Range:
    """The range behind a reshape: channels stay apart where the elements' order allows."""
    before, after = (Tensor("", t.shape[-1:], t.format).elements for t in (source, target))
    if len(given.low) == 1 or before == after:
        return given
    if after % before == 0:
        times = after // before
        return Range(np.tile(given.low, times), np.tile(given.high, times))
    return given.over(1)
