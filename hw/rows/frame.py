# amaranth: UnusedElaboratable=no
"""Between a network's vectors, whose length a table of jobs gives, and rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from amaranth import Array, Const, Module, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import VectorJob

from ..network.loops import Loops
from .base import RowUnit, row_layout

__all__ = ["FramedRows", "Framer"]


class Framer(wiring.Component):
    """Vectors of known lengths become rows; combinational.

    Parameters
    ----------
    shape : shape
        Of an element.
    lanes : int
    jobs : tuple of VectorJob
        Lengths of the vectors, served cyclically.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(shape, lanes)))``
        Lanes past the end of a vector are ignored.
    o : ``Out(stream.Signature(row_layout(shape, lanes)))``
    """

    latency = 0
    interval = 1

    def __init__(self, shape: ShapeLike, lanes: int, jobs: tuple[VectorJob, ...]) -> None:
        self._lanes, self._jobs = lanes, jobs
        super().__init__({"i": In(stream.Signature(ArrayLayout(shape, lanes))),
                          "o": Out(stream.Signature(row_layout(shape, lanes)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.loops = loops = Loops(tuple(
            (job.words(self._lanes), job.vectors) for job in self._jobs))
        m.d.comb += [
            loops.advance.eq(self.i.valid & self.i.ready),
            self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready),
            self.o.payload.data.eq(self.i.payload), self.o.payload.last.eq(loops.last_0)]
        for lane in range(1, self._lanes):
            m.d.comb += self.o.payload.keep[lane - 1].eq(self._in_row(lane, loops))
        return m

    def _in_row(self, lane: int, loops: Loops) -> Value:
        used = [job.length - (job.words(self._lanes) - 1) * self._lanes for job in self._jobs]
        if lane < min(used):
            return Const(1, 1)
        return ~loops.last_0 | Array(Const(lane < count) for count in used)[loops.job]


class FramedRows(wiring.Component):
    """A :class:`RowUnit` as a network's unit: vectors of known lengths in and out.

    Parameters
    ----------
    kind : callable
        Makes the unit from ``arguments``, ``lanes``, the longest row and ``options``: its class.
    arguments : tuple
        What the unit is made with, most often a spec alone.
    lanes : int
    jobs : tuple of VectorJob
        Lengths of the vectors, served cyclically.
    **options : hashable

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(source, lanes)))``
        Lanes past the end of a vector are ignored.
    parameters : ``In(stream.Signature(...))``
        Only if the unit has it, and likewise all other members that it has.
    o : ``Out(stream.Signature(ArrayLayout(target, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, kind: Callable[..., RowUnit], arguments: tuple[Any, ...], lanes: int,
                 jobs: tuple[VectorJob, ...], **options: Hashable) -> None:
        self._unit: Any = kind(*arguments, lanes, max(job.length for job in jobs), **options)
        unit, self._jobs = self._unit, jobs
        beside = {name: member for name, member in unit.signature.members.items()
                  if name not in ("i", "o")}
        self._beside = tuple(beside)
        super().__init__({"i": In(stream.Signature(unit.i.payload.data.shape())),
                          "o": Out(stream.Signature(unit.o.payload.data.shape())), **beside})

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's only word to offering its result."""
        return self._unit.latency

    @property
    def scale_latency(self) -> int:
        """The same, of a unit that gives a scale for each vector."""
        return self._unit.scale_latency

    @property
    def passes(self) -> int:
        """Times that a vector waits for what is found in it: each but the first adds a vector's
        words less one to the latency."""
        return self._unit.passes

    @property
    def row_gap(self) -> int:
        """Cycles from vector to vector that the unit needs: more than half of the longest
        vector's words, if another has fewer."""
        words = [job.words(self._unit.lanes) for job in self._jobs]
        least = 1 + max(words) // 2
        return max(self._unit.row_gap, least if min(words) < least else 1)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self._unit
        source = unit.i.payload.data.shape()
        m.submodules.framer = framer = Framer(source.elem_shape, source.length, self._jobs)
        connect(m, flipped(self.i), framer.i)
        connect(m, framer.o, unit.i)
        m.d.comb += [self.o.valid.eq(unit.o.valid), self.o.payload.eq(unit.o.payload.data),
                     unit.o.ready.eq(self.o.ready)]
        for name in self._beside:
            connect(m, flipped(getattr(self, name)), getattr(unit, name))
        return m
