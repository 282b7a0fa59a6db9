# amaranth: UnusedElaboratable=no
"""Pooling of images that come channels last: one axis after the other."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats import as_index
from sw_model.specs import PoolSpec

from ..arith.clamp import clamp
from ..shapes import vector_of
from .average import WindowAverage
from .sliding import Sliding, SlidingMaximum, SlidingSum

__all__ = ["AveragePool", "MaxPool", "Pool"]


class Pool(wiring.Component):
    """The base: images of ``spec.sizes`` go in, of ``spec.outputs`` come out, channels last.

    Windows slide along the innermost axis first. Takes a word every cycle but for padding behind
    rows and images, see :attr:`cycles`; the channels of a place begin on a word of their own.

    Parameters
    ----------
    spec : PoolSpec
    lanes, channels : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.format, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    #: Cycles between two words that are no padding.
    interval = 1

    def __init__(self, spec: PoolSpec, lanes: int, channels: int,
                 along: type[SlidingMaximum] | type[SlidingSum]) -> None:
        if not isinstance(spec, PoolSpec):
            raise TypeError(f"spec must be a PoolSpec, not {spec!r}")
        if as_index("channels", channels) < 1:
            raise ValueError(f"channels must be at least 1, not {channels}")
        vector = vector_of(spec.format, lanes)
        self._spec, self._lanes, self._words = spec, lanes, -(-channels // lanes)
        self._stages: list[Sliding] = []
        bounds, words = (spec.format.min, spec.format.max), self._words
        for axis in reversed(spec.axes):
            if axis.kernel > 1 or axis.stride > 1:
                self._stages.append(along(bounds, lanes, axis, words))
                bounds = self._stages[-1].found
            words *= axis.outputs
        super().__init__({"i": In(stream.Signature(vector)), "o": Out(stream.Signature(vector))})

    @property
    def spec(self) -> PoolSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def latency(self) -> int:
        """Cycles from taking the word that completes a window to offering its result."""
        return sum(stage.latency for stage in self._stages)

    @property
    def cycles(self) -> int:
        """At most, from image to image: its words, and results that wait for no word any more."""
        cycles = words = self._words
        for axis in reversed(self._spec.axes):
            cycles = axis.size * cycles + (axis.steps - axis.size) * words
            words *= axis.outputs
        return cycles

    def _chain(self, m: Module) -> Any:
        """The stream behind the last axis."""
        behind: Any = flipped(self.i)
        for number, stage in enumerate(self._stages):
            m.submodules[f"axis_{number}"] = stage
            connect(m, behind, stage.i)
            behind = stage.o
        return behind


class MaxPool(Pool):
    """The largest of each window, channel by channel. See :class:`Pool` for rate and order.

    Parameters
    ----------
    spec : PoolSpec
    lanes, channels : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.format, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    def __init__(self, spec: PoolSpec, lanes: int, channels: int) -> None:
        super().__init__(spec, lanes, channels, SlidingMaximum)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        found = self._chain(m)
        m.d.comb += [self.o.valid.eq(found.valid), found.ready.eq(self.o.ready)]
        for lane in range(self._lanes):
            m.d.comb += self.o.payload[lane].eq(
                clamp(found.payload[lane], self._spec.low, self._spec.high))
        return m


class AveragePool(Pool):
    """The average of each window, channel by channel. See :class:`Pool` for rate and order.

    Parameters
    ----------
    spec : PoolSpec
    lanes, channels : int
    multiplier : str
        See :class:`.average.WindowAverage`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.format, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    def __init__(self, spec: PoolSpec, lanes: int, channels: int, multiplier: str = "inferred"
                 ) -> None:
        super().__init__(spec, lanes, channels, SlidingSum)
        self._average = WindowAverage(spec, lanes, self._words, multiplier)

    @property
    def latency(self) -> int:
        """Cycles from taking the word that completes a window to offering its result."""
        return super().latency + self._average.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.average = average = self._average
        connect(m, self._chain(m), average.i)
        connect(m, average.o, flipped(self.o))
        return m
