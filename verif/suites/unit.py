"""Cocotb suite for any unit, or many at once: words in, words out, bit for bit.

``GATEMILL_UNITS`` names a JSON file::

    {"stalls": [[0, 0], [0.5, 0.5]],      chances of idle inputs and of stalled outputs
     "deadline": 20000,                   cycles after which a run has failed
     "units": [{
        "name": "Queue(depth=3)",         for messages
        "prefix": "u0__",                 before the names of its streams
        "inputs": {"i": ["1f", ...]},     words in hexadecimal
        "outputs": {"o": {"width": 8, "words": ["1f", ...], "masks": ["ff", ...]}},
        "latency": 1,                     or null; with "after": index of the input word
        "after": 0,                       whose acceptance the first output waits for,
        "since": "",                      on this input stream; "" for all of them
        "interval": {"stream": "i", "words": 1, "cycles": 1} or null}]}

Masks say which bits count: padding may be anything, even unknown. ``width`` is that of a
lane, for messages. Latency and interval are
measured in runs without idling and stalling; the interval holds over the second half of the
words.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from verif.streams import (
    StreamMonitor,
    StreamPorts,
    StreamSink,
    StreamSource,
    as_word,
    pauses,
    reset,
    start_clock,
)

__all__ = ["Job", "Unit", "exact", "recovers_from_reset", "valid_does_not_wait"]

#: Cycles in which a unit must stay silent once all words are out.
QUIET = 30


@dataclass(frozen=True)
class Output:
    """Words expected from a stream, which of their bits count, and the width of a lane."""

    words: tuple[int, ...]
    masks: tuple[int, ...]
    width: int

    def difference(self, index: int, seen: str) -> str | None:
        """Where word ``index`` differs from the bits that were ``seen``; None if nowhere."""
        word, mask = self.words[index], self.masks[index]
        if as_word(seen, mask) == word & mask:
            return None
        bits, counts = f"{word:0{len(seen)}b}", f"{mask:0{len(seen)}b}"
        for lane, end in enumerate(range(len(seen), 0, -self.width)):
            part = slice(end - self.width, end)
            kept = int(counts[part], 2)
            if as_word(seen[part], kept) != int(bits[part], 2) & kept:
                return f"word {index} lane {lane} is {seen[part]} where {bits[part]} was expected"
        raise AssertionError("a word that differs differs in a lane")


@dataclass(frozen=True)
class Unit:
    """One unit under test, as the JSON file describes it."""

    name: str
    prefix: str
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, Output]
    latency: int | None
    after: int
    since: str
    interval: dict[str, Any] | None

    @classmethod
    def read(cls, given: dict[str, Any]) -> Unit:
        """From the JSON object ``given``."""
        def numbers(words: list[str]) -> tuple[int, ...]:
            return tuple(int(word, 16) for word in words)

        return cls(
            given["name"], given["prefix"],
            {name: numbers(words) for name, words in given["inputs"].items()},
            {name: Output(numbers(output["words"]), numbers(output["masks"]), output["width"])
             for name, output in given["outputs"].items()},
            given["latency"], given["after"], given["since"], given["interval"])


@dataclass(frozen=True)
class Job:
    """What the suite is to do."""

    stalls: tuple[tuple[float, float], ...]
    deadline: int
    units: tuple[Unit, ...]

    @classmethod
    def read(cls) -> Job:
        """From the file that ``GATEMILL_UNITS`` names; nothing to do if it names none."""
        path = os.environ.get("GATEMILL_UNITS")
        if path is None:
            return cls((), 0, ())
        given = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(tuple((idle, stall) for idle, stall in given["stalls"]), given["deadline"],
                   tuple(Unit.read(unit) for unit in given["units"]))


_JOB = Job.read()


class _Bench:
    """Sources, sinks and monitors round one unit."""

    def __init__(self, dut: Any, unit: Unit, idle: float, stall: float,
                 patient: bool = False) -> None:
        self.unit = unit
        seed = f"{cocotb.RANDOM_SEED} {unit.prefix}"
        self.sources = {
            name: StreamSource(StreamPorts(dut, unit.prefix + name), words,
                               idle=pauses(idle, f"{seed} {name}"))
            for name, words in unit.inputs.items()}
        ports = {name: StreamPorts(dut, unit.prefix + name) for name in unit.outputs}
        self.sinks = {name: StreamSink(port, stall=pauses(stall, f"{seed} {name}"),
                                       patient=patient)
                      for name, port in ports.items()}
        self.monitors = [StreamMonitor(port) for port in ports.values()]

    def stop(self) -> None:
        for process in [*self.sources.values(), *self.sinks.values(), *self.monitors]:
            process.stop()

    async def finish(self, deadline: int) -> None:
        """Wait for every expected word; say where each stream stands if they do not come."""
        for name, sink in self.sinks.items():
            if not await sink.wait(len(self.unit.outputs[name].words), cycles=deadline):
                self._compare_words()
                raise AssertionError(f"{self.unit.name}: {name} gave too few words in "
                                     f"{deadline} cycles: {self._progress()}")

    def _progress(self) -> str:
        inputs = [f"{name} took {len(source.accepted)} of {len(self.unit.inputs[name])}"
                  for name, source in self.sources.items()]
        outputs = [f"{name} gave {len(sink.words)} of {len(self.unit.outputs[name].words)}"
                   for name, sink in self.sinks.items()]
        return ", ".join(inputs + outputs)

    def _compare_words(self) -> None:
        for name, sink in self.sinks.items():
            expected = self.unit.outputs[name]
            for index, seen in enumerate(sink.words[:len(expected.words)]):
                difference = expected.difference(index, seen)
                assert difference is None, f"{self.unit.name}: {name} {difference}"

    def compare(self) -> None:
        """Every word as expected, no word too many, and no input left over."""
        self._compare_words()
        for name, sink in self.sinks.items():
            expected = self.unit.outputs[name]
            # A unit without inputs, such as a ROM, never ends.
            assert not self.sources or len(sink.words) == len(expected.words), \
                f"{self.unit.name}: {name} gave too many words: {self._progress()}"
        assert all(source.empty for source in self.sources.values()), \
            f"{self.unit.name}: inputs left over: {self._progress()}"

    def measure(self) -> None:
        """Latency and interval as declared."""
        unit = self.unit
        if unit.latency is not None:
            start = max(source.accepted[unit.after] for name, source in self.sources.items()
                        if len(source.accepted) > unit.after and name == (unit.since or name))
            seen = min(sink.offered[0] for sink in self.sinks.values() if sink.offered) - start
            assert seen == unit.latency, \
                f"{unit.name}: the latency is {seen}, but {unit.latency} is declared"
        if unit.interval is not None:
            name, words = unit.interval["stream"], unit.interval["words"]
            times = (self.sources[name].accepted if name in self.sources
                     else self.sinks[name].taken)
            half = times[min(len(times) // 2, max(len(times) - words - 1, 0)):]
            gaps = {late - early for early, late in zip(half, half[words:], strict=False)}
            assert gaps == {unit.interval["cycles"]}, \
                (f"{unit.name}: {words} words of {name} take {sorted(gaps)} cycles, but "
                 f"{unit.interval['cycles']} are declared")


async def _run(dut: Any, idle: float, stall: float, patient: bool = False) -> list[_Bench]:
    """Start from reset, feed every unit, compare all that comes out."""
    await reset(dut)
    benches = [_Bench(dut, unit, idle, stall, patient) for unit in _JOB.units]
    for bench in benches:
        await bench.finish(_JOB.deadline)
    for _ in range(QUIET):
        await RisingEdge(dut.clk)
    for bench in benches:
        bench.compare()
        bench.stop()
    return benches


@cocotb.test()
@cocotb.parametrize((("idle", "stall"), _JOB.stalls))
async def exact(dut: Any, idle: float, stall: float) -> None:
    """Every unit gives the expected words under idling inputs and stalling outputs."""
    start_clock(dut)
    benches = await _run(dut, idle, stall)
    if idle == stall == 0:
        for bench in benches:
            bench.measure()


@cocotb.test(skip=not _JOB.units)
async def valid_does_not_wait(dut: Any) -> None:
    """Every word is offered to consumers that only become ready once it is."""
    start_clock(dut)
    await _run(dut, 0.0, 0.0, patient=True)


@cocotb.test(skip=not _JOB.units)
async def recovers_from_reset(dut: Any) -> None:
    """Resets in mid-stream leave nothing behind: a run after them is like the first."""
    start_clock(dut)
    cycles = random.Random(cocotb.RANDOM_SEED)
    most = max(len(words) for unit in _JOB.units
               for words in [*unit.inputs.values(), *(o.words for o in unit.outputs.values())])
    for _ in range(3):
        await reset(dut)
        benches = [_Bench(dut, unit, 0.2, 0.4) for unit in _JOB.units]
        for _ in range(cycles.randint(1, 2 * most)):
            await RisingEdge(dut.clk)
        for bench in benches:
            bench.stop()
    await _run(dut, 0.2, 0.4)
