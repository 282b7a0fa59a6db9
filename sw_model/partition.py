"""Which nodes become hardware: host head, integer core, host tail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .faults import Obstacle, Unsupported
from .formats import Float32Format
from .graph import Graph
from .node import Node
from .ops import (
    ArgMax,
    MultiplyAddShift,
    MultiThreshold,
    Rescale,
    Reshape,
    Table,
)

__all__ = ["Parts", "core_graph", "hardware_can", "partition"]

#: Operations without weights, cheap enough to follow a neighbour to the host.
LIGHT = (ArgMax, MultiThreshold, MultiplyAddShift, Rescale, Reshape, Table)

REMEDY = ("move it before the first or behind the last layer, or quantise its result so that "
          "it becomes a function of one integer tensor")


@dataclass(frozen=True)
class Parts:
    """The nodes of a network by where they run, each part in the network's own order.

    Parameters
    ----------
    head : tuple of Node
        On the host, before the hardware: a float input's quantiser.
    core : tuple of Node
        Integer operations on integer tensors: what becomes hardware.
    tail : tuple of Node
        On the host, behind the hardware.
    """

    head: tuple[Node, ...]
    core: tuple[Node, ...]
    tail: tuple[Node, ...]


def hardware_can(graph: Graph, node: Node) -> bool:
    """Whether a unit exists for ``node`` and all its tensors are integers."""
    return node.synthesisable and not any(
        isinstance(graph.tensors[name].format, Float32Format)
        for name in (*node.inputs, *node.outputs))


def partition(graph: Graph, reasons: Mapping[str, str] | None = None) -> Parts:
    """Split a network at the borders of its integer core.

    The core spans the layers with weights (where there are none, every node that hardware
    can run). Operations without weights in front of the head's last node or behind the
    tail's first one go to the host with it, and so do reshapes at the core's edges.

    Parameters
    ----------
    graph : Graph
        Checked.
    reasons : mapping of str to str, optional
        Why a node could not become hardware, by node name, where a pass knows it.

    Raises
    ------
    Unsupported
        If host nodes lie between layers of the core (all of them are listed), or if
        nothing can become hardware.
    """
    able = [n for n in graph.nodes if hardware_can(graph, n)]
    anchors = ({n.name for n in able if not isinstance(n, LIGHT)}
               or {n.name for n in able if not isinstance(n, Reshape)})
    if not anchors:
        raise Unsupported(graph.name, [Obstacle(
            graph.nodes[0].name if graph.nodes else graph.name,
            "the network has no integer layer, so that nothing becomes hardware",
            "quantise its weights and activations")])
    before, behind = _leads_to(graph, anchors), _follows(graph, anchors)
    host = {n.name for n in graph.nodes} - {n.name for n in able}
    if caught := [n for n in graph.nodes if n.name in host & before & behind]:
        raise Unsupported(graph.name, [_obstacle(n, reasons or {}) for n in caught])
    # What leads to a host node of the head belongs to the head, and so for the tail.
    head = host & before
    light = {n.name for n in able} - anchors
    head |= _leads_to(graph, head) & light
    tail = host - head
    tail |= _follows(graph, tail) & light
    core = {n.name for n in able} - head - tail
    edge = {n.name for n in able if isinstance(n, Reshape)} & core
    solid = core - edge
    late = edge & _follows(graph, solid) - _leads_to(graph, solid)
    head |= edge - _follows(graph, solid) - late
    tail |= late
    core -= head | tail

    def pick(names: set[str]) -> tuple[Node, ...]:
        return tuple(n for n in graph.nodes if n.name in names)
    return Parts(pick(head), pick(core), pick(tail))


def core_graph(graph: Graph, reasons: Mapping[str, str] | None = None) -> Graph:
    """The integer core alone, as a network of its own.

    Its inputs are the integer tensors that the head makes or the model is given, its
    outputs those that the tail reads or the model yields: in the model's order, then in
    the order of the nodes.

    Raises
    ------
    Unsupported
        As :func:`partition` does.
    """
    parts = partition(graph, reasons)
    made = {name for n in parts.core for name in n.outputs}
    read = [name for n in parts.core for name in n.inputs]
    states = tuple(s for s in graph.states if s.name in read or s.update in made)
    given = {s.name for s in states}
    inputs = dict.fromkeys([name for name in graph.inputs if name in read] + [
        name for name in read if name not in made | given and graph.tensors[name].value is None])
    wanted = [name for n in (*parts.head, *parts.tail) for name in n.inputs]
    outputs = dict.fromkeys(name for name in (*graph.outputs, *wanted) if name in made)
    used = dict.fromkeys([
        *inputs, *(name for n in parts.core for name in (*n.inputs, *n.outputs)),
        *(name for s in states for name in (s.name, s.initial, s.update))])
    return Graph(graph.name, {name: graph.tensors[name] for name in used}, parts.core,
                 tuple(inputs), tuple(outputs), states).check()


def _follows(graph: Graph, names: set[str]) -> set[str]:
    """The nodes that read, directly or not, what a node of ``names`` makes."""
    reached: set[str] = set()
    tensors = {t for n in graph.nodes if n.name in names for t in n.outputs}
    for node in graph.nodes:
        if tensors & set(node.inputs):
            reached.add(node.name)
            tensors |= set(node.outputs)
    return reached


def _leads_to(graph: Graph, names: set[str]) -> set[str]:
    """The nodes that make, directly or not, what a node of ``names`` reads."""
    reached: set[str] = set()
    tensors = {t for n in graph.nodes if n.name in names for t in n.inputs}
    for node in reversed(graph.nodes):
        if tensors & set(node.outputs):
            reached.add(node.name)
            tensors |= set(node.inputs)
    return reached


def _obstacle(node: Node, reasons: Mapping[str, str]) -> Obstacle:
    what = f"{type(node).__name__} runs on the host, but layers before and behind it are hardware"
    if reason := reasons.get(node.name):
        what = f"{what}: {reason}"
    return Obstacle(node.name, what, REMEDY)
