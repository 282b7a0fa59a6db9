# amaranth: UnusedElaboratable=no
"""The only place where a network meets hardware: units, streams and providers as a netlist."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import msgspec
from amaranth.hdl import ShapeLike

from hw.network.netlist import Netlist, Part, Pin, Port, Wire
from hw.pe import PE_KINDS
from hw.shapes import vector_of
from hw.streams import Drain, Fork, Queue, Route, Select, WidthDown, WidthUp
from sw_model.faults import InputFault
from sw_model.graph import Graph
from verif.manifest import Stream, Tap, TapTensor

from .design import Design
from .estimate import estimate, target_of
from .mapping.frames import frame_of
from .mapping.kinds import UNIT_KINDS, UnitKind
from .mapping.layout import Layout, Link, lanes_out, lay_out
from .mapping.plan import Buffer, LinkPlan, Plan, Unit, WeightPlace
from .mapping.schedule import Latencies, Schedule, entry, make_schedule
from .names import identifiers
from .parts import UnitParts, unit_parts

__all__ = ["assemble"]


@dataclass
class _Board:
    """Parts and wires as they are laid."""

    parts: list[Part] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    ports: dict[str, Port] = field(default_factory=dict)

    def join(self, name: str, source: Pin, target: Pin) -> None:
        """Lay a wire."""
        self.wires.append(Wire(name, source, target))


def assemble(core: Graph, plan: Plan, name: str) -> Design:
    """The hardware of the integer network ``core`` by ``plan``, as top module ``name``.

    What the plan says of links, buffers, schedule and prediction is made anew.

    Raises
    ------
    InputFault
        If the plan does not fit the network, or names its units so that names clash.
    Unsupported
        If there is no hardware for the network.
    """
    layout = lay_out(core, plan)
    names = identifiers([unit.name for unit in plan.units])
    device = target_of(plan)
    units = {unit.name: unit_parts(layout, unit, names[unit.name], device)
             for unit in plan.units}
    schedule = make_schedule(layout, _latencies({
        unit.name: (UNIT_KINDS[unit.kind], units[unit.name]) for unit in plan.units}))
    board = _Board()
    for unit in plan.units:
        made = units[unit.name]
        board.parts.append(made.part)
        for provider in made.providers:
            board.parts.append(provider.part)
            board.join(f"{provider.part.name}_word", Pin(provider.part.name, "o"),
                       Pin(made.part.name, provider.member))
    sources, targets = _Pins(), _Pins()
    ports = _port_names(layout)
    for tensor in core.inputs:
        _spread_input(board, layout, tensor, ports[tensor], sources)
    for unit in plan.units:
        _gather(board, layout, unit, names[unit.name], targets)
        _spread(board, layout, unit, names[unit.name], sources)
    for link in layout.links:
        if not link.target:
            port = ports[link.jobs[0]]
            board.ports[port] = Port(False, vector_of(link.format, link.lanes[-1]))
            targets[link.name] = Pin("", port)
        source = sources[link.name]
        member = _member(layout, link)
        tap = (_tap_name(source.part, link.result)
               if source == Pin(names.get(link.source, ""), member) else None)
        _lay_link(board, link, schedule, source, targets[link.name], tap)
    _check_names(board)
    streams = _streams(layout, ports)
    memories = tuple(p.image for made in units.values() for p in made.providers)
    full = msgspec.structs.replace(
        plan, links=_link_plans(layout, schedule), buffers=_buffers(layout, schedule),
        schedule=tuple(schedule.jobs), prediction=schedule.prediction,
        estimate=estimate(core, plan, memories),
        weights=(*(WeightPlace(tensors=m.tensors, where=m.where, memory=m.name,
                               bits=m.width * len(m.words)) for m in memories),
                 *(WeightPlace(tensors=(tensor.name,), where="logic", memory="",
                               bits=tensor.format.width * tensor.elements)
                   for made in units.values() for tensor in made.logic)))
    netlist = Netlist(board.ports, tuple(board.parts), tuple(board.wires))
    return Design(name, netlist, memories, streams, _taps(layout, names), full)


def _member(layout: Layout, link: Link) -> str:
    """The stream of a unit's component at which a link begins."""
    kinds = {unit.name: unit.kind for unit in layout.units}
    return UNIT_KINDS[kinds[link.source]].results[link.result].member if link.source else ""


