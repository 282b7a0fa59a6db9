"""The static schedule: when every word of every job moves, and so how deep queues must be.

Each unit takes its words in a fixed order at fixed times after they arrive, so that the
whole network is a cyclo-static dataflow graph. Its times follow from those of its inputs by
running maxima. The schedule is periodic: samples enter one interval apart, the interval is
the shortest at which they come to follow one another alike, and everything else follows from
it:

* queue depths are the largest number of words that wait at a unit's door;
* the schedule is one admissible execution within those depths. In a dataflow graph with
  bounded channels execution as early as possible is nowhere later than any admissible one, so
  that the interval is reached; and whether an execution can go on for ever does not depend on
  timing, so that no pattern of stalls at the ports can lead to a deadlock (E. A. Lee and D. G.
  Messerschmitt, "Static scheduling of synchronous data flow programs", IEEE Trans. Computers
  C-36, 1987; G. Bilsen et al., "Cyclo-static dataflow", IEEE Trans. Signal Processing 44, 1996;
  F. Baccelli et al., "Synchronization and linearity", Wiley, 1992).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node
from sw_model.ops import AveragePool, Concatenate, MatMul, MaxPool, Reshape

from .frames import Frame, frame_of, operands
from .kinds import UNIT_KINDS, each_word
from .layout import Layout, Link, lanes_out
from .plan import JobTime, Prediction, Unit
from .unit_times import (
    apart,
    behind,
    dense,
    in_turn,
    narrow,
    widen,
    window_cycles,
    window_times,
)

__all__ = ["Latencies", "Schedule", "entry", "make_schedule"]

Times = NDArray[np.int64]

#: Samples after which the pace of a network that is fed without a pause is estimated.
WARM_UP = 8


@dataclass(frozen=True)
class Latencies:
    """Cycles from taking a word to offering what it gives.

    Parameters
    ----------
    units : mapping of str to tuple of int
        By unit, of each of its results.
    down, up : int
        Of the adapters on links.
    queue : callable
        Of a queue, by its depth.
    steps : mapping of str to int
        Cycles from taking a word to taking the next one, of the units that need several.
    gaps : mapping of str to int
        Cycles from vector to vector, of the units that need more than its words.
    passes : mapping of str to int
        How often a vector waits, of the units in which it does so more than once.
    """

    units: Mapping[str, tuple[int, ...]]
    down: int
    up: int
    queue: Callable[[int], int]
    steps: Mapping[str, int] = field(default_factory=dict)
    gaps: Mapping[str, int] = field(default_factory=dict)
    passes: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Schedule:
    """Queue depths by name (see :func:`entry`), times of every job, interval and latency."""

    queues: dict[str, int]
    jobs: list[JobTime]
    prediction: Prediction


def make_schedule(layout: Layout, latencies: Latencies) -> Schedule:
    """The periodic schedule of ``layout``."""
    queues = _cuts(layout)
    doors = [door for link in layout.links for door in _doors(layout, link)]
    while True:
        walk, interval = _shortest(layout, latencies, queues)
        grown = {door: walk.depth(door, interval) for door in doors}
        grown = {door: depth for door, depth in grown.items() if depth}
        if grown == queues:
            return Schedule(queues, walk.jobs, Prediction(
                interval=interval, latency=max(1, walk.first_end)))
        queues = grown


def entry(link: str) -> str:
    """Name of the queue in front of a link's adapters; the one behind has the link's name."""
    return f"{link}_entry"


def _cuts(layout: Layout) -> dict[str, int]:
    """Queues that end the way of ``ready``, which runs backwards within a cycle.

    Two words at the door of each dense unit keep it from running through a layer and the
    next one as well, and two in every other cycle of units from biting its own tail.
    """
    kinds = {unit.name: unit.kind for unit in layout.units}
    cut = {link.name: 2 for link in layout.links
           if link.source and kinds.get(link.target) == "dense"}
    onward: dict[str, set[str]] = {unit: set() for unit in kinds}
    for link in layout.links:
        if link.source and link.target and link.name not in cut:
            if link.source in _reached(onward, link.target):
                cut[link.name] = 2
            else:
                onward[link.source].add(link.target)
    return cut


def _reached(onward: Mapping[str, set[str]], start: str) -> set[str]:
    """``start`` and the units behind it."""
    found, new = set(), {start}
    while new:
        found |= new
        new = set().union(*(onward[unit] for unit in new)) - found
    return found


def _doors(layout: Layout, link: Link) -> list[str]:
    """Where words of a link may have to wait.

    With the network's user they can wait for nothing, unless the input has more readers.
    """
    outside = not link.source and len(layout.from_input(link.tensors[0])) == 1
    doors = [entry(link.name)] * (len(link.lanes) > 1) + [link.name]
    return doors[1:] if outside else doors


def _shortest(layout: Layout, latencies: Latencies, queues: Mapping[str, int]
              ) -> tuple[_Walk, int]:
    """A walk at the shortest interval at which samples come to follow one another alike."""
    hurried = _Walk(layout, latencies, queues)
    for _ in range(WARM_UP):
        hurried.step(0)
    least, guess = hurried.work, hurried.pace
    tried: dict[int, _Walk | None] = {}

    def settles(interval: int) -> bool:
        if interval not in tried:
            tried[interval] = _settled(layout, latencies, queues, interval)
        return tried[interval] is not None

    stride = 1
    while not settles(guess):
        least, guess, stride = guess + 1, guess + stride, 2 * stride
    # A guess too long is as rare as one too short: look next to it before anywhere else.
    high, middle = guess, guess - 1
    while least < high:
        if settles(middle):
            high = middle
        else:
            least = middle + 1
        middle = (least + high) // 2
    walk = tried[high]
    assert walk is not None
    return walk, high


def _settled(layout: Layout, latencies: Latencies, queues: Mapping[str, int], interval: int
             ) -> _Walk | None:
    """A walk until two samples in a row are alike; None if that never happens.

    What delays a sample is a chain of resources that earlier ones kept busy. Each can be in
    it once, or the chain closes and delays grow for ever: so samples are alike after as
    many as there are resources, or never.
    """
    walk = _Walk(layout, latencies, queues)
    before: dict[str, int] = {}
    for sample in range(len(layout.units) + sum(len(link.lanes) for link in layout.links) + 3):
        walk.step(sample * interval)
        if before and all(end == before[key] + interval for key, end in walk.free.items()):
            return walk
        before = dict(walk.free)
    return None


@dataclass
class _Walk:
    """Samples on their way through the network, one after the other.

    ``free`` says from which cycle on each unit and adapter is free; ``entered`` and
    ``accepted`` hold for every door, by sample, when words come to it and leave it.
    """

    layout: Layout
    latencies: Latencies
    queues: Mapping[str, int]
    free: dict[str, int] = field(default_factory=dict)
    entered: dict[str, list[Times]] = field(default_factory=dict)
    accepted: dict[str, list[Times]] = field(default_factory=dict)
    jobs: list[JobTime] = field(default_factory=list)
    first_end: int = 0
    _busy: Counter[str] = field(default_factory=Counter)
    _ends: list[dict[str, int]] = field(default_factory=list)

    @property
    def work(self) -> int:
        """Cycles for which a sample keeps the busiest unit or adapter: no interval is less."""
        return max(self._busy.values()) // len(self._ends)

    @property
    def pace(self) -> int:
        """Cycles from sample to sample over the second half of the walk, rounded up."""
        half = len(self._ends) // 2
        count = len(self._ends) - half
        return max(-(-(end - self._ends[half - 1][key]) // count)
                   for key, end in self._ends[-1].items())

    def step(self, enters: int) -> None:
        """Send a sample whose first words may enter in cycle ``enters``."""
        waiting: dict[tuple[str, str], Times] = {}
        first = not self._ends
        for tensor in self.layout.graph.inputs:
            for link in self.layout.from_input(tensor):
                words = link.given[0].words(link.lanes[0])
                waiting[link.name, tensor] = self._travel(link, 0, enters + np.arange(words))
        for node in self.layout.graph.nodes:
            if isinstance(node, Reshape):
                continue
            for name, given in zip(node.outputs, self._serve(node, waiting, first), strict=True):
                for link in self.layout.links:
                    if link.source and name in link.tensors:
                        times = self._travel(link, link.tensors.index(name), given)
                        waiting[link.name, name] = times
                        if first and not link.target:
                            self.first_end = max(self.first_end, int(times[-1]))
        self._ends.append(dict(self.free))

    def depth(self, door: str, interval: int) -> int:
        """Words that a queue must hold so that nobody waits for room; 0 if no word waits.

        A place that a word leaves can be taken again in the next cycle.
        """
        if door not in self.accepted:
            return 0
        before = self.queues.get(door, 0)
        entered, accepted = (np.concatenate(times[door]) for times in (self.entered, self.accepted))
        left = np.searchsorted(accepted, entered, side="left" if before else "right")
        walked = int((np.arange(1, len(entered) + 1) - left).max())
        last = self.entered[door][-1], self.accepted[door][-1] + (before > 0)
        return max(before, walked, _for_ever(*last, interval))

    def _serve(self, node: Node, waiting: Mapping[tuple[str, str], Times], record: bool
               ) -> list[Times]:
        """Run one job: note when it takes its words, return when it offers its results."""
        layout = self.layout
        unit = next(u for u in layout.units if node.name in u.jobs)
        links = [next(link for link in layout.into(unit.name, operand) if node.name in link.jobs)
                 for operand in range(len(operands(layout.graph, node)))]
        each = [waiting[link.name, link.tensors[link.jobs.index(node.name)]] for link in links]
        turns = isinstance(node, Concatenate)
        offers = behind(each, links[0].taken[0].vectors) if turns else np.maximum.reduce(each)
        frame, free = links[0].taken[links[0].jobs.index(node.name)], self.free.get(unit.name, 0)
        step = self.latencies.steps.get(unit.name, 1)
        if isinstance(node, MatMul):
            rows = layout.graph.input_tensors(node)[1].shape[0]
            assert isinstance(rows, int)
            taken, folds, cycles = dense(unit, rows, frame, offers, free, step)
            given, last = [folds], int(folds[-1])
        elif isinstance(node, AveragePool | MaxPool):
            words = -(-frame.vector // unit.lanes)
            taken, found, busy = window_times(node.spec.axes, words, offers, free)
            given, last, cycles = [found], busy - 1, window_cycles(node.spec.axes, words)
        else:
            taken, given, cycles = self._words(unit, node, frame, offers)
            last = int(taken[-1])
        self.free[unit.name] = last + step
        self._busy[unit.name] += cycles
        parts = apart(taken, each, frame.vectors) if turns else [taken] * len(links)
        for link, times in zip(links, parts, strict=True):
            self.accepted.setdefault(link.name, []).append(times)
        given = [times + latency for times, latency in zip(
            given, self.latencies.units[unit.name], strict=True)]
        if record:
            self.jobs.append(JobTime(job=node.name, unit=unit.name, start=int(taken[0]),
                                     first_output=int(given[0][0]),
                                     end=max(int(times[-1]) for times in given),
                                     busy=last - int(taken[0]) + step))
        return given

    def _words(self, unit: Unit, node: Node, frame: Frame, offers: Times
               ) -> tuple[Times, list[Times], int]:
        """Times of a unit other than a dense one: words taken, words of each result given but for
        the latency; and the cycles of its work."""
        step, gap = (each.get(unit.name, 1) for each in (self.latencies.steps,
                                                         self.latencies.gaps))
        free = self.free.get(unit.name, 0)
        wait = (self.latencies.passes.get(unit.name, 1) - 1) * (-(-frame.vector // unit.lanes) - 1)
        if gap == 1:
            taken = in_turn(offers, free, step)
            cycles = step * len(taken)
        else:
            # What takes so long comes behind all waits, which are longer for longer rows.
            ready = self.free.get(f"{unit.name}/gap", 0) - wait
            rows = []
            for row in offers.reshape(frame.vectors, -1):
                rows.append(in_turn(row, free, step))
                # The row's end starts what takes so long.
                rows[-1][-1] = max(rows[-1][-1], ready)
                free, ready = int(rows[-1][-1]) + step, int(rows[-1][-1]) + gap
            taken = np.concatenate(rows)
            self.free[f"{unit.name}/gap"] = ready + wait
            cycles = frame.vectors * max(step * len(rows[0]), gap)
        given = []
        for number, result in enumerate(UNIT_KINDS[unit.kind].results):
            made = frame_of(self.layout.graph.tensors[node.outputs[number]])
            places = result.releases(node, frame, made, unit.lanes, lanes_out(unit, number))
            key = f"{unit.name}/out{number}"
            given.append(in_turn(taken[places] + wait, self.free.get(key, 0)))
            if result.releases is not each_word:
                self.free[key] = int(given[-1][-1]) + 1
        return taken, given, cycles

    def _travel(self, link: Link, place: int, offers: Times) -> Times:
        """When the words of a tensor are offered at the end of a link."""
        times = offers
        for step, (before, after) in enumerate(zip(link.lanes, link.lanes[1:], strict=False)):
            key = f"{link.name}/{step}"
            free = self.free.get(key, 0)
            if after > before:
                self._busy[key] += len(times)
                times, self.free[key] = widen(link.taken[place], before, after, times, free)
                times = times + self.latencies.up
                continue
            times, taken = narrow(link.given[place], before, after,
                                   self._enter(entry(link.name), times), free,
                                   self.latencies.down)
            self.accepted.setdefault(entry(link.name), []).append(taken)
            self._busy[key] += len(times)
            self.free[key] = int(times[-1]) + 1
        return self._enter(link.name, times)

    def _enter(self, door: str, times: Times) -> Times:
        """Note when words come to a door; when they are behind its queue, if it has one."""
        self.entered.setdefault(door, []).append(times)
        depth = self.queues.get(door, 0)
        return times + self.latencies.queue(depth) if depth else times


def _for_ever(entered: Times, accepted: Times, interval: int) -> int:
    """Most words that wait when the same words come and leave every ``interval`` cycles."""

    def passed(times: Times) -> Times:
        """How many of all periods' words have times of at most ``entered``, less a constant."""
        turns, rest = np.divmod(times, interval)
        turn, now = np.divmod(entered, interval)
        return len(times) * turn - turns.sum() + np.searchsorted(np.sort(rest), now, side="right")

    return int((passed(entered) - passed(accepted)).max())
