"""The static schedule: when every word of every job moves, and so how deep queues must be.

Each unit takes its words in a fixed order at fixed times after they arrive, so that the
whole network is a cyclo-static dataflow graph. Its times follow from those of its inputs by
running maxima. Two consequences are used:

* queue depths are the largest number of words that wait at a unit's door in the periodic
  schedule in which samples enter one interval apart;
* that schedule is one admissible execution within those depths, and in a dataflow graph with
  bounded channels whether an execution can go on for ever does not depend on timing; so no
  pattern of stalls at the ports can lead to a deadlock (E. A. Lee and D. G. Messerschmitt,
  "Static scheduling of synchronous data flow programs", IEEE Trans. Computers C-36, 1987;
  G. Bilsen et al., "Cyclo-static dataflow", IEEE Trans. Signal Processing 44, 1996).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node
from sw_model.ops import MatMul, Reshape

from .layout import Frame, Layout, Link
from .plan import JobTime, Prediction, Unit

__all__ = ["Latencies", "Schedule", "entry", "make_schedule"]

Times = NDArray[np.int64]

#: Samples after which a schedule is taken to be periodic.
SAMPLES = 6


@dataclass(frozen=True)
class Latencies:
    """Cycles from taking a word to offering what it gives.

    Parameters
    ----------
    units : mapping of str to int
        By unit.
    down, up : int
        Of the adapters on links.
    queue : callable
        Of a queue, by its depth.
    """

    units: Mapping[str, int]
    down: int
    up: int
    queue: Callable[[int], int]


@dataclass
class Schedule:
    """Queue depths by name (see :func:`entry`), times of every job, interval and latency."""

    queues: dict[str, int]
    jobs: list[JobTime]
    prediction: Prediction


@dataclass
class _Run:
    """One walk through a number of samples."""

    free: dict[str, int] = field(default_factory=dict)
    entered: dict[str, list[Times]] = field(default_factory=dict)
    accepted: dict[str, list[Times]] = field(default_factory=dict)
    jobs: list[JobTime] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def make_schedule(layout: Layout, latencies: Latencies) -> Schedule:
    """The periodic schedule of ``layout``."""
    # `ready` runs backwards through a layer's units within a cycle; two words at the door of
    # each dense unit keep it from running through the next layer as well.
    kinds = {unit.name: unit.kind for unit in layout.units}
    queues = {link.name: 2 for link in layout.links
              if link.source and kinds.get(link.target) == "dense"}
    while True:
        free_running = _walk(layout, latencies, queues, None)
        interval = max(np.diff(free_running.ends)[-3:].tolist())
        periodic = _walk(layout, latencies, queues, interval)
        doors = [door for link in layout.links if not _waits_outside(layout, link)
                 for door in (entry(link.name), link.name)]
        grown = {door: _depth(periodic, door, queues.get(door, 0)) for door in doors}
        grown = {door: depth for door, depth in grown.items() if depth}
        if grown == queues:
            return Schedule(queues, periodic.jobs, Prediction(
                interval=interval, latency=max(1, periodic.ends[0])))
        queues = grown


def entry(link: str) -> str:
    """Name of the queue in front of a link's adapters; the one behind has the link's name."""
    return f"{link}_entry"


def _waits_outside(layout: Layout, link: Link) -> bool:
    """Whether words can wait with the network's user: an input with one reader."""
    return not link.source and len([other for other in layout.out_of("")
                                    if other.tensors == link.tensors]) == 1


def _depth(run: _Run, door: str, before: int) -> int:
    """Words that a queue must hold so that nobody waits for room; 0 if no word ever waits.

    A place that a word leaves can be taken again in the next cycle.
    """
    if not run.accepted[door]:
        return 0
    entered = np.concatenate(run.entered[door])
    accepted = np.concatenate(run.accepted[door])
    arrived = np.arange(1, len(entered) + 1)
    left = np.searchsorted(accepted, entered, side="left" if before else "right")
    return max(before, int((arrived - left).max()))


def _in_turn(ready: Times, free: int) -> Times:
    """When a server that takes a word a cycle takes words that are ready at given times."""
    turn = np.arange(len(ready))
    return np.maximum(np.maximum.accumulate(ready - turn), free) + turn