def _check_names(board: _Board) -> None:
    """Raise InputFault where names that are derived from those of units meet."""
    signals = [f"{wire.name}_{part}" for wire in board.wires
               for part in ("payload", "valid", "ready")]
    counts = Counter([*(part.name for part in board.parts), *signals])
    if twice := [name for name, count in counts.items() if count > 1]:
        raise InputFault(f"plan: units are called so that two things would be called "
                         f"{twice[0]!r}; give one of them another name")


def _latencies(units: dict[str, tuple[UnitKind, UnitParts]]) -> Latencies:
    each, steps, gaps, passes = {}, {}, {}, {}
    for unit, (kind, made) in units.items():
        component = made.part.make(**made.part.arguments)
        each[unit] = tuple(getattr(component, result.latency) for result in kind.results)
        steps[unit] = getattr(component, "step", 1)
        gaps[unit] = getattr(component, "row_gap", 1)
        passes[unit] = getattr(component, "passes", 1)
    return Latencies(each, down=WidthDown.latency, up=WidthUp.latency,
                     queue=cache(lambda depth: Queue(1, depth).latency), steps=steps, gaps=gaps,
                     passes=passes)


#: The pin at which each link begins or ends.
_Pins = dict[str, Pin]


def _tap_name(unit: str, result: int = 0) -> str:
    """The wire at a unit's result, where taps observe it."""
    return f"{unit}_out{result or ''}"


def _lay_link(board: _Board, link: Link, schedule: Schedule, source: Pin, target: Pin,
              first: str | None) -> None:
    """The adapters and the queue of a link, in a row between two pins."""
    chain = _queue(entry(link.name), link, link.lanes[0], schedule)
    for before, after in zip(link.lanes, link.lanes[1:], strict=False):
        frames = link.given if after < before else link.taken
        jobs = tuple((frame.vector, frame.vectors) for frame in frames)
        if after < before:
            chain.append(Part(f"{link.name}_down", WidthDown, {
                "format": link.format, "wide": before, "narrow": after, "jobs": jobs}))
        else:
            chain.append(Part(f"{link.name}_up", WidthUp, {
                "format": link.format, "narrow": before, "wide": after, "jobs": jobs}))
    chain += _queue(link.name, link, link.lanes[-1], schedule)
    board.parts += chain
    stops = [source, *(Pin(part.name, "i") for part in chain)]
    leaves = [source, *(Pin(part.name, "o") for part in chain)]
    names = [f"{part.name}_in" for part in chain] + [link.name]
    if first is not None:
        names[0] = first
    for wire, here, there in zip(names, leaves, [*stops[1:], target], strict=True):
        board.join(wire, here, there)


def _queue(name: str, link: Link, lanes: int, schedule: Schedule) -> list[Part]:
    """The queue called ``name``, if the schedule needs it."""
    depth = schedule.queues.get(name)
    return [] if depth is None else [Part(f"{name}_queue", Queue, {
        "payload": vector_of(link.format, lanes), "depth": depth})]


def _fork(board: _Board, name: str, payload: ShapeLike, source: Pin, links: list[Link],
          sources: _Pins, wire: str) -> None:
    """Begin ``links`` at ``source``, behind a fork where there are several; what nobody reads
    is taken and forgotten."""
    if len(links) == 1:
        sources[links[0].name] = source
        return
    if not links:
        drain = Part(f"{name}_drain", Drain, {"payload": payload})
        board.parts.append(drain)
        board.join(wire, source, Pin(drain.name, "i"))
        return
    fork = Part(f"{name}_fork", Fork, {"payload": payload, "ways": len(links)})
    board.parts.append(fork)
    board.join(wire, source, Pin(fork.name, "i"))
    for way, link in enumerate(links):
        sources[link.name] = Pin(fork.name, "o", way)


