# amaranth: UnusedElaboratable=no
"""Stages one behind the other, as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

__all__ = ["Map", "Statistic"]


class Map(wiring.Component):
    """A function of every word; combinational.

    Parameters
    ----------
    source, target : shape-like
        Of the words.
    function : callable
        Takes a word and returns the other: a value, or a mapping of a struct's fields to values.

    Members
    -------
    i : ``In(stream.Signature(source))``
    o : ``Out(stream.Signature(target))``
    """

    #: Cycles from taking a word to offering its result.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, source: ShapeLike, target: ShapeLike, function: Callable[[Any], Any]
                 ) -> None:
        self._function = function
        super().__init__({"i": In(stream.Signature(source)), "o": Out(stream.Signature(target))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        result = self._function(self.i.payload)
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        if isinstance(result, Mapping):
            m.d.comb += [self.o.payload[name].eq(value) for name, value in result.items()]
        else:
            m.d.comb += self.o.payload.eq(result)
        return m


class Statistic(wiring.Component):
    """A reduction of rows, and what is made of its results, stage by stage.

    Parameters
    ----------
    *stages : components
        With streams ``i`` and ``o`` of which each takes what the one before it gives, and a
        ``latency``. The first takes rows, and gives a word for each; the others take a word in
        ``interval`` cycles (1 if they do not say).

    Members
    -------
    i : ``In(stream.Signature(...))``
        As the first stage takes it.
    o : ``Out(stream.Signature(...))``
        As the last stage gives it.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, *stages: Any) -> None:
        self._stages = stages
        super().__init__({"i": In(stream.Signature(stages[0].i.payload.shape())),
                          "o": Out(stream.Signature(stages[-1].o.payload.shape()))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering what was made of it."""
        return sum(stage.latency for stage in self._stages)

    @property
    def row_gap(self) -> int:
        """Cycles from row to row that the slowest stage needs."""
        return max((getattr(stage, "interval", 1) for stage in self._stages[1:]), default=1)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for number, stage in enumerate(self._stages):
            m.submodules[f"stage_{number}"] = stage
        connect(m, flipped(self.i), self._stages[0].i)
        for before, after in zip(self._stages, self._stages[1:], strict=False):
            connect(m, before.o, after.i)
        m.d.comb += [self.o.payload.eq(self._stages[-1].o.payload),
                     self.o.valid.eq(self._stages[-1].o.valid),
                     self._stages[-1].o.ready.eq(self.o.ready)]
        return m
