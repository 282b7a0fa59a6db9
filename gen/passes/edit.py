"""Small changes to a network, as new networks."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from sw_model.graph import Graph
from sw_model.node import Node, Tensor

__all__ = ["free_name", "infer_again", "rename_tensors", "with_nodes"]


def free_name(wanted: str, taken: Container[str]) -> str:
    """``wanted``, with the first number behind it that makes it unique."""
    if wanted not in taken:
        return wanted
    return next(name for k in itertools.count(2) if (name := f"{wanted}_{k}") not in taken)


def with_nodes(graph: Graph, nodes: Iterable[Node], extra: Iterable[Tensor] = ()) -> Graph:
    """The network with other nodes, with more tensors, and without tensors that nobody uses."""
    nodes = tuple(nodes)
    tensors = {**graph.tensors, **{t.name: t for t in extra}}
    used = {name for n in nodes for name in (*n.inputs, *n.outputs)}
    used |= {*graph.inputs, *graph.outputs}
    used |= {name for s in graph.states for name in (s.name, s.initial, s.update)}
    return replace(graph, nodes=nodes, tensors={k: t for k, t in tensors.items() if k in used})


def infer_again(graph: Graph) -> Graph:
    """The network with the shapes and formats that its nodes infer now."""
    tensors = dict(graph.tensors)
    for node in graph.nodes:
        made = node.infer([tensors[name] for name in node.inputs])
        for name, (shape, format_) in zip(node.outputs, made, strict=True):
            tensors[name] = replace(tensors[name], shape=shape, format=format_)
    return replace(graph, tensors=tensors)


def rename_tensors(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The network with some tensors under other names, wherever they occur."""
    def new(old: str) -> str:
        return names.get(old, old)
    return replace(
        graph,
        tensors={new(k): replace(t, name=new(k)) for k, t in graph.tensors.items()},
        nodes=tuple(replace(n, inputs=tuple(map(new, n.inputs)), outputs=tuple(map(new, n.outputs)))
                    for n in graph.nodes),
        inputs=tuple(map(new, graph.inputs)), outputs=tuple(map(new, graph.outputs)),
        states=tuple(replace(s, name=new(s.name), initial=new(s.initial), update=new(s.update))
                     for s in graph.states))
