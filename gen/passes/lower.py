"""From chains of element-wise nodes to one exact integer node each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sw_model.faults import LayerFault
from sw_model.graph import Graph
from sw_model.node import Node, Tensor
from sw_model.ops import MatMul, MultiplyAddShift, MultiThreshold, Rescale, Reshape
from sw_model.partition import hardware_can

from .chain import ELEMENTWISE, Chain, LaneFunction, Refusal, find_chain, is_integer
from .edit import free_name, with_nodes
from .forms import FEW_STEPS, Site, choose_form
from .options import PassOptions
from .proof import prove
from .reach import Range, reach, reshaped
from .staircase import extremes
from .tidy import remove_dead_nodes

__all__ = ["Lowered", "chains_of", "lower_chains"]

@dataclass(frozen=True)
class Lowered:
    """A network whose chains are single nodes, what was proven, and what stayed on the host.

    Parameters
    ----------
    graph : Graph
    report : tuple of dict
        A proof record for each node that took a chain's place.
    reasons : dict of str to str
        Why a chain stayed as it was, by the name of each of its nodes.
    """

    graph: Graph
    report: tuple[dict[str, Any], ...]
    reasons: dict[str, str]


@dataclass(frozen=True)
class Part:
    """Nodes (one with arithmetic, perhaps a reshape) in a chain's place, and their proof."""

    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    record: dict[str, Any]

    @property
    def names(self) -> set[str]:
        """Of all nodes and new tensors."""
        return {n.name for n in self.nodes} | {t.name for t in self.tensors}

    @property
    def costly(self) -> bool:
        """Whether it is a long list of thresholds."""
        return self.record["form"] == "thresholds" and self.record["steps"] > FEW_STEPS


def lower_chains(graph: Graph, options: PassOptions) -> Lowered:
    """Replace each chain of element-wise nodes by one exact integer node, and prove it.

    Raises
    ------
    LayerFault
        If a wanted form does not exist, or is wanted for a layer that is not there.
    """
    chains = chains_of(graph)
    layers = {last: layer_name(graph, chain) for last, chain in chains.items()}
    options.check_layers(list(dict.fromkeys(layers.values())))
    found = reach(graph)
    new: dict[str, list[Part]] = {}
    reasons: dict[str, str] = {}
    for last, chain in chains.items():
        form = options.form(layers[last])
        taken = {name for parts in new.values() for p in parts for name in p.names}
        try:
            new[last] = _Lowering(graph, found, layers[last], taken).parts(chain, form)
        except Refusal as refusal:
            if form != "auto":
                raise LayerFault(layers[last], f"layer {layers[last]!r}: form {form!r} is not "
                                 f"possible: {refusal}") from refusal
            reasons |= {n.name: str(refusal) for n in chain.nodes}
    gone = {chain.nodes[k].name for last, chain in chains.items() if last in new
            for k in chain.cuts}
    parts = [p for each in new.values() for p in each]
    placed = {last: [n for p in each for n in p.nodes] for last, each in new.items()}
    nodes = [n for node in graph.nodes if node.name not in gone
             for n in placed.get(node.name, [node])]
    result = with_nodes(graph, nodes, [t for p in parts for t in p.tensors])
    return Lowered(remove_dead_nodes(result), tuple(p.record for p in parts), reasons)


def layer_name(graph: Graph, chain: Chain) -> str:
    """The matrix product in front of a chain; where there is none, the chain's last node."""
    layer = _layer(graph, chain)
    return layer.name if layer else chain.nodes[-1].name


def _layer(graph: Graph, chain: Chain) -> MatMul | None:
    producer = graph.producer(chain.start.name)
    while isinstance(producer, Reshape):
        producer = graph.producer(producer.inputs[0])
    return producer if isinstance(producer, MatMul) else None


def chains_of(graph: Graph) -> dict[str, Chain]:
    """Every chain that hardware can take over, by its last node's name, in order."""
    chains: dict[str, Chain] = {}
    inner: set[str] = set()
    for node in reversed(graph.nodes):
        if isinstance(node, ELEMENTWISE) and is_integer(graph.tensors[node.outputs[0]]) \
                and node.name not in inner and (chain := find_chain(graph, node)) is not None:
            chains[node.name] = chain
            inner |= {chain.nodes[k].name for k in chain.cuts}
    tail = _behind_host(graph, {n.name for c in chains.values() for n in c.nodes})
    return {last: chain for last, chain in reversed(chains.items())
            if chain.start.name not in tail}


def _behind_host(graph: Graph, chained: Collection[str]) -> set[str]:
    """Tensors behind a node that stays on the host although it reads what a layer made."""
    layered: set[str] = set()
    tail: set[str] = set()
    for node in graph.nodes:
        inputs = set(node.inputs)
        host = node.name not in chained and not hardware_can(graph, node)
        if inputs & tail or (host and inputs & layered):
            tail |= set(node.outputs)
        if isinstance(node, MatMul) or inputs & layered:
            layered |= set(node.outputs)
    return tail


