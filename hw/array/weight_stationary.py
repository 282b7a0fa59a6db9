# amaranth: UnusedElaboratable=no
"""The weight-stationary systolic array: weights stay, activations and sums move."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..network.loops import Loops
from ..pe import element_of
from ..shapes import vector_of
from ..streams.pipeline import valid_chain
from ..unique import Unique
from .edges import pace, parts_of, skewed
from .gemm import GemmJob, GemmSpec, check_accumulator, check_padding, whole
from .pass_sums import PassSums
from .weight_cell import WeightRow

__all__ = ["WeightStationary"]


class WeightStationary(wiring.Component):
    """Products of matrices on R x C cells, each of which keeps ``lanes`` weights of a column.

    A tile is R * lanes rows of the weights times C columns. It is loaded in R words, a row of
    cells each, which move down; row 0 is the lowest. Then M words of activations stream through
    it from the left, skewed row by row; sums move down, and those of the tiles of one column of
    tiles are added up at the lower edge (:class:`PassSums`). Tiles come along K first. So a
    source gives every weight once, and the activations ``ceil(N/C)`` times. A result word is C
    accumulators of a row, in the order of the rows, for each C columns in turn; columns past N
    are padding.

    Pairs past K must have a product of zero; columns past N may be anything. While ``o`` stalls
    everything stands still.

    Cycles, by the interval and latency of the processing element: ``tiles * (M * interval +
    R + C - 2) + drain`` for ``tiles = ceil(K/(R*lanes)) * ceil(N/C)``, and R for each load, or
    only for the first if ``double_buffered``: then weights come in while the tile before is at
    work. ``drain`` is 3, for the registers of operands, sums and results, 2 for the sums over
    several tiles along K, and ``latency - interval``.

    Parameters
    ----------
    spec : GemmSpec
    double_buffered : bool
        Whether cells have registers for the next tile's weights.

    Raises
    ------
    ValueError
        If the kind of processing element does not take the formats, no padding of K has a
        product of zero, or the accumulator does not hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, rows * lanes)))``
        Row of cells by row of cells, ``lanes`` codes each.
    weights : ``In(stream.Signature(vector_of(weights, columns * lanes)))``
        Of a row of cells: column by column, ``lanes`` codes each.
    o : ``Out(stream.Signature(vector_of(accumulator, columns)))``
    """

    def __init__(self, spec: GemmSpec, *, double_buffered: bool = True) -> None:
        if not isinstance(spec, GemmSpec):
            raise TypeError(f"spec must be a GemmSpec, not {spec!r}")
        for job in spec.jobs:
            check_padding(spec.activations, spec.weights, job.inner, spec.rows * spec.lanes)
        self._spec, self._double_buffered = spec, double_buffered
        self._pe = element_of(spec.pe, spec.dot, spec.family)
        check_accumulator(spec.accumulator, spec.dot, [job.inner for job in spec.jobs],
                          reach=spec.reach)
        self._sums = PassSums(spec.accumulator, spec.columns, tuple(
            (job.rows, self.passes(job), whole(job.columns, spec.columns)) for job in spec.jobs))
        super().__init__({
            "i": In(stream.Signature(vector_of(spec.activations, spec.rows * spec.lanes))),
            "weights": In(stream.Signature(
                vector_of(spec.weights, spec.columns * spec.lanes))),
            "o": Out(stream.Signature(vector_of(spec.accumulator, spec.columns)))})

    @property
    def spec(self) -> GemmSpec:
        return self._spec

    @property
    def latency(self) -> int:
        """Cycles from taking a word of the last tile along K to offering its result."""
        return self._depth + self._sums.latency

    @property
    def _depth(self) -> int:
        """Cycles to the lower edge."""
        return 2 + self._pe.latency + self._spec.skew

    @property
    def step(self) -> int:
        """Cycles from taking a word of activations to taking the next one of a tile."""
        return self._pe.interval

    def passes(self, job: GemmJob) -> int:
        """Tiles along K."""
        return whole(job.inner, self._spec.rows * self._spec.lanes)

    def tiles(self, job: GemmJob) -> int:
        """Tiles of a product."""
        return self.passes(job) * whole(job.columns, self._spec.columns)

    def tile_interval(self, job: GemmJob) -> int:
        """Cycles between two tiles."""
        load = 0 if self._double_buffered else self._spec.rows
        return job.rows * self.step + self._spec.skew + load

    def interval(self, job: GemmJob) -> int:
        """Cycles between two products."""
        return self.tiles(job) * self.tile_interval(job)

    def cycles(self, job: GemmJob) -> int:
        """Cycles of one product: from that in which its first weights are taken to that in
        which its last result is offered, both counted."""
        last_tile = self._spec.rows + (self.tiles(job) - 1) * self.tile_interval(job)
        return last_tile + (job.rows - 1) * self.step + self.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self._spec
        m.submodules.loops = loops = Loops(tuple(
            (job.rows, self.tiles(job)) for job in spec.jobs))
        enable = Signal()
        fire = Signal()
        rest = self.step - 1 + spec.skew
        free = pace(m, fire, last=loops.last_0, within=self.step - 1, after=Const(rest),
                    most=rest, enable=enable)

        # Weights of a whole tile are there before its first word of activations is taken.
        loaded = Signal(range(spec.rows + 1))
        full = Signal()
        load = Signal()
        swap = Signal()
        release = Signal()
        if self._double_buffered:
            m.d.comb += [release.eq(swap), load.eq(self.weights.valid & (~full | swap))]
        else:
            m.d.comb += [release.eq(fire & loops.last_0),
                         load.eq(self.weights.valid & ~full & free)]
        m.d.comb += [
            full.eq(loaded == spec.rows), swap.eq(fire & loops.first_0),
            fire.eq(self.i.valid & free & (full | ~loops.first_0)),
            loops.advance.eq(fire & enable),
            self.i.ready.eq(enable & free & (full | ~loops.first_0)),
            self.weights.ready.eq(enable & load)]
        with m.If(enable):
            m.d.sync += loaded.eq(Mux(release, 0, loaded) + load)

        m.submodules.sums = sums = self._sums
        m.d.comb += [
            enable.eq(self.o.ready | ~self.o.valid), sums.enable.eq(enable),
            sums.valid.eq(valid_chain(m, fire, depth=self._depth, enable=enable)[-1]),
            self.o.valid.eq(sums.complete), self.o.payload.eq(sums.o)]
        m.d.comb += [lane.eq(value) for lane, value in zip(
            sums.i, self._cells(m, fire, load, swap, enable), strict=True)]
        return m

    def _cells(self, m: Module, fire: Signal, load: Signal, swap: Signal, enable: Signal
               ) -> list[Any]:
        """The array between its skews, row 0 the lowest; the sums of all columns."""
        spec = self._spec
        rows = [Unique(WeightRow, spec.pe, spec.dot, spec.accumulator, self._double_buffered,
                       spec.columns, spec.family) for _ in range(spec.rows)]
        a = skewed(m, parts_of(self.i.payload, spec.rows)[::-1], enable=enable, name="a")
        started = (fire, *valid_chain(m, fire, depth=spec.rows, enable=enable))
        for k, row in enumerate(rows):
            m.submodules[f"row_{spec.rows - 1 - k}"] = row
            m.d.comb += [row.enable.eq(enable), row.a.eq(a[k]), row.start.eq(started[k]),
                         row.load.eq(load), row.swap.eq(swap)]
            if k:
                m.d.comb += [row.w.eq(rows[k - 1].next_w), row.sum.eq(rows[k - 1].next_sum)]
            else:
                m.d.comb += row.w.as_value().eq(self.weights.payload.as_value())
        return skewed(m, list(rows[-1].next_sum), enable=enable, name="sum",
                      delays=reversed(range(spec.columns)))