def _spread_input(board: _Board, layout: Layout, tensor: str, port: str, sources: _Pins) -> None:
    links = layout.from_input(tensor)
    payload = vector_of(links[0].format, links[0].lanes[0])
    board.ports[port] = Port(True, payload)
    _fork(board, port, payload, Pin("", port), links, sources, f"{port}_in")


def _spread(board: _Board, layout: Layout, unit: Unit, name: str, sources: _Pins) -> None:
    """From a unit's results to the links that begin there."""
    for result in range(len(layout.source_formats[unit.name])):
        _spread_result(board, layout, unit, result, name, sources)


def _spread_result(board: _Board, layout: Layout, unit: Unit, result: int, name: str,
                   sources: _Pins) -> None:
    """From a result to the links that begin there: by job, then to every reader."""
    lanes = lanes_out(unit, result)
    payload = vector_of(layout.source_formats[unit.name][result], lanes)
    ways: dict[tuple[str, ...], list[Link]] = {}
    sequence = []
    nodes = {node.name: node for node in layout.graph.nodes}
    for job in unit.jobs:
        tensor = nodes[job].outputs[result]
        links = [link for link in layout.out_of(unit.name, result) if tensor in link.tensors]
        key = tuple(link.name for link in links)
        ways[key] = links
        words = frame_of(layout.graph.tensors[tensor]).words(lanes)
        sequence.append((list(ways).index(key), words))
    source = Pin(name, UNIT_KINDS[unit.kind].results[result].member)
    tap, name = _tap_name(name, result), f"{name}{result or ''}"
    if len(ways) == 1:
        links = next(iter(ways.values()))
        _fork(board, name, payload, source, links, sources, tap)
        return
    route = Part(f"{name}_route", Route, {"payload": payload, "sequence": _merged(sequence)})
    board.parts.append(route)
    board.join(tap, source, Pin(route.name, "i"))
    for way, links in enumerate(ways.values()):
        _fork(board, f"{name}_{way}", payload, Pin(route.name, "o", way), links, sources,
              f"{name}_{way}_out")


def _gather(board: _Board, layout: Layout, unit: Unit, name: str, targets: _Pins) -> None:
    """From the links that end at a unit to its inputs."""
    formats = layout.target_formats[unit.name]
    for operand in range(len(formats)):
        pin = (Pin(name, "i", operand) if unit.kind == "concatenate"
               else Pin(name, "i" if len(formats) == 1 else f"i{operand}"))
        _gather_operand(board, layout, unit, operand, pin, targets)


def _gather_operand(board: _Board, layout: Layout, unit: Unit, operand: int, pin: Pin,
                    targets: _Pins) -> None:
    """From the links that end at an input to it, in the order of the unit's jobs."""
    links = layout.into(unit.name, operand)
    if len(links) == 1:
        targets[links[0].name] = pin
        return
    sequence = []
    for job in unit.jobs:
        way = next(k for k, link in enumerate(links) if job in link.jobs)
        frame = links[way].taken[links[way].jobs.index(job)]
        sequence.append((way, frame.words(unit.lanes)))
    number = f"_{operand}" if len(layout.target_formats[unit.name]) > 1 else ""
    select = Part(f"{pin.part}_select{number}", Select, {
        "payload": vector_of(layout.target_formats[unit.name][operand], unit.lanes),
        "sequence": _merged(sequence)})
    board.parts.append(select)
    for way, link in enumerate(links):
        targets[link.name] = Pin(select.name, "i", way)
    board.join(f"{pin.part}_in{number}", Pin(select.name, "o"), pin)


