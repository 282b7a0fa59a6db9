# amaranth: UnusedElaboratable=no
"""Cells of a weight-stationary array, and rows of them."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.registered import registered
from ..pe import DotSpec, element_of
from ..shapes import shape_of, vector_of
from ..unique import Unique

__all__ = ["WeightCell", "WeightRow"]


class WeightCell(wiring.Component):
    """A processing element whose weights stay, and which adds to the sum from above.

    Activations are held for one enabled cycle and handed on to the right; the sum of the one
    above and of the product goes down an enabled cycle after it. Weights move down with
    ``load``. They are the element's own at once, or with ``double_buffered`` after ``swap``.

    Parameters
    ----------
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    dot : DotSpec
    accumulator : IntFormat
    double_buffered : bool
    family : str, optional
        Of the device, for kinds that depend on it.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(vector_of(dot.activations, dot.lanes))``
    start : ``In(1)``
        Activations are operands.
    w : ``In(vector_of(dot.weights, dot.lanes))``
        Weights from above.
    load : ``In(1)``
        They are taken.
    swap : ``In(1)``
        The weights that are there become those of the products; ignored unless
        ``double_buffered``.
    sum : ``In(shape_of(accumulator))``
        From above, in the cycle of this cell's product.
    next_a, next_start, next_w, next_sum : ``Out``
        For the neighbours.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat,
                 double_buffered: bool, family: str | None = None) -> None:
        self._pe, self._double_buffered = element_of(pe, dot, family), double_buffered
        a, w = vector_of(dot.activations, dot.lanes), vector_of(dot.weights, dot.lanes)
        value = shape_of(accumulator)
        super().__init__({
            "enable": In(1), "a": In(a), "start": In(1), "w": In(w), "load": In(1),
            "swap": In(1), "sum": In(value), "next_a": Out(a), "next_start": Out(1),
            "next_w": Out(w), "next_sum": Out(value)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        enable, total = self.enable, Signal.like(self.next_sum)
        m.d.comb += [
            total.eq(self.sum + pe.o),
            self.next_a.eq(registered(m, self.a, enable=enable, name="held_a")),
            self.next_w.eq(registered(m, self.w, enable=enable & self.load, name="held_w")),
            self.next_sum.eq(registered(m, total, enable=enable, name="held_sum")),
            pe.enable.eq(enable), pe.start.eq(self.next_start), pe.a.eq(self.next_a),
            pe.w.eq(self.next_w if not self._double_buffered else registered(
                m, self.next_w, enable=enable & self.swap, name="used_w"))]
        with m.If(enable):
            m.d.sync += self.next_start.eq(self.start)
        return m


class WeightRow(wiring.Component):
    """Cells side by side: activations enter the first, weights and sums each.

    Parameters
    ----------
    pe, dot, accumulator, double_buffered, family
        As of :class:`WeightCell`.
    columns : int

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(vector_of(dot.activations, dot.lanes))``
    start, load, swap : ``In(1)``
        As of :class:`WeightCell`.
    w : ``In(ArrayLayout(vector_of(dot.weights, dot.lanes), columns))``
    sum : ``In(vector_of(accumulator, columns))``
    next_w, next_sum : ``Out``
        Of all cells, for the row below.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat, double_buffered: bool,
                 columns: int, family: str | None = None) -> None:
        self._of, self._columns = (pe, dot, accumulator, double_buffered, family), columns
        weights = ArrayLayout(vector_of(dot.weights, dot.lanes), columns)
        values = vector_of(accumulator, columns)
        super().__init__({
            "enable": In(1), "a": In(vector_of(dot.activations, dot.lanes)), "start": In(1),
            "load": In(1), "swap": In(1), "w": In(weights), "sum": In(values),
            "next_w": Out(weights), "next_sum": Out(values)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        a, start = self.a, self.start
        for k in range(self._columns):
            m.submodules[f"cell_{k}"] = cell = Unique(WeightCell, *self._of)
            m.d.comb += [
                cell.enable.eq(self.enable), cell.a.eq(a), cell.start.eq(start),
                cell.w.eq(self.w[k]), cell.load.eq(self.load), cell.swap.eq(self.swap),
                cell.sum.eq(self.sum[k]), self.next_w[k].eq(cell.next_w),
                self.next_sum[k].eq(cell.next_sum)]
            a, start = cell.next_a, cell.next_start
        return m
