# amaranth: UnusedElaboratable=no
"""Means over the leading axes of an image, or over rows, as TFLite rounds them."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats import as_index
from sw_model.specs import MeanSpec

from ..arith.registered import registered
from ..network.loops import Loops
from ..rescale.lane_unit import Lane, LaneUnit
from ..rescale.requantise import ConstantScale
from ..rows import row_layout
from ..rows.reduce import RowSum, range_of
from ..shapes import shape_between, shape_of, vector_of
from ..streams.pipeline import stalling_pipeline
from .place_memory import PlaceMemory

__all__ = ["AxisSum", "Mean", "MeanLane", "RowMean"]


class AxisSum(wiring.Component):
    """The sum of ``count`` elements of ``words`` words each, word by word, without overflow.

    Takes a word every cycle while the consumer is ready. Sums wait in a memory and come out
    while the last element goes in.

    Parameters
    ----------
    source : shape
        Of a number.
    lanes, count, words : int

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(source, lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(shape_between(count * least, count * most), lanes)))``
        Least and most: of the source's shape.
    """

    #: Cycles for each word.
    interval = 1
    #: Cycles from taking a word of the last element to offering its sum.
    latency = 2

    def __init__(self, source: ShapeLike, lanes: int, count: int, words: int) -> None:
        for name, value in (("lanes", lanes), ("count", count), ("words", words)):
            if as_index(name, value) < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self._lanes, self._count, self._words = lanes, count, words
        least, most = range_of(source)
        self._sums = ArrayLayout(shape_between(count * least, count * most), lanes)
        super().__init__({"i": In(stream.Signature(ArrayLayout(source, lanes))),
                          "o": Out(stream.Signature(self._sums))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.loops = loops = Loops(((self._words, self._count),))
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency, keep=loops.last_1)
        step = self.i.valid & self.i.ready
        m.submodules.memory = memory = PlaceMemory(self._sums, self._words)
        m.d.comb += [loops.advance.eq(step), memory.enable.eq(enable), memory.step.eq(step),
                     memory.place.eq(loops.index_0)]
        first = registered(m, loops.first_1, enable=enable, name="first")
        for lane in range(self._lanes):
            x = registered(m, self.i.payload[lane], enable=enable, name=f"x_{lane}")
            m.d.comb += [
                memory.new[lane].eq(Mux(first, 0, memory.old[lane]) + x),
                self.o.payload[lane].eq(
                    registered(m, memory.new[lane], enable=enable, name=f"sum_{lane}"))]
        return m


class MeanLane(Lane):
    """From sums to means: the zero points are subtracted, the rest is scaled.

    Parameters
    ----------
    spec : MeanSpec
    """

    def __init__(self, spec: MeanSpec) -> None:
        if not isinstance(spec, MeanSpec):
            raise TypeError(f"spec must be a MeanSpec, not {spec!r}")
        self._offset = spec.count * spec.zero_in
        low, high = (spec.count * code for code in (spec.source.min, spec.source.max))
        self._scale = ConstantScale(low - self._offset, high - self._offset, spec.target,
                                    (spec.factor,), spec.zero_out, (spec.low, spec.high))
        super().__init__(shape_between(low, high), shape_of(spec.target), None)
        self.latency = 1 + self._scale.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        centred = registered(m, self.i - self._offset, enable=self.enable, name="centred")
        m.d.comb += self.o.eq(self._scale.place(m, centred, enable=self.enable, name="scale"))
        return m


class Mean(wiring.Component):
    """The mean over the leading axes: of ``spec.count`` elements, channel by channel.

    Takes a word every cycle while the consumer is ready; a vector of results for each image.

    Parameters
    ----------
    spec : MeanSpec
    lanes : int
    channels : int
        Of what remains.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: MeanSpec, lanes: int, channels: int) -> None:
        self._scale = LaneUnit(lanes, MeanLane, spec)
        self._sum = AxisSum(shape_of(spec.source), lanes, spec.count, -(-channels // lanes))
        super().__init__({"i": In(stream.Signature(vector_of(spec.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.target, lanes)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word of the last element to offering its result."""
        return self._sum.latency + self._scale.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.sum = self._sum
        m.submodules.scale = self._scale
        connect(m, flipped(self.i), self._sum.i)
        connect(m, self._sum.o, self._scale.i)
        connect(m, self._scale.o, flipped(self.o))
        return m


class RowMean(wiring.Component):
    """The mean of each row of ``spec.count`` elements: one word of one lane.

    Takes a word every cycle while the consumer is ready, with no gap between rows.

    Parameters
    ----------
    spec : MeanSpec
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(shape_of(spec.source), lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, 1)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: MeanSpec, lanes: int) -> None:
        self._scale = LaneUnit(1, MeanLane, spec)
        self._sum = RowSum(shape_of(spec.source), lanes, spec.count)
        super().__init__({
            "i": In(stream.Signature(row_layout(shape_of(spec.source), lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, 1)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its mean."""
        return self._sum.latency + self._scale.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.sum = total = self._sum
        m.submodules.scale = scale = self._scale
        connect(m, flipped(self.i), total.i)
        m.d.comb += [scale.i.valid.eq(total.o.valid), total.o.ready.eq(scale.i.ready),
                     scale.i.payload[0].eq(total.o.payload)]
        connect(m, scale.o, flipped(self.o))
        return m
