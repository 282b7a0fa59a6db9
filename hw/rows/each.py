# amaranth: UnusedElaboratable=no
"""A pipeline for each lane of a row, to which the row does not matter."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..rescale.lane_unit import Lane
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique
from .base import row_layout

__all__ = ["RowEach"]


class RowEach(wiring.Component):
    """Equal pipelines between rows and rows of results.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    lanes : int
    make : callable
        Class of the pipeline, a :class:`Lane` without parameters.
    *arguments
        What it is called with.

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(row_layout(target, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, lanes: int, make: Callable[..., Lane], *arguments: Hashable) -> None:
        self._pipelines = [Unique(make, *arguments) for _ in range(lanes)]
        members = self._pipelines[0].signature.members
        super().__init__({
            "i": In(stream.Signature(row_layout(members["i"].shape, lanes))),
            "o": Out(stream.Signature(row_layout(members["o"].shape, lanes)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._pipelines[0].component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        i, o = self.i.payload, self.o.payload
        for name in ("keep", "last"):
            m.d.comb += o[name].eq(registered(m, i[name], enable=enable, name=name,
                                              stages=self.latency))
        for number, pipeline in enumerate(self._pipelines):
            m.submodules[f"lane_{number}"] = pipeline
            m.d.comb += [pipeline.enable.eq(enable), pipeline.i.eq(i.data[number]),
                         o.data[number].eq(pipeline.o)]
        return m
