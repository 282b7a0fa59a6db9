# amaranth: UnusedElaboratable=no
"""What the element-wise rescale units have in common: a pipeline for each lane."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["Lane", "LaneUnit"]


class Lane(wiring.Component):
    """The pipeline of one lane; subclasses set ``latency`` and elaborate.

    Parameters
    ----------
    source : shape-like, or mapping of str to shape-like
        Of ``i``, or of operands by their names.
    target : shape-like
    parameters : StructLayout or None

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(source)``
        Only if operands have no other names.
    parameters : ``In(parameters)``
        Only if there are any.
    o : ``Out(target)``
        The result of what was there ``latency`` enabled cycles ago.
    """

    #: Enabled cycles from operands to result.
    latency: int

    def __init__(self, source: ShapeLike | Mapping[str, ShapeLike], target: ShapeLike,
                 parameters: StructLayout | None) -> None:
        sources = source if isinstance(source, Mapping) else {"i": source}
        members = {"enable": In(1), **{name: In(shape) for name, shape in sources.items()},
                   "o": Out(target)}
        if parameters is not None:
            members["parameters"] = In(parameters)
        super().__init__(members)


class LaneUnit(wiring.Component):
    """``lanes`` equal pipelines between streams, elaborated once.

    Takes a word every cycle while the consumer is ready, with a word of parameters if there
    are any; never drops or reorders.

    Parameters
    ----------
    lanes : int
    make : callable
        Class of the pipeline, a :class:`Lane`.
    *arguments
        What it is called with.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(source, lanes)))``
        Only if the pipeline's operands have no other names; else a stream for each of them,
        taken in step.
    parameters : ``In(stream.Signature(ArrayLayout(parameters, lanes)))``
        Only if the pipeline has parameters.
    o : ``Out(stream.Signature(ArrayLayout(target, lanes)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, lanes: int, make: Callable[..., Lane], *arguments: Hashable) -> None:
        lanes = as_index("lanes", lanes)
        if lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {lanes}")
        self._pipelines = [Unique(make, *arguments) for _ in range(lanes)]
        shapes = {name: member.shape for name, member
                  in self._pipelines[0].signature.members.items() if name != "enable"}
        super().__init__({
            name: (Out if name == "o" else In)(stream.Signature(ArrayLayout(shape, lanes)))
            for name, shape in shapes.items()})

    @property
    def lanes(self) -> int:
        return len(self._pipelines)

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._pipelines[0].component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        inputs = [name for name in self.signature.members if name != "o"]
        enable = stalling_pipeline(m, [getattr(self, name) for name in inputs], self.o,
                                   depth=self.latency)
        for number, pipeline in enumerate(self._pipelines):
            m.submodules[f"lane_{number}"] = pipeline
            m.d.comb += [pipeline.enable.eq(enable), self.o.payload[number].eq(pipeline.o)]
            m.d.comb += [getattr(pipeline, name).eq(getattr(self, name).payload[number])
                         for name in inputs]
        return m
