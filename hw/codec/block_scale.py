# amaranth: UnusedElaboratable=no
"""The scale of every block of a stream, from its largest magnitude."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..rescale.lane_unit import Lane
from ..streams.pipeline import stalling_pipeline
from ..streams.sequence import counter
from ..unique import Unique

__all__ = ["BlockScale", "Peak"]


class Peak(Lane):
    """The peak of a word: what of its magnitudes decides the scale; subclasses elaborate.

    Parameters
    ----------
    magnitude : StructLayout
        Of a lane, :func:`hw.codec.magnitude.magnitude_of`.
    lanes : int
    target : shape-like
        Of the peak.
    """

    def __init__(self, magnitude: ShapeLike, lanes: int, target: ShapeLike) -> None:
        super().__init__(ArrayLayout(magnitude, lanes), target, None)

    @staticmethod
    @abstractmethod
    def join(one: Value, other: Value) -> Value:
        """The peak of two words together; combinational."""


class BlockScale(wiring.Component):
    """The scale of every block, and what its elements need to know of it.

    Takes a word every cycle while the consumer is ready, and offers one word for each block.

    Parameters
    ----------
    words : int
        Words of a block.
    lanes : int
    peak : callable
        Class of a :class:`Peak`; called with ``lanes`` behind the arguments.
    scale : callable
        Class of the pipeline from a block's peak to its scale, a :class:`Lane`.
    *arguments
        What both are called with.

    Members
    -------
    i : ``In(stream.Signature(...))``
        What the peak takes.
    o : ``Out(stream.Signature(...))``
        What the pipeline behind gives.
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, words: int, lanes: int, peak: type[Peak], scale: type[Lane],
                 *arguments: Hashable) -> None:
        self._words = words
        self._peak = Unique(peak, *arguments, lanes)
        self._scale = Unique(scale, *arguments)
        super().__init__({"i": In(stream.Signature(self._peak.i.shape())),
                          "o": Out(stream.Signature(self._scale.o.shape()))})

    @property
    def latency(self) -> int:
        """Cycles from taking a block's last word to offering its scale."""
        return self._peak.component.latency + 1 + self._scale.component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.peak, m.submodules.scale = peak, scale = self._peak, self._scale
        last = self._words - 1
        place, ends = counter(m, "place", last=Const(last, max(1, last.bit_length())), most=last,
                              advance=self.i.valid & self.i.ready)
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency, keep=ends)
        # The register of the block must not take in what is no word: bubbles travel along.
        taken, first = (registered(m, value, enable=enable, name=name,
                                   stages=peak.component.latency)
                        for value, name in ((self.i.valid, "taken"), (place == 0, "first")))
        block = Signal.like(peak.o, name="block", reset_less=True)
        with m.If(enable & taken):
            m.d.sync += block.eq(Mux(first, peak.o, peak.component.join(block, peak.o)))
        m.d.comb += [peak.enable.eq(enable), peak.i.eq(self.i.payload),
                     scale.enable.eq(enable), scale.i.eq(block), self.o.payload.eq(scale.o)]
        return m
