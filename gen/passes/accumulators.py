"""Passes on matrix products: zero points, accumulator widths, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sw_model.faults import Obstacle, Unsupported
from sw_model.formats import FixedFormat, Format, covering
from sw_model.graph import Graph
from sw_model.node import Node, Tensor, fixed
from sw_model.ops import MatMul
from sw_model.partition import core_graph

from .edit import free_name, infer_again, rename_tensors, with_nodes
from .reach import Range, reach

__all__ = ["fit_accumulators", "fold_zero_points", "name_accumulators", "narrow_accumulators"]


def fold_zero_points(graph: Graph) -> Graph:
    """Move each matrix product's zero point into its bias, and leave out biases of zero."""
    nodes: list[Node] = []
    extra: dict[str, Tensor] = {}
    for node in graph.nodes:
        if isinstance(node, MatMul):
            node, bias = _folded(graph, node, {*graph.tensors, *extra})
            extra |= {bias.name: bias} if bias is not None else {}
        nodes.append(node)
    return with_nodes(graph, nodes, extra.values())


def _folded(graph: Graph, node: MatMul, taken: set[str]) -> tuple[MatMul, Tensor | None]:
    _, weights, *rest = graph.input_tensors(node)
    assert weights.value is not None
    bias = -node.zero_point * fixed(weights, weights.value).astype(np.int64).sum(axis=1)
    scale = None
    if rest:
        assert rest[0].value is not None
        bias += fixed(rest[0], rest[0].value)
        scale = rest[0].scale
    if not bias.any():
        return replace(node, inputs=node.inputs[:2], zero_point=0), None
    format_ = covering(int(bias.min()), int(bias.max()))
    if rest and node.zero_point == 0 and rest[0].format == format_:
        return node, None
    own = {t.name for t in rest if graph.readers(t.name) == [node]}
    name = free_name(f"{node.name}_bias", taken - own)
    inputs = (*node.inputs[:2], name)
    return replace(node, inputs=inputs, zero_point=0), Tensor(name, bias.shape, format_, scale,
                                                              value=bias)


def narrow_accumulators(graph: Graph) -> Graph:
    """Give each matrix product the narrowest format that its weights can fill."""
    return _with_formats(graph, reach(graph))


def fit_accumulators(graph: Graph) -> Graph:
    """Narrow accumulators as far as the core's inputs, taking any code, allow."""
    return _with_formats(graph, reach(graph, fresh=core_graph(graph).inputs))


def _with_formats(graph: Graph, found: Mapping[str, Range]) -> Graph:
    return infer_again(replace(graph, nodes=tuple(
        replace(n, format=_narrowed(graph, n, *found[n.outputs[0]].hull))
        if isinstance(n, MatMul) else n for n in graph.nodes)))


def _narrowed(graph: Graph, node: MatMul, low: int, high: int) -> Format:
    least = covering(low, high)
    if least.width > 63:
        raise Unsupported(graph.name, [Obstacle(
            node.name, f"its accumulator needs {least.width} bits, more than 63",
            "use narrower weights or activations")])
    if isinstance(node.format, FixedFormat):
        return FixedFormat(least.width, node.format.fraction, least.signed)
    return least


def name_accumulators(graph: Graph) -> Graph:
    """Call each matrix product's result ``<layer>_acc``, unless it is an output."""
    names: Mapping[str, str] = {}
    for node in graph.nodes:
        if isinstance(node, MatMul) and node.outputs[0] not in graph.outputs:
            taken = {*graph.tensors, *names.values()} - {node.outputs[0]}
            names = {**names, node.outputs[0]: free_name(f"{node.name}_acc", taken)}
    return rename_tensors(graph, names)
