# amaranth: UnusedElaboratable=no
"""The mean of each of a network's vectors."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import MeanSpec, VectorJob

from ..rows.frame import Framer
from ..shapes import shape_of, vector_of
from .mean import RowMean

__all__ = ["FramedMean"]


class FramedMean(wiring.Component):
    """A :class:`RowMean` for vectors of ``spec.count`` elements.

    Parameters
    ----------
    spec : MeanSpec
    lanes : int
    jobs : tuple of VectorJob
        Lengths of the vectors, served cyclically.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
        Lanes past the end of a vector are ignored.
    o : ``Out(stream.Signature(vector_of(spec.target, 1)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: MeanSpec, lanes: int, jobs: tuple[VectorJob, ...]) -> None:
        self._spec, self._lanes, self._unit, self._jobs = spec, lanes, RowMean(spec, lanes), jobs
        super().__init__({"i": In(stream.Signature(vector_of(spec.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.target, 1)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering its mean."""
        return self._unit.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self._unit
        m.submodules.framer = framer = Framer(shape_of(self._spec.source), self._lanes, self._jobs)
        connect(m, flipped(self.i), framer.i)
        connect(m, framer.o, unit.i)
        connect(m, unit.o, flipped(self.o))
        return m
