# amaranth: UnusedElaboratable=no
"""From rows of logits to tokens: top-k, softmax weights, top-p, and the draw."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import SamplerSpec

from ..arith.registered import registered
from ..nonlinear.exp2 import Exp2Lane
from ..rows import row_layout
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline
from .draw import Draw, weighted
from .nucleus import Nucleus
from .top_k import TopK

__all__ = ["Sampler", "Weights"]


class Weights(wiring.Component):
    """The weights of a row whose largest element comes first: ``2**((x - first) * multiplier)``.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : SamplerSpec
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(StructLayout({"value": ..., "index": ...}), 1)))``
        As :class:`.top_k.TopK` gives them.
    multiplier : ``In(shape_of(spec.power.factor))``
        The scale over the temperature, that of each word.
    o : ``Out(stream.Signature(row_layout(weighted(width, index), 1)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: SamplerSpec, multiplier: str = "inferred") -> None:
        self._spec, self._power = spec, Exp2Lane(spec.power, multiplier)
        top = TopK(spec.top, 1).o.payload.shape()
        index = shape_of(spec.top.index)
        super().__init__({
            "i": In(stream.Signature(top)), "multiplier": In(shape_of(spec.power.factor)),
            "o": Out(stream.Signature(row_layout(weighted(spec.power.target.width, index), 1)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its weight."""
        return 1 + self._power.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.power = power = self._power
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        value = self.i.payload.data[0].value
        within = Signal()
        largest = Signal(value.shape())
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += within.eq(~self.i.payload.last)
            with m.If(~within):
                m.d.sync += largest.eq(value)
        below = registered(m, Mux(within, value - largest, 0), enable=enable, name="below")
        factor = registered(m, self.multiplier, enable=enable, name="factor")
        index, last = (registered(m, signal, enable=enable, name=name, stages=self.latency)
                       for signal, name in ((self.i.payload.data[0].index, "index"),
                                            (self.i.payload.last, "last")))
        m.d.comb += [
            power.enable.eq(enable), power.i.eq(below), power.parameters.multiplier.eq(factor),
            self.o.payload.data[0].weight.eq(power.o), self.o.payload.data[0].what.eq(index),
            self.o.payload.last.eq(last)]
        return m


class Sampler(wiring.Component):
    """The place of one of the ``k`` largest elements of each row, drawn by its softmax weight.

    Takes a word every cycle if rows have at least ``row_gap`` words; shorter ones wait.

    Parameters
    ----------
    spec : SamplerSpec
    lanes : int
    seed : int
        Of the generator, which advances once for each row.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(shape_of(spec.top.source), lanes)))``
        Rows of 1 to ``spec.top.longest`` elements.
    multiplier : ``In(shape_of(spec.power.factor))``
        The scale over the temperature, ``spec.multiplier(...)``; must rest while rows are inside.
    part : ``In(17)``
        What top-p keeps of all weights, in units of ``2**-16``; must rest while rows are inside.
    o : ``Out(stream.Signature(vector_of(spec.top.index, 1)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: SamplerSpec, lanes: int, seed: int = 1,
                 multiplier: str = "inferred") -> None:
        if not isinstance(spec, SamplerSpec):
            raise TypeError(f"spec must be a SamplerSpec, not {spec!r}")
        self._spec, self._lanes = spec, lanes
        width, index, k = spec.power.target.width, shape_of(spec.top.index), spec.top.k
        self._top, self._weights = TopK(spec.top, lanes), Weights(spec, multiplier)
        self._nucleus = Nucleus(width, index, k, multiplier)
        self._draw = Draw(width, index, k, seed, multiplier)
        super().__init__({
            "i": In(stream.Signature(row_layout(shape_of(spec.top.source), lanes))),
            "multiplier": In(shape_of(spec.power.factor)), "part": In(SamplerSpec.PART_BITS + 1),
            "o": Out(stream.Signature(vector_of(spec.top.index, 1)))})

    @property
    def spec(self) -> SamplerSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def row_gap(self) -> int:
        """Cycles from row to row: the ``k`` largest go one by one."""
        return self._spec.top.k

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its place, at most."""
        return (self._top.latency + self._weights.latency + self._nucleus.latency
                + self._draw.latency + 3 * (self._spec.top.k - 1))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.top = top = self._top
        m.submodules.weights = weights = self._weights
        m.submodules.nucleus = nucleus = self._nucleus
        m.submodules.draw = draw = self._draw
        connect(m, flipped(self.i), top.i)
        connect(m, top.o, weights.i)
        connect(m, weights.o, nucleus.i)
        connect(m, nucleus.o, draw.i)
        m.d.comb += [
            weights.multiplier.eq(self.multiplier), nucleus.part.eq(self.part),
            self.o.valid.eq(draw.o.valid), draw.o.ready.eq(self.o.ready),
            self.o.payload[0].eq(draw.o.payload)]
        return m
