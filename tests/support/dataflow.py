"""Words without contents through a netlist, cycle by cycle: who waits for whom, and for how long.

A model of the parts' handshakes alone, written from their docstrings and not from the
compiler's schedule: queues are bounded, pipelines stall as a whole, and in every cycle
``valid`` runs forwards and ``ready`` backwards until nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.design import Design
from hw.array.dense import DenseLayer
from hw.memory.rom import RomProvider
from hw.network.netlist import Pin
from hw.nonlinear.argmax import ArgMax
from hw.streams import Fork, Queue, Route, Select, WidthDown, WidthUp

__all__ = ["Flow", "Stuck", "flow"]


class Stuck(AssertionError):
    """Nothing moves any more."""


@dataclass
class Wire:
    """A stream in one cycle."""

    valid: bool = False
    ready: bool = False

    @property
    def moves(self) -> bool:
        return self.valid and self.ready


class Part:
    """A part between wires; ``settle`` drives what it drives, ``tick`` ends the cycle."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire]) -> None:
        self.i, self.o = list(i), list(o)

    def settle(self) -> None: ...

    def tick(self) -> None: ...


class Pipeline(Part):
    """``keeps`` says cyclically which of the words that go in give one that comes out."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire], latency: int,
                 keeps: Sequence[bool] = (True,)) -> None:
        super().__init__(i, o)
        self.stages, self.keeps, self.place = [False] * latency, list(keeps), 0

    def settle(self) -> None:
        self.o[0].valid = self.stages[-1]
        self.i[0].ready = self.o[0].ready or not self.stages[-1]

    def tick(self) -> None:
        if self.i[0].ready:
            kept = self.i[0].valid and self.keeps[self.place]
            self.place = (self.place + self.i[0].valid) % len(self.keeps)
            self.stages = [kept, *self.stages[:-1]]


class Dense(Part):
    """Takes the words of a vector in its first fold, works on in the others without any."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire], layer: DenseLayer) -> None:
        super().__init__(i, o)
        spec = layer.spec
        self.steps = [(fold == 0, word == spec.column_words(job) - 1)
                      for job in spec.jobs for _ in range(job.vectors)
                      for fold in range(spec.row_folds(job))
                      for word in range(spec.column_words(job))]
        self.place, self.stages = 0, [False] * layer.latency

    def settle(self) -> None:
        self.o[0].valid = self.stages[-1]
        enable = self.o[0].ready or not self.stages[-1]
        self.i[0].ready = enable and self.steps[self.place][0]

    def tick(self) -> None:
        if self.o[0].ready or not self.stages[-1]:
            takes, ends = self.steps[self.place]
            fires = self.i[0].valid or not takes
            self.place = (self.place + fires) % len(self.steps)
            self.stages = [fires and ends, *self.stages[:-1]]