def _merged(sequence: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Turns of the same way in a row as one."""
    merged: list[tuple[int, int]] = []
    for way, words in sequence:
        if merged and merged[-1][0] == way:
            merged[-1] = (way, merged[-1][1] + words)
        else:
            merged.append((way, words))
    return tuple(merged)


def _port_names(layout: Layout) -> dict[str, str]:
    """Names of the network's streams by tensor: ``i`` and ``o``, or one for each tensor."""
    inputs = list(dict.fromkeys(layout.graph.inputs))
    outputs = list(dict.fromkeys(layout.graph.outputs))
    given = identifiers([*(f"i_{name}" for name in inputs), *(f"o_{name}" for name in outputs)])
    ports = {name: given[f"i_{name}"] for name in inputs} if len(inputs) > 1 else {inputs[0]: "i"}
    return ports | ({name: given[f"o_{name}"] for name in outputs} if len(outputs) > 1
                    else {outputs[0]: "o"})


def _streams(layout: Layout, ports: dict[str, str]) -> tuple[Stream, ...]:
    """The network's ports as the manifest describes them."""
    streams: dict[str, Stream] = {}

    def add(tensor: str, direction: Literal["in", "out"], link: Link, lanes: int) -> None:
        frame = frame_of(layout.graph.tensors[tensor])
        streams[ports[tensor]] = Stream(
            name=ports[tensor], direction=direction, tensor=tensor, format=str(link.format),
            lanes=lanes, vector=frame.vector, vectors=frame.vectors)

    for link in layout.links:
        if not link.source:
            add(link.tensors[0], "in", link, link.lanes[0])
        if not link.target:
            add(link.jobs[0], "out", link, link.lanes[-1])
    return tuple(streams.values())


def _taps(layout: Layout, names: dict[str, str]) -> tuple[Tap, ...]:
    """One tap at every result of every unit."""
    nodes = {node.name: node for node in layout.graph.nodes}
    taps = []
    for unit, result in ((each, number) for each in layout.units
                         for number in range(len(layout.source_formats[each.name]))):
        sequence = []
        for job in unit.jobs:
            tensor = layout.graph.tensors[nodes[job].outputs[result]]
            frame = frame_of(tensor)
            sequence.append(TapTensor(tensor=tensor.name, format=str(tensor.format),
                                      vector=frame.vector, vectors=frame.vectors))
        taps.append(Tap(signal=_tap_name(names[unit.name], result), lanes=lanes_out(unit, result),
                        width=layout.source_formats[unit.name][result].width,
                        sequence=tuple(sequence)))
    return tuple(taps)


def _link_plans(layout: Layout, schedule: Schedule) -> tuple[LinkPlan, ...]:
    return tuple(LinkPlan(name=link.name, source=link.source, target=link.target,
                          tensors=link.tensors, lanes=link.lanes,
                          entry_queue=schedule.queues.get(entry(link.name), 0),
                          queue=schedule.queues.get(link.name, 0)) for link in layout.links)


def _buffers(layout: Layout, schedule: Schedule) -> tuple[Buffer, ...]:
    """Queues, and the vectors that folded dense layers keep."""
    times = {job.job: job for job in schedule.jobs}
    found = []
    for link in layout.links:
        for name, lanes in ((entry(link.name), link.lanes[0]), (link.name, link.lanes[-1])):
            if depth := schedule.queues.get(name):
                lives = [times[job] for job in link.jobs if job in times]
                makers = [job for job in schedule.jobs if job.unit == link.source]
                begin = min((job.first_output for job in makers), default=0)
                found.append(Buffer(
                    name=f"{name}_queue", words=depth, bits=link.format.width * lanes,
                    lifetime=(min([begin, *(job.start for job in lives)]),
                              max([job.end for job in lives + makers]))))
    for unit in layout.units:
        if unit.kind == "dense" and unit.pe in PE_KINDS:
            frames = [frame for link in layout.into(unit.name) for frame in link.taken]
            lives = [times[job] for job in unit.jobs]
            found.append(Buffer(name=f"{unit.name}_vector",
                                words=max(-(-f.vector // unit.lanes) for f in frames),
                                bits=layout.target_formats[unit.name][0].width * unit.lanes,
                                lifetime=(lives[0].start, max(j.end for j in lives))))
    return tuple(found)
