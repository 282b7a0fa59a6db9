# amaranth: UnusedElaboratable=no
"""Monotone staircases by binary search over thresholds in memory."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import RowJob, ThresholdSpec

from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..memory.rows import RowCounter
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["BinarySearchLane", "BinarySearchThreshold"]

#: Thresholds of a channel, the result below them, and whether it falls from there.
Row = tuple[tuple[int, ...], int, bool]


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
        self._rows = self._checked(thresholds, bases, falling, jobs)
        super().__init__({
            "i": In(stream.Signature(vector_of(spec.source, lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, lanes))),
        })

    def _checked(self, thresholds: tuple[tuple[int, ...], ...], bases: tuple[int, ...],
                 falling: tuple[bool, ...] | None, jobs: tuple[RowJob, ...]) -> tuple[Row, ...]:
        falling = falling or (False,) * len(thresholds)
        if not len(thresholds) == len(bases) == len(falling):
            raise ValueError(f"thresholds, bases and falling must have as many rows, not "
                             f"{len(thresholds)}, {len(bases)} and {len(falling)}")
        if any(falling) and not self._spec.signed_steps:
            raise ValueError("a row falls, but the spec's steps are not signed")
        for row in thresholds:
            if len(row) != self._spec.count or list(row) != sorted(row):
                raise ValueError(f"every row must hold {self._spec.count} ascending thresholds, "
                                 f"not {row!r}")
        for job in jobs:
            if job.rows.stop > len(thresholds):
                raise ValueError(f"{job} needs {job.rows.stop} rows, "
                                 f"but there are {len(thresholds)}")
        return tuple(zip(thresholds, bases, falling, strict=True))

    @property
    def spec(self) -> ThresholdSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def rows(self) -> tuple[Row, ...]:
        """Thresholds, base and whether it falls, for each row."""
        return self._rows

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._spec.count.bit_length() + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        m.submodules.counter = counter = self._counter
        m.d.comb += counter.advance.eq(self.i.valid & self.i.ready)
        for number in range(self._lanes):
            rows = tuple(self._rows[row] for row in counter.rows(number))
            m.submodules[f"lane_{number}"] = lane = Unique(BinarySearchLane, self._spec, rows)
            m.d.comb += [lane.enable.eq(enable), lane.i.eq(self.i.payload[number]),
                         lane.place.eq(counter.place), self.o.payload[number].eq(lane.o)]
        return m


class BinarySearchLane(wiring.Component):
    """One lane of :class:`BinarySearchThreshold`: its memories and comparators.

    Parameters
    ----------
    spec : ThresholdSpec
    rows : tuple of (tuple of int, int, bool)
        At each place: thresholds, base, and whether the row falls.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(shape_of(spec.source))``
    place : ``In(unsigned(ceil(log2(len(rows)))))``
        Where the row for ``i`` stands.
    o : ``Out(shape_of(spec.target))``
        The result, one more enabled cycle later than there are stages.
    """

    def __init__(self, spec: ThresholdSpec, rows: tuple[Row, ...]) -> None:
        self._spec, self._stages = spec, spec.count.bit_length()
        self._rows = [self._prepared(*row) for row in rows]
        super().__init__({"enable": In(1), "i": In(shape_of(spec.source)),
                          "place": In(unsigned((len(rows) - 1).bit_length())),
                          "o": Out(shape_of(spec.target))})

    def _prepared(self, thresholds: tuple[int, ...], base: int, falls: bool) -> Row:
        """The greatest code below each threshold, padded to ``2**stages - 1``; base; falling.

        Thresholds that every code reaches go into the base; those out of reach become the
        greatest code, which none exceeds: so all fit the source's own width.
        """
        source = self._spec.source
        limits = [min(t - 1, source.max) for t in thresholds if t > source.min]
        always = len(thresholds) - len(limits)
        limits += [source.max] * ((1 << self._stages) - 1 - len(limits))
        return tuple(limits), base + (-always if falls else always), falls

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        acc, place, before = self.i, self.place, self.place
        found: Value = Const(0, 0)
        for number in range(self._stages):
            m.submodules[f"limits_{number}"] = rom = self._limits(number)
            m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(Cat(found, place))]
            before, place = place, stage(place, f"place_{number}")
            acc = stage(acc, f"acc_{number}")
            limit = rom.word(0).as_signed() if self._spec.source.min < 0 else rom.word(0)
            above = Signal(name=f"above_{number}")
            m.d.comb += above.eq(acc > limit)
            found = Cat(above, stage(found, f"found_{number}"))
        m.submodules.bases = bases = self._bases()
        m.d.comb += [bases.enable.eq(self.enable), bases.address_0.eq(before)]
        base, falls = bases.word(0)[1:], bases.word(0)[0]
        if self._stages:
            base = stage(Mux(falls, base - found, base + found)[:len(base)], "result")
        m.d.comb += self.o.eq(base)
        return m

    def _limits(self, stage: int) -> LookupRom:
        """What a stage compares with: by row, then by the bits found so far."""
        step = 1 << (self._stages - stage)
        width = self._spec.source.width
        return LookupRom(width, tuple(limits[part * step + step // 2 - 1] % (1 << width)
                                      for limits, _, _ in self._rows
                                      for part in range(1 << stage)))

    def _bases(self) -> LookupRom:
        width = self._spec.target.width
        return LookupRom(width + 1, tuple(base % (1 << width) << 1 | falls
                                          for _, base, falls in self._rows))