class Bounded(Part):
    """A queue: of one word a register, which is refilled in the cycle in which it is emptied."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire], depth: int) -> None:
        super().__init__(i, o)
        self.depth, self.latency = depth, 1 if depth <= 2 else 2
        self.ages: list[int] = []

    def settle(self) -> None:
        self.o[0].valid = bool(self.ages) and self.ages[0] >= self.latency
        self.i[0].ready = len(self.ages) < self.depth or (self.depth == 1 and self.o[0].ready)

    def tick(self) -> None:
        if self.o[0].moves:
            self.ages.pop(0)
        if self.i[0].moves:
            self.ages.append(0)
        self.ages = [age + 1 for age in self.ages]


class Down(Part):
    """Cuts words; the next one comes when the last part goes."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire], change: WidthDown) -> None:
        super().__init__(i, o)
        self.counts = [-(-min(change.wide, length - start) // change.narrow)
                       for length, vectors in change.jobs for _ in range(vectors)
                       for start in range(0, length, change.wide)]
        self.word, self.left = 0, 0

    def settle(self) -> None:
        self.o[0].valid = self.left > 0
        self.i[0].ready = self.left == 0 or (self.left == 1 and self.o[0].ready)

    def tick(self) -> None:
        self.left -= self.o[0].moves
        if self.i[0].moves:
            self.left, self.word = self.counts[self.word], (self.word + 1) % len(self.counts)


class Up(Part):
    """Gathers parts; takes none while a gathered word waits."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire], change: WidthUp) -> None:
        super().__init__(i, o)
        self.ends = [(start + change.narrow) % change.wide == 0 or start + change.narrow >= length
                     for length, vectors in change.jobs for _ in range(vectors)
                     for start in range(0, length, change.narrow)]
        self.place, self.full = 0, False

    def settle(self) -> None:
        self.o[0].valid = self.full
        self.i[0].ready = not self.full or self.o[0].ready

    def tick(self) -> None:
        if self.i[0].ready:
            self.full = self.i[0].valid and self.ends[self.place]
            self.place = (self.place + self.i[0].valid) % len(self.ends)


class Forking(Part):
    """Remembers who has taken the word."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire]) -> None:
        super().__init__(i, o)
        self.done = [False] * len(o)

    def settle(self) -> None:
        for done, wire in zip(self.done, self.o, strict=True):
            wire.valid = self.i[0].valid and not done
        self.i[0].ready = all(done or wire.ready
                              for done, wire in zip(self.done, self.o, strict=True))

    def tick(self) -> None:
        if self.i[0].valid:
            taken = [done or wire.ready for done, wire in zip(self.done, self.o, strict=True)]
            self.done = [done and not self.i[0].ready for done in taken]


class InTurn(Part):
    """One stream into or out of several."""

    def __init__(self, i: Sequence[Wire], o: Sequence[Wire],
                 sequence: Sequence[tuple[int, int]]) -> None:
        super().__init__(i, o)
        self.ways = [way for way, words in sequence for _ in range(words)]
        self.place = 0

    def settle(self) -> None:
        way = self.ways[self.place]
        source = self.i[way if len(self.i) > 1 else 0]
        target = self.o[way if len(self.o) > 1 else 0]
        for wire in self.o:
            wire.valid = wire is target and source.valid
        for wire in self.i:
            wire.ready = wire is source and target.ready

    def tick(self) -> None:
        if any(wire.moves for wire in self.i):
            self.place = (self.place + 1) % len(self.ways)


class Source(Part):
    """A user who sometimes offers nothing, but takes no offer back."""

    def __init__(self, wire: Wire, words: int, idle: float, rng: np.random.Generator) -> None:
        super().__init__([], [wire])
        self.left, self.idle, self.rng, self.offers = words, idle, rng, False
        self._decide()

    def _decide(self) -> None:
        self.offers = self.left > 0 and self.rng.random() >= self.idle

    def settle(self) -> None:
        self.o[0].valid = self.offers

    def tick(self) -> None:
        if self.o[0].moves:
            self.left -= 1
        if self.o[0].moves or not self.offers:
            self._decide()


class Sink(Part):
    """A user who sometimes takes nothing; notes the cycles of the words."""

    def __init__(self, wire: Wire, stall: float, rng: np.random.Generator) -> None:
        super().__init__([wire], [])
        self.stall, self.rng, self.cycle, self.times = stall, rng, 0, []
        self.takes = self.rng.random() >= self.stall

    def settle(self) -> None:
        self.i[0].ready = self.takes

    def tick(self) -> None:
        if self.i[0].moves:
            self.times.append(self.cycle)
        self.cycle += 1
        self.takes = self.rng.random() >= self.stall


@dataclass(frozen=True)
class Flow:
    """Cycles in which the last word of every sample left, by output stream."""

    ends: Mapping[str, np.ndarray]

    @property
    def latency(self) -> int:
        """Cycles from the first sample's first word to its last."""
        return max(int(times[0]) for times in self.ends.values())

    def interval(self, over: int) -> float:
        """Cycles from sample to sample, over the last ``over`` samples."""
        return max(float(times[-1] - times[-1 - over]) / over for times in self.ends.values())


def flow(design: Design, samples: int, *, idle: float = 0.0, stall: float = 0.0, seed: int = 0,
         depths: Mapping[str, int] | None = None, patience: int = 3000) -> Flow:
    """Send ``samples`` samples through ``design``.

    Parameters
    ----------
    idle, stall : float
        Chances that a user offers or takes nothing in a cycle.
    depths : mapping of str to int, optional
        Other depths of queues, by the parts' names; 0 takes the queue out.
    patience : int
        Cycles without a transfer after which it is stuck.

    Raises
    ------
    Stuck
        If words are missing then, or there are too many.
    """
    rng = np.random.default_rng(seed)
    pins, wires = {}, []
    for one in design.component.wires:
        wires.append(Wire())
        pins[one.source] = pins[one.target] = wires[-1]
    parts = [made for name, component in design.component.parts.items()
             if (made := _part(name, component, pins, (depths or {}).get(name))) is not None]
    streams = {stream.name: stream for stream in design.streams}
    words = {name: stream.vectors * -(-stream.vector // stream.lanes)
             for name, stream in streams.items()}
    sinks = {}
    for name, stream in streams.items():
        if stream.direction == "in":
            parts.append(Source(pins[Pin("", name)], samples * words[name], idle, rng))
        else:
            sinks[name] = Sink(pins[Pin("", name)], stall, rng)
    parts += sinks.values()
    quiet, wanted = 0, {name: samples * words[name] for name in sinks}
    while any(len(sink.times) < wanted[name] for name, sink in sinks.items()):
        _cycle(parts, wires)
        quiet = 0 if any(wire.moves for wire in wires) else quiet + 1
        if quiet > patience:
            raise Stuck(f"{ {name: len(sink.times) for name, sink in sinks.items()} } "
                        f"of {wanted} words")
    for _ in range(50):
        _cycle(parts, wires)
    if any(len(sink.times) > wanted[name] for name, sink in sinks.items()):
        raise Stuck("more words came than were due")
    return Flow({name: np.array(sink.times[words[name] - 1::words[name]])
                 for name, sink in sinks.items()})


def _cycle(parts: Sequence[Part], wires: Sequence[Wire]) -> None:
    """One clock cycle: the least fixed point of all handshakes, then the clock edge."""
    for wire in wires:
        wire.valid = wire.ready = False
    before: list[tuple[bool, bool]] = []
    while (now := [(wire.valid, wire.ready) for wire in wires]) != before or not before:
        before = now
        for part in parts:
            part.settle()
    for part in parts:
        part.tick()


def _part(name: str, component: Any, pins: Mapping[Pin, Wire], depth: int | None) -> Part | None:
    if isinstance(component, RomProvider):
        return None  # always has the next word
    i, o = (_wires(pins, name, member) for member in "io")
    match component:
        case DenseLayer():
            return Dense(i, o, component)
        case Fork():
            return Forking(i, o)
        case Route() | Select():
            return InTurn(i, o, component.sequence)
        case WidthDown():
            return Down(i, o, component)
        case WidthUp():
            return Up(i, o, component)
        case Queue():
            if depth == 0:
                return InTurn(i, o, [(0, 1)])
            return Bounded(i, o, component.depth if depth is None else depth)
        case ArgMax():
            keeps = [word == job.words(component.lanes) - 1 for job in component.spec.jobs
                     for _ in range(job.vectors) for word in range(job.words(component.lanes))]
            return Pipeline(i, o, component.latency, keeps)
    return Pipeline(i, o, component.latency)


def _wires(pins: Mapping[Pin, Wire], name: str, member: str) -> list[Wire]:
    one = pins.get(Pin(name, member))
    if one is not None:
        return [one]
    ways = sorted((pin.way, wire) for pin, wire in pins.items()
                  if pin.part == name and pin.member == member)
    return [wire for _, wire in ways]
