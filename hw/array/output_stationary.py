# amaranth: UnusedElaboratable=no
"""The output-stationary systolic array: operands move, every cell keeps its sum."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arith.sections import sectioned_sum, sections
from ..network.loops import Loops
from ..shapes import vector_of
from ..streams.pipeline import valid_chain
from ..streams.sequence import choose, count_steps, shortened
from ..unique import Unique
from .edges import pace, parts_of, skewed
from .gemm import GemmJob, GemmSpec, check_accumulator, check_padding, whole
from .output_cell import FLOW, OutputRow, cell_element

__all__ = ["OutputStationary"]


class OutputStationary(wiring.Component):
    """Products of matrices on R x C cells, each of which sums one element of the result.

    A tile is R rows of the activations times C columns of the weights: ``ceil(K/lanes)`` words
    of either stream, taken together, of which the array skews row by row and column by column.
    For each R rows of the activations come all tiles of the weights' columns, so a source gives
    each row ``ceil(N/C)`` times, and each column ``ceil(M/R)`` times.

    Results leave at the lower edge, through which weights would: the lowest row's first, those
    of the rows above move down a row a cycle while the next tile is summed. Row 0 of the tile
    is the lowest, so results come in the order of the rows, one word of C accumulators for each;
    columns past N are padding, rows past M are not offered. A tile of fewer words than there
    are rows waits for the results of the one before, of its own product or another.

    Pairs past K must have a product of zero; rows and columns past M and N may be anything.
    While ``o`` stalls everything stands still.

    Cycles, by the interval and latency of the processing element: ``tiles * ceil(K/lanes) *
    interval + (R + C - 2) + drain`` for ``tiles = ceil(M/R) * ceil(N/C)``, where ``drain`` is a
    cycle for each row of the last tile, two for the registers of operands and results, and
    ``latency - interval``; with ``carry_save`` also one for each 8 bits of the accumulator. Without
    ``overlapped`` a tile enters once the last cell has taken the one before: ``tiles *
    (ceil(K/lanes) * interval + R + C - 2) + drain``.

    Parameters
    ----------
    spec : GemmSpec
    overlapped : bool
        Whether a tile follows the one before through the array.
    carry_save : bool
        Whether cells keep their sums as two numbers (see :class:`.output_cell.OutputCell`), which
        an adder for each column adds, 8 bits a cycle.

    Raises
    ------
    ValueError
        If the kind of processing element does not take the formats, no padding of K has a
        product of zero, or the accumulator does not hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, rows * lanes)))``
        Row by row, ``lanes`` codes each.
    weights : ``In(stream.Signature(vector_of(weights, columns * lanes)))``
        Column by column, ``lanes`` codes each.
    o : ``Out(stream.Signature(vector_of(accumulator, columns)))``
    """

    def __init__(self, spec: GemmSpec, *, overlapped: bool = True,
                 carry_save: bool = False) -> None:
        if not isinstance(spec, GemmSpec):
            raise TypeError(f"spec must be a GemmSpec, not {spec!r}")
        for job in spec.jobs:
            check_padding(spec.activations, spec.weights, job.inner, spec.lanes)
        self._spec, self._overlapped, self._carry_save = spec, overlapped, carry_save
        self._pe = cell_element(spec.pe, spec.dot, spec.accumulator, spec.family, carry_save)
        self._adding = sections(spec.accumulator.width) if carry_save else 0
        check_accumulator(spec.accumulator, spec.dot, [job.inner for job in spec.jobs],
                          reach=spec.reach)
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
        """Cycles from taking a tile's last word to offering its first result."""
        return 2 + self._pe.latency + self._spec.skew + self._adding

    @property
    def step(self) -> int:
        """Cycles from taking a word to taking the next one of a tile."""
        return self._pe.interval

    def words(self, job: GemmJob) -> int:
        """Words of a tile."""
        return whole(job.inner, self._spec.lanes)

    def tiles(self, job: GemmJob) -> int:
        """Tiles of a product."""
        return whole(job.rows, self._spec.rows) * whole(job.columns, self._spec.columns)

    def tile_interval(self, job: GemmJob) -> int:
        """Cycles from the last word of the tile before, of whatever job, to a tile's last one."""
        summing = self.words(job) * self.step
        if self._overlapped:
            return max(summing, self._spec.rows)
        return summing + self._spec.skew

    def interval(self, job: GemmJob) -> int:
        """Cycles from the last word of the product before, of whatever job, to a product's last
        one."""
        return self.tiles(job) * self.tile_interval(job)

    def cycles(self, job: GemmJob) -> int:
        """Cycles of one product: from that in which its first word is taken to that in which
        its last result is offered, both counted."""
        last_word = (self.tiles(job) - 1) * self.tile_interval(job) + (
            self.words(job) - 1) * self.step
        return last_word + self.latency + self._used(job)

    def _rest_before(self, job: GemmJob) -> int:
        """Cycles between the last word of a tile of whatever job and the first of this one's."""
        return self.tile_interval(job) - (self.words(job) - 1) * self.step - 1

    def _used(self, job: GemmJob) -> int:
        """Rows of the last tile that are not padding."""
        return (job.rows - 1) % self._spec.rows + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        jobs = self._spec.jobs
        m.submodules.loops = loops = Loops(tuple(
            (self.words(job), self.tiles(job)) for job in jobs))
        enable = Signal()
        fire = Signal()
        rests = [self._rest_before(job) for job in jobs]
        after = Mux(loops.last_1, choose([*rests[1:], rests[0]], loops.job),
                    choose(rests, loops.job))
        free = pace(m, fire, last=loops.last_0, within=self.step - 1, after=after,
                    most=max(rests), enable=enable)
        m.d.comb += [
            enable.eq(self.o.ready | ~self.o.valid),
            fire.eq(self.i.valid & self.weights.valid & free),
            loops.advance.eq(fire & enable),
            self.i.ready.eq(enable & self.weights.valid & free),
            self.weights.ready.eq(enable & self.i.valid & free),
        ]
        collected = self._cells(m, fire, loops.last_0, enable)

        # The last column's lowest result is the output register.
        words = self._words_of_tile(m, collected & enable)
        more = Signal(range(max(2, self._spec.rows)))
        with m.If(enable):
            m.d.sync += [self.o.valid.eq(collected | more.any()), more.eq(more - more.any())]
            with m.If(collected):
                m.d.sync += more.eq(words - 1)
        return m

    def _cells(self, m: Module, fire: Signal, last: Signal, enable: Signal) -> Signal:
        """The array between its skews, row 0 the lowest; whether a tile has its last sum."""
        spec = self._spec
        rows = [Unique(OutputRow, spec.pe, spec.dot, spec.accumulator, spec.columns, spec.family,
                       self._carry_save) for _ in range(spec.rows)]
        flow = Signal(FLOW)
        m.d.comb += [flow.start.eq(fire)] + [
            flag.eq(valid_chain(m, first, depth=self._pe.latency, enable=enable)[-1])
            for flag, first in ((flow.add, fire), (flow.close, fire & last))]
        a = skewed(m, parts_of(self.i.payload, spec.rows)[::-1], enable=enable, name="a")
        w = skewed(m, parts_of(self.weights.payload, spec.columns), enable=enable, name="w")
        lowest = rows[-1]
        for k, row in enumerate(rows):
            m.submodules[f"row_{spec.rows - 1 - k}"] = row
            m.d.comb += [row.enable.eq(enable), row.a.eq(a[k]), row.flow.eq(flow),
                         row.collect.eq(lowest.done)]
            if k:
                above = rows[k - 1]
                m.d.comb += [row.w.eq(above.next_w), row.drain.eq(above.result),
                             row.shift.eq(above.next_shift)]
            else:
                m.d.comb += [part.eq(code) for part, code in zip(row.w, w, strict=True)]
            later = Signal(FLOW, name=f"flow_{k}")
            with m.If(enable):
                m.d.sync += later.eq(flow)
            flow = later
        results = list(lowest.result)
        if self._carry_save:
            results = [sectioned_sum(m, *pair, enable=enable, name=f"sum_{k}")
                       for k, pair in enumerate(results)]
        straight = skewed(m, results, enable=enable, name="result",
                          delays=reversed(range(spec.columns)))
        m.d.comb += [lane.eq(value) for lane, value in zip(self.o.payload, straight, strict=True)]
        done = lowest.done[-1]
        return valid_chain(m, done, depth=self._adding, enable=enable)[-1] if self._adding else done

    def _words_of_tile(self, m: Module, collected: Signal) -> Any:
        """Words of the tile that is collected: all rows, or those of a product's last."""
        spec = self._spec
        runs = []
        for job in spec.jobs:
            across = whole(job.columns, spec.columns)
            full = (job.rows - 1) // spec.rows * across
            runs += [(spec.rows, full)] * bool(full) + [(self._used(job), across)]
        runs = shortened(runs)
        tile = count_steps(m, [tiles for _, tiles in runs], advance=collected, name="run")
        return choose([words for words, _ in runs], tile.index)
