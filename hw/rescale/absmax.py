# amaranth: UnusedElaboratable=no
"""Rows scaled by their own largest magnitude, without a divider."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import Out, connect, flipped

from sw_model.specs import AbsMaxSpec

from ..arith.registered import registered
from ..rows import RowUnit
from ..rows.annotate import Annotate
from ..rows.reduce import RowMaximum, range_of
from ..shapes import shape_between, shape_of
from ..streams import Register
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique
from .lane_unit import Lane

__all__ = ["AbsMaxQuantiser", "QuotientLane", "RowPeak"]


class AbsMaxQuantiser(RowUnit):
    """``round(x * most / peak)`` for rows, ``peak`` the largest magnitude, half to even; exact.

    Takes and offers a word a cycle: a row waits in a memory until its peak is known, while the
    one before comes out. A quotient has as many bits as codes have; each is found by a
    subtraction in a pipeline, so that there is neither a divider nor a reciprocal. Rows of zeros
    have peak 0 and codes 0.

    Peaks are offered no later than the first codes of their row. They do not wait for those to
    be taken, but the codes of the next row wait until a peak is taken.

    Parameters
    ----------
    spec : AbsMaxSpec
    lanes : int
    longest : int
        Elements of the longest row.

    Members
    -------
    i : ``In(stream.Signature(row_layout(shape_of(spec.source), lanes)))``
        Rows of 1 to ``longest`` elements.
    o : ``Out(stream.Signature(row_layout(shape_of(spec.target), lanes)))``
        Lanes that do not belong to the row may be anything.
    scales : ``Out(stream.Signature(ArrayLayout(shape_of(spec.peak), 1)))``
        The peak of each row: a code stands for ``code * peak / most``.
    """

    def __init__(self, spec: AbsMaxSpec, lanes: int, longest: int) -> None:
        if not isinstance(spec, AbsMaxSpec):
            raise TypeError(f"spec must be an AbsMaxSpec, not {spec!r}")
        self._spec = spec
        scales = Out(stream.Signature(ArrayLayout(shape_of(spec.peak), 1)))
        super().__init__(shape_of(spec.source), shape_of(spec.target), lanes, longest,
                         scales=scales)
        self._pass = Annotate(RowPeak(shape_of(spec.source), lanes), self.words)
        self.scale_latency = self._pass.latency + 1
        self.latency = self._pass.latency + QuotientLane(spec).latency

    @property
    def spec(self) -> AbsMaxSpec:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        m.submodules.annotate = annotate = self._pass
        connect(m, flipped(self.i), annotate.i)
        row, peak = annotate.o.payload.row, annotate.o.payload.found

        # A row's first word takes the place of the peak before.
        m.submodules.held = held = Register(shape_of(spec.peak))
        words = stream.Signature(annotate.o.payload.shape()).create(path=("words",))
        first = Signal(init=1)
        m.d.comb += [
            words.payload.eq(annotate.o.payload),
            words.valid.eq(annotate.o.valid & (~first | held.i.ready)),
            annotate.o.ready.eq(words.ready & (~first | held.i.ready)),
            held.i.valid.eq(annotate.o.valid & first & words.ready), held.i.payload.eq(peak),
            self.scales.valid.eq(held.o.valid), held.o.ready.eq(self.scales.ready),
            self.scales.payload[0].eq(held.o.payload)]
        with m.If(words.valid & words.ready):
            m.d.sync += first.eq(row.last)

        enable = stalling_pipeline(m, words, self.o, depth=QuotientLane(spec).latency)
        self._quotients(m, row, peak, enable)
        return m

    def _quotients(self, m: Module, row: Any, peak: Value, enable: Value) -> None:
        peaks = [peak := registered(m, peak, enable=enable, name=f"peak_{k}")
                 for k in range(QuotientLane(self._spec).latency - 2)]
        for number in range(self.lanes):
            m.submodules[f"lane_{number}"] = lane = Unique(QuotientLane, self._spec)
            m.d.comb += [lane.enable.eq(enable), lane.i.eq(row.data[number]),
                         self.o.payload.data[number].eq(lane.o)]
            m.d.comb += [lane.peaks[k].eq(each) for k, each in enumerate(peaks)]
        for name in ("keep", "last"):
            m.d.comb += self.o.payload[name].eq(registered(
                m, row[name], enable=enable, name=name, stages=QuotientLane(self._spec).latency))


class RowPeak(RowMaximum):
    """The largest magnitude of each row. See :class:`hw.rows.reduce.RowReduction` for the rate.

    Parameters
    ----------
    source : shape
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(shape_between(0, most)))``
        Most: the largest magnitude of the source's shape.
    """

    def __init__(self, source: ShapeLike, lanes: int) -> None:
        low, high = range_of(source)
        # Not its own constructor: what comes out has another shape than what goes in.
        super(RowMaximum, self).__init__(source, shape_between(0, max(-low, high)), lanes)

    @property
    def _neutral(self) -> int:
        return 0

    def _tree(self, m: Module, lanes: list[Value], enable: Value) -> Value:
        return super()._tree(m, [_magnitude(lane) for lane in lanes], enable)


class QuotientLane(Lane):
    """One element of :class:`AbsMaxQuantiser`: a bit of its code for each stage.

    Half up, the code is ``(2*most*|x| + peak) // (2*peak)``; of a tie, where nothing remains,
    the odd one is 1 too large. Before a bit is found, what remains is less than twice its
    ``2*peak``, so that a stage subtracts no more bits than the peak has, and one.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(shape_of(spec.source))``
    peaks : ``In(ArrayLayout(shape_of(spec.peak), latency - 2))``
        The row's peak: entry ``k`` what it was ``k + 1`` enabled cycles ago.
    o : ``Out(shape_of(spec.target))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: AbsMaxSpec) -> None:
        self._spec, self._bits = spec, spec.target.width - 1
        self.latency = self._bits + 3
        super().__init__({"i": shape_of(spec.source),
                          "peaks": ArrayLayout(shape_of(spec.peak), self.latency - 2)},
                         shape_of(spec.target), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, bits, width = Module(), self._bits, self._spec.peak.width

        def stage(value: Value, name: str, stages: int = 1) -> Value:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        size = stage(_magnitude(self.i)[:width], "size")
        # 2 * most is 2**(bits + 1) - 2.
        whole = (size << bits + 1) - (size << 1) + self.peaks[0]
        rest, found = stage(whole[:width + bits + 1], "rest"), []
        for step in range(bits):
            place = bits - step
            less = Signal(Shape(width + 2, signed=True), name=f"less_{step}")
            m.d.comb += less.eq(rest[place:] - self.peaks[step + 1])
            kept = Mux(less[-1], rest[place:], less)[:width]
            found = [stage(~less[-1], f"bit_{step}"),
                     *(stage(bit, f"bit_{step}_{k}") for k, bit in enumerate(found))]
            rest = stage(Cat(rest[:place], kept), f"rest_{step}")
        tie = ~rest.any()
        code = Cat(found[0] & ~tie, *found[1:])
        there = stage(size.any(), "there", bits + 1)
        negative = stage(self.i[-1] if self._spec.source.min < 0 else Const(0, 1), "negative",
                         bits + 2)
        m.d.comb += self.o.eq(stage(Mux(there, Mux(negative, -code, code), 0)[:bits + 1], "code"))
        return m


def _magnitude(value: Value) -> Value:
    return Mux(value[-1], -value, value)[:len(value)] if value.shape().signed else value
