"""Passes that leave out what does nothing."""

from __future__ import annotations

from dataclasses import replace

from sw_model.graph import Graph
from sw_model.node import Node
from sw_model.ops import Reshape

from .edit import with_nodes

__all__ = ["merge_reshapes", "remove_dead_nodes"]


def remove_dead_nodes(graph: Graph) -> Graph:
    """Leave out nodes that no output and no state needs."""
    wanted = {*graph.outputs, *(s.update for s in graph.states)}
    needed: list[Node] = []
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            needed.append(node)
            wanted |= set(node.inputs)
    return with_nodes(graph, reversed(needed))


def merge_reshapes(graph: Graph) -> Graph:
    """Let each reshape read what the first of a row of reshapes reads; leave out those that
    change nothing."""
    source: dict[str, str] = {}
    nodes: list[Node] = []
    kept = {*graph.outputs, *(s.update for s in graph.states)}
    for node in graph.nodes:
        node = replace(node, inputs=tuple(
            name if isinstance(node, Reshape) else _same_shape(graph, source, name)
            for name in node.inputs))
        if isinstance(node, Reshape):
            (name,), (made,) = node.inputs, node.outputs
            node = replace(node, inputs=(source.get(name, name),))
            source[made] = node.inputs[0]
            if graph.tensors[node.inputs[0]].shape == node.shape and made not in kept:
                continue
        nodes.append(node)
    return remove_dead_nodes(with_nodes(graph, nodes))


def _same_shape(graph: Graph, source: dict[str, str], name: str) -> str:
    """The tensor in front of a row of reshapes that ends with ``name``, if it has its shape."""
    origin = source.get(name, name)
    return origin if graph.tensors[origin].shape == graph.tensors[name].shape else name
