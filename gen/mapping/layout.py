"""From a plan's units to the streams between them.

The layout is what schedule and assembly share: for every unit the formats of its ports,
and links that say which tensors travel from which unit to which, in what order and on how
many lanes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sw_model.faults import InputFault, Obstacle, Unsupported
from sw_model.formats import Format, covering
from sw_model.graph import Graph
from sw_model.node import AtMost, Node
from sw_model.ops import Reshape

from ..messages import nearest
from ..names import identifier, identifiers
from .frames import Frame, frame_of, operands
from .kinds import UNIT_KINDS, kinds_of, served
from .plan import Plan, Unit

__all__ = ["Layout", "Link", "adapt", "check_core", "lanes_out", "lay_out"]


@dataclass(frozen=True)
class Link:
    """A stream of tensors from one unit (or an input) to another (or an output).

    Parameters
    ----------
    name : str
        Unique; names wires in the top module.
    source, target : str
        Unit names; empty for the network's own ports.
    result, operand : int
        Which of the source's results and of the target's inputs it is.
    tensors : tuple of str
        As their source makes them, in the cyclic order in which they travel.
    jobs : tuple of str
        The nodes that take them, in step with ``tensors``; for an output its tensor's name,
        which a reshape may have made from the one that travels.
    given, taken : tuple of Frame
        The tensors' framing at either end; they differ where a reshape stands between.
    lanes : tuple of int
        Lanes from source to target: one number if they agree, else with those of the
        adapters between.
    format : Format
        Of the source's port.
    """

    name: str
    source: str
    target: str
    result: int
    operand: int
    tensors: tuple[str, ...]
    jobs: tuple[str, ...]
    given: tuple[Frame, ...]
    taken: tuple[Frame, ...]
    lanes: tuple[int, ...]
    format: Format


@dataclass(frozen=True)
class Layout:
    """Units with the formats of their ports, one for each result and input, and the links between
    them."""

    graph: Graph
    units: tuple[Unit, ...]
    source_formats: dict[str, tuple[Format, ...]]
    target_formats: dict[str, tuple[Format, ...]]
    links: tuple[Link, ...]

    def into(self, unit: str, operand: int = 0) -> list[Link]:
        """Links that end at an input of a unit."""
        return [link for link in self.links if (link.target, link.operand) == (unit, operand)]

    def out_of(self, unit: str, result: int = 0) -> list[Link]:
        """Links that begin at a result of a unit."""
        return [link for link in self.links if (link.source, link.result) == (unit, result)]

    def from_input(self, tensor: str) -> list[Link]:
        """Links that begin at an input of the network: one for each reader."""
        return [link for link in self.links if not link.source and link.tensors == (tensor,)]


def check_core(graph: Graph) -> list[Node]:
    """The nodes of an integer network that need a unit.

    Raises
    ------
    Unsupported
        If there is none, or something in the network has no hardware: all of it.
    """
    nodes = [node for node in graph.nodes if not isinstance(node, Reshape)]
    obstacles = [Obstacle(state.name, "state that lives between calls has no hardware yet",
                          "leave it out, or keep it on the host") for state in graph.states]
    obstacles += [Obstacle(node.name, f"no unit runs {type(node).__name__}",
                           f"units run {', '.join(served())}")
                  for node in nodes if not kinds_of(type(node).__name__)]
    obstacles += [Obstacle(tensor.name, "lengths known only at run time have no hardware yet",
                           "give the dimension a fixed length")
                  for tensor in graph.tensors.values()
                  if any(isinstance(extent, AtMost) for extent in tensor.shape)]
    if not nodes:
        obstacles.append(Obstacle(graph.name, "the network has no layer, so that nothing becomes "
                                              "hardware", "give it at least one"))
    if obstacles:
        raise Unsupported(graph.name, obstacles)
    return nodes


def union(formats: Sequence[Format], subject: str) -> Format:
    """The format that carries every code of ``formats`` unchanged.

    Raises
    ------
    InputFault
        If codes are not values in one of them and the formats differ.
    """
    if len(set(formats)) == 1:
        return formats[0]
    for form in formats:
        if (form.min, form.max) != (form.fixed_min, form.fixed_max):
            raise InputFault(f"{subject}: {form} cannot share a stream with "
                             f"{', '.join(sorted({str(f) for f in formats} - {str(form)}))}; "
                             "give those jobs units of their own")
    return covering(min(f.min for f in formats), max(f.max for f in formats))


def lay_out(graph: Graph, plan: Plan) -> Layout:
    """The streams that ``plan`` needs for the integer network ``graph``.

    Raises
    ------
    InputFault
        If the plan does not fit the network: a node without a unit or with two, a kind
        that cannot serve it, jobs out of order, formats that cannot share.
    """
    _check(graph, plan)
    nodes = {node.name: node for node in graph.nodes}
    outputs = {unit.name: tuple(
        union([graph.tensors[nodes[job].outputs[result]].format for job in unit.jobs],
              f"unit {unit.name!r}, outputs")
        for result in range(len(UNIT_KINDS[unit.kind].results))) for unit in plan.units}
    links = _links(graph, plan, nodes, outputs)
    inputs = {}
    for unit in plan.units:
        ways = {len(operands(graph, nodes[job])) for job in unit.jobs}
        if len(ways) > 1:
            raise InputFault(f"plan: the jobs of unit {unit.name!r} differ in how many tensors "
                             "they read; give them units of their own")
        inputs[unit.name] = tuple(
            union([link.format for link in links
                   if (link.target, link.operand) == (unit.name, operand)],
                  f"unit {unit.name!r}, inputs") for operand in range(ways.pop()))
    return Layout(graph, plan.units, outputs, inputs, tuple(links))


def _check(graph: Graph, plan: Plan) -> None:
    nodes = {node.name: node for node in check_core(graph)}
    order = {name: place for place, name in enumerate(nodes)}
    owner: dict[str, str] = {}
    for unit in plan.units:
        for job in unit.jobs:
            if job not in nodes:
                raise InputFault(f"plan: unit {unit.name!r} has the unknown job {job!r}; "
                                 f"{nearest(job, nodes)}")
            kinds = kinds_of(type(nodes[job]).__name__)
            if unit.kind not in kinds:
                raise InputFault(f"plan: unit {unit.name!r} is a {unit.kind}, but job {job!r} "
                                 f"needs a {' or '.join(kinds)}")
            if job in owner:
                where = (f"twice in unit {unit.name!r}" if owner[job] == unit.name
                         else f"in units {owner[job]!r} and {unit.name!r}")
                raise InputFault(f"plan: job {job!r} is {where}")
            owner[job] = unit.name
        if (right := sorted(unit.jobs, key=order.__getitem__)) != list(unit.jobs):
            raise InputFault(f"plan: the jobs of unit {unit.name!r} must stand in the "
                             f"network's order: {', '.join(right)}")
    if left := [name for name in nodes if name not in owner]:
        raise InputFault(f"plan: no unit serves {', '.join(map(repr, left))}")


@dataclass(frozen=True)
class _Edge:
    """One tensor from its maker to one of its readers."""

    tensor: str
    source: str
    job: str
    target: str
    result: int
    operand: int
    taken: Frame


def _edges(graph: Graph, plan: Plan, tensor: str) -> list[tuple[str, str, int, Frame]]:
    """Readers of ``tensor`` as (job, unit, operand, frame), looking through reshapes."""
    found = []
    for reader in graph.readers(tensor):
        if isinstance(reader, Reshape):
            found += _edges(graph, plan, reader.outputs[0])
        else:
            found += [(reader.name, plan.unit_of(reader.name).name, operand,
                       frame_of(graph.tensors[tensor]))
                      for operand, name in enumerate(operands(graph, reader)) if name == tensor]
    found += [(name, "", 0, frame_of(graph.tensors[tensor]))
              for name in graph.outputs if name == tensor]
    return found


def _links(graph: Graph, plan: Plan, nodes: dict[str, Node],
           outputs: dict[str, tuple[Format, ...]]) -> list[Link]:
    """Group edges: one link from each result of a unit to each input of another, but a tensor
    with several readers, an input or an output has links of its own."""
    groups: dict[tuple[str | int, ...], list[_Edge]] = {}
    makers = [("", 0, name) for name in graph.inputs]
    makers += [(plan.unit_of(n.name).name, result, name) for n in graph.nodes
               if not isinstance(n, Reshape) for result, name in enumerate(n.outputs)]
    for source, result, tensor in makers:
        edges = _edges(graph, plan, tensor)
        for job, target, operand, taken in edges:
            alone = not source or not target or len(edges) > 1
            key = ((source, target, result, operand, tensor, job) if alone
                   else (source, target, result, operand))
            groups.setdefault(key, []).append(
                _Edge(tensor, source, job, target, result, operand, taken))
    links: list[Link] = []
    for group in groups.values():
        unit = plan.unit_of(group[0].job) if group[0].target else None
        in_order = unit is None or [e.job for e in group] == [
            job for job in unit.jobs if job in {e.job for e in group}]
        for part in [group] if in_order else [[edge] for edge in group]:
            links.append(_link(graph, plan, part, outputs, {link.name for link in links}))
    return links


def _link(graph: Graph, plan: Plan, edges: list[_Edge], outputs: dict[str, tuple[Format, ...]],
          taken_names: set[str]) -> Link:
    first = edges[0]
    units = {unit.name: unit for unit in plan.units}
    given = tuple(frame_of(graph.tensors[edge.tensor]) for edge in edges)
    taken = tuple(edge.taken for edge in edges)
    # The network's own ports have the lanes of the unit behind them, of the widest if several.
    out = lanes_out(units[first.source], first.result) if first.source else max(
        (units[unit].lanes for _, unit, *_ in _edges(graph, plan, first.tensor) if unit),
        default=1)
    into = units[first.target].lanes if first.target else out
    lanes = adapt(out, into, given, taken)
    form = (outputs[first.source][first.result] if first.source
            else graph.tensors[first.tensor].format)
    name = identifier(f"{first.source or first.tensor}_to_{first.target or first.job}")
    if name in taken_names:
        name = next(iter(identifiers([f"{name}_{first.job}"], taken_names).values()))
    return Link(name, first.source, first.target, first.result, first.operand,
                tuple(e.tensor for e in edges),
                tuple(e.job for e in edges), given, taken, lanes, form)


def lanes_out(unit: Unit, result: int = 0) -> int:
    """Lanes of a unit's result: a dense unit gives one accumulator for each row."""
    if unit.kind == "dense":
        return unit.rows
    return UNIT_KINDS[unit.kind].results[result].lanes_out(unit.lanes)


def adapt(out: int, into: int, given: Sequence[Frame], taken: Sequence[Frame]) -> tuple[int, ...]:
    """Lanes along a link: directly, or down to a common divisor and up again.

    Where the framing changes, a word must not span the end of a vector of either side.
    """
    common = math.gcd(out, into)
    for before, after in zip(given, taken, strict=True):
        if before != after:
            common = math.gcd(common, math.gcd(before.vector, after.vector))
    steps = [out]
    if common != out:
        steps.append(common)
    if common != into:
        steps.append(into)
    return tuple(steps)
