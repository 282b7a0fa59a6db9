"""The pass that moves what is added behind a matrix product into its bias."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import covering
from sw_model.graph import Graph
from sw_model.node import Node, Tensor
from sw_model.ops import Arithmetic, Dequantise, MatMul, Operator, Reshape

from .chain import Chain, LaneFunction, Refusal
from .edit import free_name, with_nodes
from .lower import chains_of
from .monotone import pieces, spans
from .proof import ProofError, show_equal
from .reach import Range, reach
from .staircase import staircase

__all__ = ["absorb_offsets"]

Ints = NDArray[np.int64]


def absorb_offsets(graph: Graph) -> Graph:
    """Move real constants added to a scaled accumulator into the bias, where they are whole."""
    while (changed := _absorb_one(graph)) is not None:
        graph = changed
    return graph


@dataclass(frozen=True)
class _Place:
    """A matrix product, the chain behind it, and the addition in it that may go."""

    layer: MatMul
    chain: Chain
    addition: Arithmetic


def _absorb_one(graph: Graph) -> Graph | None:
    found = None
    for chain in chains_of(graph).values():
        if (place := _place(graph, chain)) is None:
            continue
        found = found or reach(graph)
        if (offset := _equal_offset(graph, place, found[chain.start.name])) is not None:
            return _without(graph, place, offset)
    return None


def _place(graph: Graph, chain: Chain) -> _Place | None:
    """The chain's addition, if nothing else depends on what changes."""
    layer = graph.producer(chain.start.name)
    plain = [n for n in chain.nodes if not isinstance(n, Reshape)][:2]
    if not isinstance(layer, MatMul) or len(plain) < 2 or not isinstance(plain[0], Dequantise):
        return None
    addition = plain[1]
    if not isinstance(addition, Arithmetic):
        return None
    if addition.operator is not Operator.ADD and (
            addition.operator is not Operator.SUB
            or graph.tensors[addition.inputs[1]].value is None):
        return None
    touched = [chain.start.name]
    for node in chain.nodes[:chain.nodes.index(addition) + 1]:
        touched.append(node.outputs[0])
    alone = all(len(graph.readers(t)) == 1 and t not in graph.outputs for t in touched)
    return _Place(layer, chain, addition) if alone else None


def _equal_offset(graph: Graph, place: _Place, given: Range) -> Ints | None:
    """Whole accumulator steps, for each channel, that equal the addition for all that can be."""
    try:
        function, from_start = LaneFunction.of_chain(graph, place.chain)
        if not from_start:
            return None
        (scale,) = (c for c in function.constants[0] if c is not None)
        (real,) = (c.astype(np.float64) for c in function.constants[1] if c is not None)
        if place.addition.operator is Operator.SUB:
            real = -real
        offset = np.rint(real / scale)
        if not (offset * scale == real).all() or np.abs(offset).max() >= 2**31 or not offset.any():
            return None
        without = replace(function, nodes=function.nodes[:1] + function.nodes[2:],
                          tensors=function.tensors[:1] + function.tensors[2:],
                          constants=function.constants[:1] + function.constants[2:])
        given = given.over(function.lanes) if function.lanes > 1 else given
        lanes = max(function.lanes, len(given.low))
        moved: Ints = np.broadcast_to(offset.astype(np.int64), (lanes,))
        low, high = (np.broadcast_to(end, (lanes,)) for end in (given.low, given.high))
        _show_equal(place.layer.name, function, without, moved, low, high)
    except (Refusal, ProofError):
        return None
    return offset.astype(np.int64)


def _show_equal(name: str, function: LaneFunction, without: LaneFunction, moved: Ints, low: Ints,
                high: Ints) -> None:
    """Show that ``function(x) == without(x + moved)`` on [low, high]."""
    steps = staircase(function, low, high).positions.T
    turns = [*spans(pieces(function, low, high), high)]
    turns += [end - moved for end in
              spans(pieces(without, low + moved, high + moved), high + moved)]
    x = np.concatenate([low[None], high[None], steps - 1, steps, *turns])
    show_equal(name, function, lambda at: without(at + moved),
               np.sort(np.clip(x, low, high), axis=0))


def _without(graph: Graph, place: _Place, offset: Ints) -> Graph:
    """The network with ``offset`` in the layer's bias instead of the addition."""
    layer, addition = place.layer, place.addition
    _, weights, *rest = graph.input_tensors(layer)
    rows = weights.shape[0]
    bias = np.broadcast_to(offset, (rows,))  # type: ignore[arg-type]
    if rest and rest[0].value is not None:
        bias = bias + rest[0].format.to_fixed(rest[0].value)
    own = {t.name for t in rest if len(graph.readers(t.name)) == 1}
    name = free_name(f"{layer.name}_bias", set(graph.tensors) - own)
    format_ = covering(int(bias.min()), int(bias.max()))
    made = replace(layer, inputs=(*layer.inputs[:2], name))
    (old,) = (i for i in addition.inputs if graph.tensors[i].value is None)
    (gone,) = addition.outputs

    def kept(node: Node) -> Node:
        inputs = tuple(old if i == gone else i for i in node.inputs)
        return made if node is layer else replace(node, inputs=inputs)
    return with_nodes(graph, [kept(n) for n in graph.nodes if n is not addition],
                      [Tensor(name, (rows,), format_, value=bias)])
