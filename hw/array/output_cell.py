# amaranth: UnusedElaboratable=no
"""Cells of an output-stationary array, and rows of them."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.compressor import compressed
from ..arith.registered import registered
from ..pe import DotSpec, element_of
from ..shapes import shape_of, vector_of
from ..unique import Unique

__all__ = ["FLOW", "OutputCell", "OutputRow"]

#: What moves to the right beside the activations. ``start``: they are operands. ``add`` and
#: ``close`` follow the processing element's latency later: a product is to be added; it is the
#: last of its sum.
FLOW = StructLayout({"start": 1, "add": 1, "close": 1})


class OutputCell(wiring.Component):
    """A processing element, the sum of its products, and the last finished sum.

    Operands are held for one enabled cycle and handed on: activations to the right, weights
    down. A finished sum goes into ``result`` and the next one begins at once. Behind
    ``collect`` results move down, from ``drain`` to ``result``, for as many cycles as there are
    rows above and one more.

    With ``carry_save`` the sum is kept as two numbers: one full adder for each bit is all that
    stands in its loop, and their carries travel once a sum has ended, for which it takes an
    enabled cycle more. Source: Wu et al., Exploring the Performance Improvement of Tensor
    Processing Engines through Transformation in the Bit-weight Dimension of MACs, HPCA 2025,
    section 3 (OPT1).

    Parameters
    ----------
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    dot : DotSpec
    accumulator : IntFormat
    family : str, optional
        Of the device, for kinds that depend on it.
    carry_save : bool

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(vector_of(dot.activations, dot.lanes))``
    w : ``In(vector_of(dot.weights, dot.lanes))``
    flow : ``In(FLOW)``
    drain : ``In(shape_of(accumulator))``
        The result of the cell above.
    shift : ``In(1)``
        That cell takes a result from above.
    collect : ``In(1)``
        The lowest cell of the column finishes its sum.
    next_a, next_w, next_flow, next_shift : ``Out``
        The same an enabled cycle later, for the neighbours; ``next_shift`` also after
        ``collect``.
    result : ``Out(shape_of(accumulator))``
    done : ``Out(1)``
        A sum goes into ``result`` at the end of this cycle.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat,
                 family: str | None = None, carry_save: bool = False) -> None:
        self._pe, self._carry_save = element_of(pe, dot, family), carry_save
        a, w = vector_of(dot.activations, dot.lanes), vector_of(dot.weights, dot.lanes)
        value = shape_of(accumulator)
        super().__init__({
            "enable": In(1), "a": In(a), "w": In(w), "flow": In(FLOW), "drain": In(value),
            "shift": In(1), "collect": In(1), "next_a": Out(a), "next_w": Out(w),
            "next_flow": Out(FLOW), "next_shift": Out(1), "result": Out(value),
            "done": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        for name in ("a", "w"):
            m.d.comb += getattr(self, f"next_{name}").eq(
                registered(m, getattr(self, name), enable=self.enable, name=f"held_{name}"))
        flow = self.next_flow
        m.d.comb += [pe.enable.eq(self.enable), pe.start.eq(flow.start),
                     pe.a.eq(self.next_a), pe.w.eq(self.next_w)]
        done, total = (self._carry_save_sum if self._carry_save else self._sum)(m, pe.o)
        m.d.comb += self.done.eq(done)
        with m.If(self.enable):
            m.d.sync += [flow.eq(self.flow), self.next_shift.eq(self.shift | self.collect)]
            with m.If(done):
                m.d.sync += self.result.eq(total)
            with m.Elif(self.next_shift):
                m.d.sync += self.result.eq(self.drain)
        return m

    def _sum(self, m: Module, product: Value) -> tuple[Value, Value]:
        """Whether a sum has ended, and the sum."""
        flow = self.next_flow
        accumulator, total = Signal.like(self.result), Signal.like(self.result)
        m.d.comb += total.eq(accumulator + product)
        with m.If(self.enable & flow.add):
            m.d.sync += accumulator.eq(Mux(flow.close, 0, total))
        return flow.close, total

    def _carry_save_sum(self, m: Module, product: Value) -> tuple[Value, Value]:
        """The same, a cycle later."""
        flow, width = self.next_flow, len(self.result)
        wide = Signal.like(self.result, name="product")
        m.d.comb += wide.eq(product)
        kept = [Signal(width, name=name) for name in ("total", "carries")]
        later = compressed(m, [wide, *kept], width, name="level")
        ended = [Signal(width, name=f"ended_{half.name}", reset_less=True) for half in kept]
        closed = Signal()
        with m.If(self.enable):
            m.d.sync += closed.eq(flow.close)
            with m.If(flow.add):
                m.d.sync += [half.eq(Mux(flow.close, 0, sum_))
                             for half, sum_ in zip(kept, later, strict=True)]
            m.d.sync += [half.eq(sum_) for half, sum_ in zip(ended, later, strict=True)]
        return closed, ended[0] + ended[1]


class OutputRow(wiring.Component):
    """Cells side by side: activations enter the first, weights each.

    Parameters
    ----------
    pe, dot, accumulator, family, carry_save
        As of :class:`OutputCell`.
    columns : int

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(vector_of(dot.activations, dot.lanes))``
    flow : ``In(FLOW)``
    w : ``In(ArrayLayout(vector_of(dot.weights, dot.lanes), columns))``
    drain : ``In(vector_of(accumulator, columns))``
    shift, collect : ``In(columns)``
        As of :class:`OutputCell`, and so on: a value or a bit for each column.
    next_w, next_shift : ``Out``
        Of all cells, for the row below.
    result : ``Out(vector_of(accumulator, columns))``
    done : ``Out(columns)``
        The cell finishes its sum in this cycle.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat, columns: int,
                 family: str | None = None, carry_save: bool = False) -> None:
        self._of, self._columns = (pe, dot, accumulator, family, carry_save), columns
        weights = ArrayLayout(vector_of(dot.weights, dot.lanes), columns)
        values = vector_of(accumulator, columns)
        super().__init__({
            "enable": In(1), "a": In(vector_of(dot.activations, dot.lanes)), "flow": In(FLOW),
            "w": In(weights), "drain": In(values), "shift": In(columns),
            "collect": In(columns), "next_w": Out(weights), "next_shift": Out(columns),
            "result": Out(values), "done": Out(columns)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        a, flow = self.a, self.flow
        for k in range(self._columns):
            m.submodules[f"cell_{k}"] = cell = Unique(OutputCell, *self._of)
            m.d.comb += [
                cell.enable.eq(self.enable), cell.a.eq(a), cell.flow.eq(flow),
                cell.w.eq(self.w[k]), cell.drain.eq(self.drain[k]),
                cell.shift.eq(self.shift[k]), cell.collect.eq(self.collect[k]),
                self.next_w[k].eq(cell.next_w), self.next_shift[k].eq(cell.next_shift),
                self.result[k].eq(cell.result), self.done[k].eq(cell.done)]
            a, flow = cell.next_a, cell.next_flow
        return m
