"""Streams seen from a cocotb suite: a source, a sink, and a monitor of the rules.

A stream ``i`` has the ports ``i__payload``, ``i__valid`` and ``i__ready``; a tap inside a
network is called with one underscore (``separator="_"``). Everything is sampled at the rising
edge of the clock, before registers change, and driven after it. Words are bit strings as the
simulator gives them, so that an unknown bit is seen and can be masked where it is padding.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Event, RisingEdge, SimTimeoutError, with_timeout
from cocotb.utils import get_sim_time

__all__ = ["PERIOD", "StreamMonitor", "StreamPorts", "StreamSink", "StreamSource", "as_word",
           "cycle", "pauses", "reset", "start_clock"]

#: Nanoseconds of a clock cycle.
PERIOD = 10


def cycle() -> int:
    """Number of the present clock cycle."""
    return round(get_sim_time("ns")) // PERIOD


def start_clock(dut: Any) -> None:
    """Let ``dut.clk`` tick until the test ends."""
    Clock(dut.clk, PERIOD, unit="ns").start()


async def reset(dut: Any, cycles: int = 2) -> None:
    """Hold ``dut.rst`` for some cycles and release it."""
    dut.rst.value = 1
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


def pauses(chance: float, seed: int | str) -> Iterator[bool]:
    """Whether to pause, cycle by cycle: true with probability ``chance``."""
    generator = random.Random(seed)
    while True:
        yield generator.random() < chance


def as_word(bits: str, mask: int = -1) -> int | None:
    """A bit string as an integer, of which ``mask`` keeps what counts; None if that is unknown.

    >>> as_word("01x1", 0b1101), as_word("01x1")
    (5, None)
    """
    if mask >= 0:
        kept = f"{mask:0{len(bits)}b}"[-len(bits):]
        bits = "".join(bit if keep == "1" else "0" for bit, keep in zip(bits, kept, strict=True))
    return int(bits, 2) if set(bits) <= {"0", "1"} else None


class StreamPorts:
    """The signals of the stream ``name`` of ``dut``, with the clock they move by.

    Parameters
    ----------
    dut : handle
        Module with ``clk`` and the signals ``<name><separator>payload``, ``valid``, ``ready``.
    name : str
        As in the manifest, or a path such as ``u3__o``.
    separator : str
        ``"__"`` for ports of a component, ``"_"`` for taps.
    """

    def __init__(self, dut: Any, name: str, separator: str = "__") -> None:
        self.name = name
        self.clk = dut.clk
        self.payload = getattr(dut, f"{name}{separator}payload")
        self.valid = getattr(dut, f"{name}{separator}valid")
        self.ready = getattr(dut, f"{name}{separator}ready")


class _Process:
    """A coroutine that runs until it is stopped."""

    def __init__(self) -> None:
        self._task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """End the process; what it drives stays as it is."""
        self._task.cancel()


class StreamSource(_Process):
    """Drives words into a stream, pausing before a word whenever ``idle`` yields true.

    Once valid, a word stays until it is taken, as the stream rules demand.

    Members
    -------
    accepted : list of int
        The cycle in which each word was taken.
    """

    def __init__(self, ports: StreamPorts, words: Iterable[int], *, idle: Iterator[bool]) -> None:
        self._ports, self._idle = ports, idle
        self._words = list(words)
        self.accepted: list[int] = []
        ports.valid.value = 0
        super().__init__()

    @property
    def empty(self) -> bool:
        """Whether every word was taken."""
        return len(self.accepted) == len(self._words)

    async def _run(self) -> None:
        ports, idle, edge = self._ports, self._idle, RisingEdge(self._ports.clk)
        for word in self._words:
            if next(idle):
                ports.valid.value = 0
                await edge
                while next(idle):
                    await edge
            ports.payload.value = word
            ports.valid.value = 1
            await edge
            while str(ports.ready.value) != "1":
                await edge
            self.accepted.append(cycle())
        ports.valid.value = 0

    def stop(self) -> None:
        """End the source and take back what it offers; only legal under reset."""
        super().stop()
        self._ports.valid.value = 0


class StreamSink(_Process):
    """Takes words from a stream, not being ready whenever ``stall`` yields true.

    Parameters
    ----------
    patient : bool
        Whether it only becomes ready once a word is offered: a producer whose ``valid``
        waits for ``ready`` never moves.

    Members
    -------
    words : list of str
        The words taken, as bit strings.
    offered, taken : list of int
        The cycle in which each was first offered, and the one in which it was taken.
    """

    def __init__(self, ports: StreamPorts, *, stall: Iterator[bool], patient: bool = False
                 ) -> None:
        self._ports, self._stall, self._patient = ports, stall, patient
        self._awaited, self._enough = 0, Event()
        self.words: list[str] = []
        self.offered: list[int] = []
        self.taken: list[int] = []
        ports.ready.value = 0
        super().__init__()

    async def _run(self) -> None:
        ports, stall, edge = self._ports, self._stall, RisingEdge(self._ports.clk)
        driven = False
        offered: int | None = None
        while True:
            ready = not next(stall) and (offered is not None or not self._patient)
            if ready != driven:
                ports.ready.value = int(ready)
                driven = ready
            await edge
            if str(ports.valid.value) != "1":
                continue
            now = cycle()
            if offered is None:
                offered = now
            if ready:
                self.words.append(str(ports.payload.value))
                self.offered.append(offered)
                self.taken.append(now)
                offered = None
                if len(self.words) == self._awaited:
                    self._enough.set()

    async def wait(self, count: int, *, cycles: int) -> bool:
        """Wait until ``count`` words were taken; whether that was so within ``cycles``."""
        if len(self.words) >= count:
            return True
        self._awaited = count
        self._enough.clear()
        try:
            await with_timeout(self._enough.wait(), max(cycles, 1) * PERIOD, "ns")
        except SimTimeoutError:
            return False
        return True

    def stop(self) -> None:
        """End the sink; nothing more is taken."""
        super().stop()
        self._ports.ready.value = 0


class StreamMonitor(_Process):
    """Fails the test when a stream breaks the rules.

    A word that is offered must stay, valid and payload, until it is taken; ``valid`` must
    never be unknown, nor ``ready`` while a word is offered. Works on taps as well, since it
    only watches. Start it after reset, and stop it before the next.

    Parameters
    ----------
    ports : StreamPorts
    record : bool
        Whether to keep the words that pass, in ``words``, as bit strings.
    """

    def __init__(self, ports: StreamPorts, *, record: bool = False) -> None:
        self._ports, self._record = ports, record
        self.words: list[str] = []
        super().__init__()

    async def _run(self) -> None:
        ports, edge = self._ports, RisingEdge(self._ports.clk)
        held: str | None = None
        while True:
            await edge
            valid = str(ports.valid.value)
            assert valid in "01", f"{ports.name}: valid is {valid} in cycle {cycle()}"
            assert held is None or valid == "1", \
                f"{ports.name}: valid fell before ready in cycle {cycle()}"
            if valid == "0":
                continue
            ready = str(ports.ready.value)
            assert ready in "01", f"{ports.name}: ready is {ready} in cycle {cycle()}"
            if ready == "1" and held is None and not self._record:
                continue
            payload = str(ports.payload.value)
            assert held is None or payload == held, \
                f"{ports.name}: payload changed before ready in cycle {cycle()}"
            held = None if ready == "1" else payload
            if ready == "1" and self._record:
                self.words.append(payload)
