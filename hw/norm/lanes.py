# amaranth: UnusedElaboratable=no
"""A pipeline for each lane of a row, with what was found in the row."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..rescale.lane_unit import Lane
from ..rows import row_layout
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["RowLane", "RowLanes"]


class RowLane(Lane):
    """The pipeline of one lane; subclasses set ``latency`` and elaborate.

    Parameters
    ----------
    source, found, target : shape-like
        Of an element, of what was found in its row, and of the result.
    parameters : StructLayout or None

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(StructLayout({"x": source, "found": found}))``
    parameters : ``In(parameters)``
        Only if there are any.
    o : ``Out(target)``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, source: ShapeLike, found: ShapeLike, target: ShapeLike,
                 parameters: StructLayout | None = None) -> None:
        super().__init__(StructLayout({"x": source, "found": found}), target, parameters)


class RowLanes(wiring.Component):
    """Equal pipelines between rows with what was found in them and rows of results.

    Takes a word every cycle while the consumer is ready, with a word of parameters if there
    are any; never drops or reorders.

    Parameters
    ----------
    lanes : int
    make : callable
        Class of the pipeline, a :class:`RowLane`.
    *arguments
        What it is called with.

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"row": row_layout(source, lanes), "found": found})))``
    parameters : ``In(stream.Signature(ArrayLayout(parameters, lanes)))``
        Only if the pipeline has parameters: those of the channels in each word of each row.
    o : ``Out(stream.Signature(row_layout(target, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, lanes: int, make: Callable[..., RowLane], *arguments: Hashable) -> None:
        self._pipelines = [Unique(make, *arguments) for _ in range(lanes)]
        members = self._pipelines[0].signature.members
        operand = members["i"].shape
        streams = {
            "i": In(stream.Signature(StructLayout({
                "row": row_layout(operand["x"].shape, lanes), "found": operand["found"].shape}))),
            "o": Out(stream.Signature(row_layout(members["o"].shape, lanes)))}
        if "parameters" in members:
            streams["parameters"] = In(stream.Signature(
                ArrayLayout(members["parameters"].shape, lanes)))
        super().__init__(streams)

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._pipelines[0].component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        given = "parameters" in self.signature.members
        inputs = [self.i, *([self.parameters] if given else ())]
        enable = stalling_pipeline(m, inputs, self.o, depth=self.latency)
        row, found, o = self.i.payload.row, self.i.payload.found, self.o.payload
        for name in ("keep", "last"):
            m.d.comb += o[name].eq(registered(m, row[name], enable=enable, name=name,
                                              stages=self.latency))
        for number, pipeline in enumerate(self._pipelines):
            m.submodules[f"lane_{number}"] = pipeline
            m.d.comb += [pipeline.enable.eq(enable), pipeline.i.x.eq(row.data[number]),
                         pipeline.i.found.eq(found), o.data[number].eq(pipeline.o)]
            if given:
                m.d.comb += pipeline.parameters.eq(self.parameters.payload[number])
        return m
