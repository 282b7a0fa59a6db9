"""Monotone staircases by binary search over thresholds in memory."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import RowJob, ThresholdSpec

from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..memory.rows import RowCounter
from ..shapes import vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["BinarySearchThreshold"]


class BinarySearchThreshold(wiring.Component):
    """``base`` plus (or minus) the number of thresholds that each accumulator reaches.

    A pipeline of one stage for each bit of that number, as in FINN's thresholding: stage
    ``k`` holds ``2**k`` thresholds of every channel and decides one bit. Takes a word every
    cycle while the consumer is ready; never drops or reorders. The sum wraps in the
    target's bits.

    Parameters
    ----------
    spec : ThresholdSpec
        ``signed_steps`` says whether rows may fall; ``threshold`` is not used.
    lanes : int
    thresholds : tuple of tuple of int
        ``spec.count`` for each row, ascending.
    bases : tuple of int
        Result below all thresholds, for each row.
    falling : tuple of bool or None
        Whether each row's steps are -1 instead of +1; None if none are.
    jobs : tuple of RowJob
        Which rows the words of the stream need, cyclically; by default row 0 always.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: ThresholdSpec, lanes: int, thresholds: tuple[tuple[int, ...], ...],
                 bases: tuple[int, ...], falling: tuple[bool, ...] | None = None,
                 jobs: tuple[RowJob, ...] = (RowJob(1, shared=True),)) -> None:
        if not isinstance(spec, ThresholdSpec):
            raise TypeError(f"spec must be a ThresholdSpec, not {spec!r}")
        self._spec, self._lanes = spec, lanes
        self._counter = RowCounter(jobs, lanes)
        self._thresholds, self._bases = thresholds, bases
        self._falling = falling or (False,) * len(thresholds)
        self._check(jobs)
        super().__init__({
            "i": In(stream.Signature(vector_of(spec.source, lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, lanes))),
        })

    def _check(self, jobs: tuple[RowJob, ...]) -> None:
        rows = len(self._thresholds)
        if not rows == len(self._bases) == len(self._falling):
            raise ValueError(f"thresholds, bases and falling must have as many rows, not "
                             f"{rows}, {len(self._bases)} and {len(self._falling)}")
        if any(self._falling) and not self._spec.signed_steps:
            raise ValueError("a row falls, but the spec's steps are not signed")
        for row in self._thresholds:
            if len(row) != self._spec.count or list(row) != sorted(row):
                raise ValueError(f"every row must hold {self._spec.count} ascending thresholds, "
                                 f"not {row!r}")
        for job in jobs:
            if job.rows.stop > rows:
                raise ValueError(f"{job} needs {job.rows.stop} rows, but there are {rows}")

    @property
    def spec(self) -> ThresholdSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def stages(self) -> int:
        """Bits of the number of thresholds."""
        return self._spec.count.bit_length()

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self.stages + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        m.submodules.counter = counter = self._counter
        m.d.comb += counter.advance.eq(self.i.valid & self.i.ready)
        for lane in range(self._lanes):
            m.submodules[f"lane_{lane}"] = self._lane(lane, enable)
        return m

    def _lane(self, lane: int, enable: Value) -> Module:
        m = Module()
        rows = [self._prepared(row) for row in self._counter.rows(lane)]
        acc, place = self.i.payload[lane], self._counter.place
        found: Value = Const(0, 0)
        for stage in range(self.stages):
            m.submodules[f"limits_{stage}"] = rom = self._limits(stage, rows)
            m.d.comb += [rom.enable.eq(enable), rom.address_0.eq(Cat(found, place))]
            last_place = place
            acc = registered(m, acc, enable=enable, name=f"acc_{stage}")
            place = registered(m, place, enable=enable, name=f"place_{stage}")
            found = registered(m, found, enable=enable, name=f"found_{stage}")
            limit = rom.data_0.as_signed() if self._spec.source.min < 0 else rom.data_0
            above = Signal(name=f"above_{stage}")
            m.d.comb += above.eq(acc > limit)
            found = Cat(above, found)
        m.submodules.bases = bases = self._base_rom(rows)
        m.d.comb += [bases.enable.eq(enable),
                     bases.address_0.eq(last_place if self.stages else place)]
        base, falls = bases.data_0[1:], bases.data_0[0]
        if self.stages:
            base = registered(m, Mux(falls, base - found, base + found)[:len(base)],
                              enable=enable, name="result")
        m.d.comb += self.o.payload[lane].eq(base)
        return m

    def _prepared(self, row: int) -> tuple[list[int], int, bool]:
        """The greatest code below each threshold, padded to ``2**stages - 1``; base; falling.

        Thresholds that every code reaches go into the base; those out of reach become the
        greatest code, which none exceeds: so all fit the source's own width.
        """
        source, falls = self._spec.source, bool(self._falling[row])
        limits = [min(t - 1, source.max) for t in self._thresholds[row] if t > source.min]
        always = self._spec.count - len(limits)
        limits += [source.max] * ((1 << self.stages) - 1 - len(limits))
        return limits, self._bases[row] + (-always if falls else always), falls

    def _limits(self, stage: int, rows: list[tuple[list[int], int, bool]]) -> LookupRom:
        """What a stage compares with: by row, then by the bits found so far."""
        step = 1 << (self.stages - stage)
        width = self._spec.source.width
        return LookupRom(width, tuple(limits[part * step + step // 2 - 1] % (1 << width)
                                      for limits, _, _ in rows for part in range(1 << stage)))

    def _base_rom(self, rows: list[tuple[list[int], int, bool]]) -> LookupRom:
        width = self._spec.target.width
        return LookupRom(width + 1, tuple(base % (1 << width) << 1 | falls
                                          for _, base, falls in rows))
