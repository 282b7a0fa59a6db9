# amaranth: UnusedElaboratable=no
"""The largest elements of a network's vectors, and the draw of one."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import SamplerSpec, TopKSpec, VectorJob

from ..rows.frame import Framer
from ..shapes import shape_of, vector_of
from ..streams.fork import Fork
from .sampler import Sampler
from .top_k import TopK

__all__ = ["FramedSampler", "FramedTopK"]


class FramedTopK(wiring.Component):
    """A :class:`TopK` for vectors of known lengths, its elements and their places in two streams.

    Parameters
    ----------
    spec : TopKSpec
    lanes : int
    jobs : tuple of VectorJob
        Lengths of the vectors, served cyclically; at least ``spec.k``.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
        Lanes past the end of a vector are ignored.
    o : ``Out(stream.Signature(vector_of(spec.source, 1)))``
        The largest, in their order.
    places : ``Out(stream.Signature(vector_of(spec.index, 1)))``
        Where they are.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: TopKSpec, lanes: int, jobs: tuple[VectorJob, ...]) -> None:
        self._spec, self._unit, self._jobs = spec, TopK(spec, lanes), jobs
        super().__init__({"i": In(stream.Signature(vector_of(spec.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.source, 1))),
                          "places": Out(stream.Signature(vector_of(spec.index, 1)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering its largest element."""
        return self._unit.latency

    @property
    def row_gap(self) -> int:
        """Cycles from vector to vector that the unit needs."""
        return self._unit.row_gap

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self._unit
        m.submodules.framer = framer = Framer(
            shape_of(self._spec.source), unit.lanes, self._jobs)
        m.submodules.fork = fork = Fork(unit.o.payload.shape(), 2)
        connect(m, flipped(self.i), framer.i)
        connect(m, framer.o, unit.i)
        connect(m, unit.o, fork.i)
        for way, (out, part) in enumerate(((self.o, "value"), (self.places, "index"))):
            one = fork.o[way]
            m.d.comb += [out.valid.eq(one.valid), one.ready.eq(out.ready),
                         out.payload[0].eq(one.payload.data[0][part])]
        return m


class FramedSampler(wiring.Component):
    """A :class:`Sampler` for vectors of known lengths, with one scale, temperature and part.

    Parameters
    ----------
    spec : SamplerSpec
    lanes : int
    jobs : tuple of VectorJob
        Lengths of the vectors, served cyclically.
    scale : int
        The scale over the temperature, ``spec.multiplier(...)``.
    part : int
        What top-p keeps of all weights, in units of ``2**-16``.
    seed : int
        Of the generator, which advances once for each vector.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.top.source, lanes)))``
        Lanes past the end of a vector are ignored.
    o : ``Out(stream.Signature(vector_of(spec.top.index, 1)))``
        The place of what was drawn.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: SamplerSpec, lanes: int, jobs: tuple[VectorJob, ...], *, scale: int,
                 part: int, seed: int, multiplier: str = "inferred") -> None:
        self._unit, self._jobs = Sampler(spec, lanes, seed, multiplier), jobs
        self._scale, self._part = scale, part
        super().__init__({"i": In(stream.Signature(vector_of(spec.top.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.top.index, 1)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering its place, at most."""
        return self._unit.latency

    @property
    def row_gap(self) -> int:
        """Cycles from vector to vector that the unit needs."""
        return self._unit.row_gap

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self._unit
        m.submodules.framer = framer = Framer(
            shape_of(unit.spec.top.source), unit.lanes, self._jobs)
        connect(m, flipped(self.i), framer.i)
        connect(m, framer.o, unit.i)
        connect(m, unit.o, flipped(self.o))
        m.d.comb += [unit.multiplier.eq(self._scale), unit.part.eq(self._part)]
        return m