def _walk(layout: Layout, latencies: Latencies, queues: Mapping[str, int],
          interval: int | None) -> _Run:
    """Times of :data:`SAMPLES` samples, ``interval`` apart or as fast as they are taken."""
    run = _Run()
    for link in layout.links:
        for door in (entry(link.name), link.name):
            run.entered[door], run.accepted[door] = [], []
    waiting: dict[tuple[str, str], Times] = {}
    for sample in range(SAMPLES):
        enters = 0 if interval is None else sample * interval
        end = 0
        for tensor in layout.graph.inputs:
            for link in layout.out_of(""):
                if link.tensors == (tensor,):
                    words = link.given[0].words(link.lanes[0])
                    offers = np.full(words, enters, np.int64)
                    waiting[link.name, tensor] = _travel(run, link, 0, offers, latencies, queues)
        for node in layout.graph.nodes:
            if isinstance(node, Reshape):
                continue
            given = _serve(layout, node, run, waiting, latencies, sample == 0)
            for link in layout.links:
                if node.outputs[0] in link.tensors and link.source:
                    place = link.tensors.index(node.outputs[0])
                    times = _travel(run, link, place, given, latencies, queues)
                    waiting[link.name, node.outputs[0]] = times
                    if not link.target:
                        end = max(end, int(times[-1]))
        run.ends.append(end)
    return run


def _serve(layout: Layout, node: Node, run: _Run, waiting: dict[tuple[str, str], Times],
           latencies: Latencies, record: bool) -> Times:
    """Run one job: note when it takes its words, return when it offers its results."""
    unit = next(u for u in layout.units if node.name in u.jobs)
    link = next(link for link in layout.into(unit.name) if node.name in link.jobs)
    place = link.jobs.index(node.name)
    offers = waiting[link.name, link.tensors[place]]
    free = run.free.get(unit.name, 0)
    if isinstance(node, MatMul):
        rows = layout.graph.input_tensors(node)[1].shape[0]
        assert isinstance(rows, int)
        taken, worked, given = _dense(unit, rows, link.taken[place], offers, free)
    else:
        taken = worked = given = _in_turn(offers, free)
        if unit.kind == "argmax":
            frame = link.taken[place]
            given = taken.reshape(frame.vectors, -1)[:, -1]
    run.free[unit.name] = int(worked[-1]) + 1
    run.accepted[link.name].append(taken)
    given = given + latencies.units[unit.name]
    if record:
        run.jobs.append(JobTime(job=node.name, unit=unit.name, start=int(taken[0]),
                                first_output=int(given[0]), end=int(given[-1]),
                                busy=int(worked[-1] - worked[0]) + 1))
    return given


def _dense(unit: Unit, rows: int, frame: Frame, offers: Times, free: int
           ) -> tuple[Times, Times, Times]:
    """Times of a folded dense layer: words taken, cycles worked, folds done."""
    words = -(-frame.vector // unit.lanes)
    folds = -(-rows // unit.rows)
    taken, worked, given = [], [], []
    for vector in offers.reshape(frame.vectors, words):
        ready = np.full(words * folds, vector[0])
        ready[:words] = vector
        cycles = _in_turn(ready, free)
        free = int(cycles[-1]) + 1
        taken.append(cycles[:words])
        worked.append(cycles)
        given.append(cycles[words - 1::words])
    return np.concatenate(taken), np.concatenate(worked), np.concatenate(given)


def _travel(run: _Run, link: Link, place: int, offers: Times, latencies: Latencies,
            queues: Mapping[str, int]) -> Times:
    """When the words of a tensor are offered at the end of a link."""
    times = offers
    for step, (before, after) in enumerate(zip(link.lanes, link.lanes[1:], strict=False)):
        key = f"{link.name}/{step}"
        free = run.free.get(key, 0)
        if after > before:
            times, run.free[key] = _widen(link.taken[place], before, after, times, free)
            times = times + latencies.up
            continue
        door = entry(link.name)
        run.entered[door].append(times)
        if depth := queues.get(door, 0):
            times = times + latencies.queue(depth)
        times, accepted = _narrow(link.given[place], before, after, times, free, latencies.down)
        run.accepted[door].append(accepted)
        run.free[key] = int(times[-1]) + 1
    run.entered[link.name].append(times)
    depth = queues.get(link.name, 0)
    return times + latencies.queue(depth) if depth else times


def _narrow(frame: Frame, before: int, after: int, offers: Times, free: int, latency: int
            ) -> tuple[Times, Times]:
    """When narrow words are offered, one a cycle, and when the wide ones are taken."""
    parts, wide = -(-frame.vector // after), -(-frame.vector // before)
    turn = np.arange(frame.words(after))
    source = (turn // parts) * wide + (turn % parts) // (before // after)
    times = _in_turn(offers[source] + latency, free)
    first = np.flatnonzero(np.diff(source, prepend=-1))
    return times, times[first] - latency


def _widen(frame: Frame, before: int, after: int, offers: Times, free: int) -> tuple[Times, int]:
    """When the last part of each wide word is taken, and when the next can be."""
    vector = -(-frame.vector // before)
    taken = _in_turn(offers, free)
    turn = np.arange(len(offers)) % vector
    last = ((turn + 1) % (after // before) == 0) | (turn == vector - 1)
    return taken[last], int(taken[-1]) + 1
