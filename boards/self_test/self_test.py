"""A design that tests itself: vectors and digests inside, a verdict on LEDs and a UART."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect

from verif.manifest import Stream

from ..shell.accelerator import Accelerator
from .digest import Digest
from .player import Player
from .report import DIGITS, Decimal, Report

__all__ = ["SelfTest"]


class SelfTest(wiring.Component):
    """Run every sample through the accelerator, once, and tell for ever how it went.

    The verdict is PASS if each sample of each output has its digest, and FAIL if not, or if
    ``limit`` cycles pass before the last has come.

    Parameters
    ----------
    streams : sequence of Stream
        Of the manifest.
    accelerator : Accelerator
    words : mapping of str to sequence of int
        By input stream: the words of all samples.
    digests : mapping of str to sequence of int
        By output stream: the CRC-32 of each sample, see :class:`Digest`.
    limit : int
        Cycles.
    title, build : str
        What the line says first and last.
    divisor : int
        Clock cycles of the UART's bit.
    pause : int
        Cycles from one line to the next.

    Members
    -------
    tx : ``Out(1)``
        ``<title>: PASS|FAIL, <samples> samples, <cycles> cycles, build <build>``.
    led : ``Out(2)``
        Bit 0: passed; bit 1: failed; neither while it runs.
    """

    def __init__(self, streams: Sequence[Stream], accelerator: Accelerator, *,
                 words: Mapping[str, Sequence[int]], digests: Mapping[str, Sequence[int]],
                 limit: int, title: str, build: str, divisor: int, pause: int) -> None:
        self._streams, self._accelerator = tuple(streams), accelerator
        self._words, self._digests, self._limit = words, digests, limit
        samples = len(next(iter(digests.values())))
        self._report = Report(f"{title}: ", f", {samples} samples, ", f" cycles, build {build}",
                              divisor=divisor, pause=pause)
        super().__init__({"tx": Out(1), "led": Out(2)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.accelerator = accelerator = self._accelerator
        m.submodules.report = report = self._report
        m.submodules.cycles = cycles = Decimal(DIGITS)
        ended, passed = [], []
        for each in self._streams:
            if each.direction == "in":
                part: Any = Player(each.width, self._words[each.name])
                connect(m, part.o, getattr(accelerator, each.name))
            else:
                expected = self._digests[each.name]
                part = Digest(each, expected)
                connect(m, getattr(accelerator, each.name), part.i)
                ended.append(part.ended)
                passed.append(part.passed == len(expected))
            m.submodules[f"{each.name}_vectors"] = part
        done, passes, runs = Signal(), Signal(), Signal()
        left = Signal(range(self._limit + 1), init=self._limit)
        with m.If(accelerator.moved):
            m.d.sync += runs.eq(1)
        with m.If(~done):
            m.d.sync += [left.eq(left - 1), done.eq(Cat(ended).all() | (left == 0)),
                         passes.eq(Cat(ended, passed).all())]
        m.d.comb += [
            cycles.count.eq((accelerator.moved | runs) & ~Cat(ended).all() & ~done),
            self.led.eq(Cat(done & passes, done & ~passes)), self.tx.eq(report.tx),
            report.start.eq(done), report.passed.eq(passes),
            *(to.eq(of) for to, of in zip(report.digits, cycles.o, strict=True)),
        ]
        return m