@dataclass(frozen=True)
class _Lowering:
    """The replacement of one chain; ``taken`` are names that others have got meanwhile."""

    graph: Graph
    found: dict[str, Range]
    layer: str
    taken: set[str]

    def parts(self, chain: Chain, form: str) -> list[Part]:
        """One part for the whole chain, or one for each piece between integer tensors."""
        whole, reason = None, None
        try:
            whole = self.whole(chain, form)
        except Refusal as refusal:
            reason = refusal
        if whole and not (chain.cuts and form == "auto" and whole.costly):
            return [whole]
        if chain.cuts:
            before, behind = self._split(chain)
            try:
                first = self.whole(before, form)
                rest = replace(self, taken=self.taken | first.names)
                return [first, *rest.parts(behind, "auto")]
            except Refusal as refusal:
                reason = refusal
        if whole:
            return [whole]
        assert reason is not None
        raise reason

    def _split(self, chain: Chain) -> tuple[Chain, Chain]:
        """A chain in two, at its first integer tensor."""
        cut = chain.cuts[0] + 1
        middle = self.graph.tensors[chain.nodes[cut - 1].outputs[0]]
        # Reshapes in front of the cut belong to the first part.
        return (Chain(chain.start, middle, chain.nodes[:cut], ()),
                Chain(middle, chain.end, chain.nodes[cut:], tuple(k - cut for k in chain.cuts[1:])))

    def whole(self, chain: Chain, form: str) -> Part:
        """One node for a whole chain."""
        function, from_start = LaneFunction.of_chain(self.graph, chain)
        name = self._node_name(chain)
        source, target = chain.start, chain.end
        given = self.found[source.name]
        reshape: list[Node] = []
        if source.shape != target.shape:
            # One reshape stands for all: behind the function, or else in front of it.
            shape = tuple(int(d) for d in target.shape if isinstance(d, int))
            old, new = (target, source) if from_start else (source, target)
            between = Tensor(self._tensor_name(f"{old.name}_reshaped", chain), new.shape,
                             old.format, old.scale if old.scale and len(old.scale) == 1 else None,
                             old.zero_point)
            if from_start:
                target, ends = between, (between, target)
            else:
                source, ends = between, (source, between)
                given = reshaped(given, chain.start, between)
            reshape = [Reshape(name=f"{name}_reshape", inputs=(ends[0].name,),
                               outputs=(ends[1].name,), shape=shape)]
        channels = Tensor("", source.shape[-1:], source.format).elements
        lanes = function.lanes if function.lanes > 1 else len(given.over(channels).low)
        low, high = (np.broadcast_to(end, (lanes,))
                     for end in (given.over(lanes).low, given.over(lanes).high))
        form, node, constants = choose_form(Site(name, source, target, function, low, high), form)
        renamed = {t.name: self._tensor_name(t.name, chain) for t in constants}
        constants = [replace(t, name=renamed[t.name]) for t in constants]
        node = replace(node, inputs=tuple(renamed.get(n, n) for n in node.inputs))
        compiled = LaneFunction.of_node(node, [source, *constants])
        lanes = max(lanes, compiled.lanes)
        low, high = (np.broadcast_to(end, (lanes,)) for end in (low, high))
        evidence = prove(self.layer, function, compiled, low, high)
        least, most = extremes(function, low, high)
        record = _record(node, constants) | {
            "layer": self.layer, "node": node.name, "channels": channels, "form": form,
            "replaces": [type(n).__name__ for n in chain.nodes],
            "points": evidence.points, "exhaustive": evidence.exhaustive,
            "range": [int(low.min()), int(high.max())],
            "levels": int(most.max()) - int(least.min()) + 1}
        nodes = (node, *reshape) if from_start else (*reshape, node)
        extra = [t for t in (source, target) if t not in (chain.start, chain.end)]
        return Part(nodes, (*constants, *extra), record)

    def _node_name(self, chain: Chain) -> str:
        own = {n.name for n in chain.nodes}
        layer = _layer(self.graph, chain)
        wanted = f"{layer.name}_rescale" if layer else chain.nodes[-1].name
        return free_name(wanted, ({n.name for n in self.graph.nodes} | self.taken) - own)

    def _tensor_name(self, wanted: str, chain: Chain) -> str:
        own = {name for n in chain.nodes for name in n.inputs
               if self.graph.tensors[name].value is not None
               and all(r in chain.nodes for r in self.graph.readers(name))}
        return free_name(wanted, (set(self.graph.tensors) - own) | self.taken)


def _record(node: Node, constants: list[Tensor]) -> dict[str, Any]:
    """What a node's constants amount to, as plain data."""
    values = [t.value for t in constants if t.value is not None]
    record: dict[str, Any] = {"rows": max(map(len, values))}
    if isinstance(node, MultiplyAddShift | Rescale):
        record["multiplier_bits"] = int(np.abs(values[0].astype(np.int64)).max()).bit_length()
    if isinstance(node, MultiplyAddShift):
        record |= {"shift": node.shift, "offsets": values[1].shape[1]}
    elif isinstance(node, Rescale):
        record |= {"mode": node.mode.value, "shift": -int(values[1].min())}
    elif isinstance(node, MultiThreshold):
        record["steps"] = values[0].shape[1]
    return record
