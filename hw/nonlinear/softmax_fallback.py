# amaranth: UnusedElaboratable=no
"""The way of rows that a unified maximum does not fit."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, covering
from sw_model.specs import UnifiedSoftmaxSpec

from ..rows import row_layout
from ..rows.annotate import SLACK, Annotate
from ..shapes import shape_of
from .extended_exponential import power_layout
from .probability import reciprocal_layout
from .softmax import words_of
from .softmax_online import online_statistic

__all__ = ["Fallback", "unified_layout"]


def unified_layout(spec: UnifiedSoftmaxSpec) -> StructLayout:
    """An exponential, and whether its code is too high for the unified maximum, or above what
    is too low."""
    return StructLayout({**power_layout(spec.online.power).members, "high": 1, "above_low": 1})


class Fallback(wiring.Component):
    """Rows that fit pass; the others go through the online form's pass; the order stays.

    Rows that pass take no time, but wait until no row is on the other way. Either comes out
    with the maximum to which its sum is relative, and with the sum's reciprocal.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    lanes, longest : int
    width : int
        Bits of the sum of rows that fit.
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"row": ..., "found": ...})))``
        Rows of ``unified_layout(spec)``; found is a ``reciprocal_layout`` whose ``most`` says
        that the row does not fit.
    o : ``Out(stream.Signature(StructLayout({"row": ..., "found": ...})))``
        Rows of ``power_layout(spec.online.power)``; found is a ``reciprocal_layout`` of
        ``self.width`` bits and ``self.most``, for the guard bits of the online form.
    """

    #: Cycles from taking a word of a row that fits to offering it.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: UnifiedSoftmaxSpec, lanes: int, longest: int, width: int,
                 multiplier: str = "inferred") -> None:
        self._spec, online = spec, spec.online
        statistic, other = online_statistic(online, lanes, longest, multiplier)
        self._again = Annotate(statistic, words_of(lanes, longest))
        self._words = words_of(lanes, longest)
        self._rows = self._words + statistic.latency + SLACK
        self._width, power = max(width, other), power_layout(online.power)
        super().__init__({
            "i": In(stream.Signature(StructLayout({
                "row": row_layout(unified_layout(spec), lanes),
                "found": reciprocal_layout(online, width, 1)}))),
            "o": Out(stream.Signature(StructLayout({
                "row": row_layout(power, lanes), "found": reciprocal_layout(
                    online, self._width, shape_of(self.most))})))})

    @property
    def detour(self) -> int:
        """Cycles that a row that does not fit is later, at most: it goes in and comes out whole."""
        return self._again.latency + self._words

    @property
    def width(self) -> int:
        """Bits of the wider sum."""
        return self._width

    @property
    def most(self) -> IntFormat:
        """Of the maximum."""
        exponent = self._spec.online.power.exponent
        return covering(min(exponent.min, self._unified), max(exponent.max, self._unified))

    @property
    def _unified(self) -> int:
        """The maximum of rows that fit, which makes up for the other number of guard bits."""
        return self._spec.most + self._spec.online.guard - self._spec.guard

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.again = again = self._again
        i, o = self.i.payload, self.o.payload
        # Rows that have gone the other way whole, and have not come back whole.
        inside = Signal(range(self._rows + 2))
        away, empty = i.found.most, inside == 0
        m.d.comb += [
            again.i.valid.eq(self.i.valid & away), again.o.ready.eq(self.o.ready),
            self.o.valid.eq(Mux(empty, self.i.valid & ~away, again.o.valid)),
            self.i.ready.eq(Mux(away, again.i.ready, empty & self.o.ready))]
        self._copy(m, i.row, again.i.payload)
        entered = again.i.valid & again.i.ready & i.row.last
        left = again.o.valid & again.o.ready & again.o.payload.row.last
        m.d.sync += inside.eq(inside + entered - left)

        with m.If(empty):
            self._copy(m, i.row, o.row)
            m.d.comb += o.found.most.eq(Const(self._unified, shape_of(self.most)))
            self._reciprocal(m, i.found, o.found)
        with m.Else():
            self._copy(m, again.o.payload.row, o.row)
            m.d.comb += o.found.most.eq(again.o.payload.found.most)
            self._reciprocal(m, again.o.payload.found, o.found)
        return m

    def _copy(self, m: Module, given: Any, row: Any) -> None:
        """Mantissas and exponents of a word, without what was compared."""
        m.d.comb += [row.last.eq(given.last), row.keep.eq(given.keep)]
        for lane in range(row.data.shape().length):
            m.d.comb += [row.data[lane].mantissa.eq(given.data[lane].mantissa),
                         row.data[lane].exponent.eq(given.data[lane].exponent)]

    def _reciprocal(self, m: Module, given: Any, found: Any) -> None:
        m.d.comb += [found.mantissa.eq(given.mantissa), found.exponent.eq(given.exponent)]
