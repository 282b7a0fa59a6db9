# amaranth: UnusedElaboratable=no
"""Cells of an output-stationary array, and rows of them."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.compressor import compressed
from ..arith.registered import registered
from ..pe import DotProduct, DotSpec, element_of
from ..shapes import shape_of, vector_of
from ..unique import Unique

__all__ = ["FLOW", "OutputCell", "OutputRow", "cell_element"]

#: What moves to the right beside the activations. ``start``: they are operands. ``add`` and
#: ``close`` follow the processing element's latency later: a product is to be added; it is the
#: last of its sum.
FLOW = StructLayout({"start": 1, "add": 1, "close": 1})


def result_of(accumulator: IntFormat, carry_save: bool) -> Any:
    """The shape of a cell's result."""
    return ArrayLayout(accumulator.width, 2) if carry_save else shape_of(accumulator)


def cell_element(pe: str, dot: DotSpec, accumulator: IntFormat, family: str | None,
                 carry_save: bool) -> Any:
    """The processing element of a cell; if it can, one that leaves two numbers of the
    accumulator's width where ``carry_save`` adds them.

    Raises
    ------
    ValueError
        As :func:`hw.pe.element_of` does.
    """
    element = element_of(pe, dot, family)
    if carry_save and element.unadded:
        return element.unadded(dot, accumulator.width)
    return element


class OutputCell(wiring.Component):
    """A processing element, the sum of its products, and the last finished sum.

    Operands are held for one enabled cycle and handed on: activations to the right, weights
    down. A finished sum goes into ``result`` and the next one begins at once. Behind
    ``collect`` results move down, from ``drain`` to ``result``, for as many cycles as there are
    rows above and one more.

    With ``carry_save`` the sum is kept and handed on as two numbers, whose carries do not travel:
    what stands in its loop is a full adder for each bit, or two behind kinds that leave their dot
    products as two numbers too (``carry_save_tree``). Who takes results adds them up. Source: Wu et
    al., Exploring the Performance Improvement of Tensor Processing Engines through Transformation
    in the Bit-weight Dimension of MACs, HPCA 2025, section 3 (OPT1).

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

    With ``carry_save``, ``drain`` and ``result`` are ``ArrayLayout(accumulator.width, 2)``.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat,
                 family: str | None = None, carry_save: bool = False) -> None:
        self._pe = cell_element(pe, dot, accumulator, family, carry_save)
        self._carry_save = carry_save
        a, w = vector_of(dot.activations, dot.lanes), vector_of(dot.weights, dot.lanes)
        value = result_of(accumulator, carry_save)
        super().__init__({
            "enable": In(1), "a": In(a), "w": In(w), "flow": In(FLOW), "drain": In(value),
            "shift": In(1), "collect": In(1), "next_a": Out(a), "next_w": Out(w),
            "next_flow": Out(FLOW), "next_shift": Out(1), "result": Out(value)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        for name in ("a", "w"):
            m.d.comb += getattr(self, f"next_{name}").eq(
                registered(m, getattr(self, name), enable=self.enable, name=f"held_{name}"))
        flow = self.next_flow
        m.d.comb += [pe.enable.eq(self.enable), pe.a.eq(self.next_a), pe.w.eq(self.next_w)]
        if isinstance(pe, DotProduct):
            m.d.comb += pe.start.eq(flow.start)
        accumulator, total = (Signal(len(Value.cast(self.result)), name=name)
                              for name in ("accumulator", "total"))
        m.d.comb += total.eq(self._added(m, accumulator, pe.o))
        with m.If(self.enable):
            m.d.sync += [flow.eq(self.flow), self.next_shift.eq(self.shift | self.collect)]
            with m.If(flow.add):
                m.d.sync += accumulator.eq(Mux(flow.close, 0, total))
            with m.If(flow.close):
                m.d.sync += Value.cast(self.result).eq(total)
            with m.Elif(self.next_shift):
                m.d.sync += self.result.eq(self.drain)
        return m

    def _added(self, m: Module, accumulator: Value, product: Any) -> Value:
        """The sum, or the two numbers, with a product more."""
        if not self._carry_save:
            return accumulator + product
        width = len(accumulator) // 2
        if isinstance(self._pe, DotProduct):
            wide = Signal(signed(width), name="product")
            m.d.comb += wide.eq(product)
            product = [wide]
        return Cat(*compressed(m, [*product, accumulator[:width], accumulator[width:]], width,
                               name="level"))


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
    drain : ``In(ArrayLayout(result of a cell, columns))``
    shift, collect : ``In(columns)``
        As of :class:`OutputCell`, and so on: a value or a bit for each column.
    next_w, next_shift : ``Out``
        Of all cells, for the row below.
    result : ``Out(ArrayLayout(result of a cell, columns))``
    done : ``Out(columns)``
        The cell finishes its sum in this cycle.
    """

    def __init__(self, pe: str, dot: DotSpec, accumulator: IntFormat, columns: int,
                 family: str | None = None, carry_save: bool = False) -> None:
        self._of, self._columns = (pe, dot, accumulator, family, carry_save), columns
        weights = ArrayLayout(vector_of(dot.weights, dot.lanes), columns)
        values = ArrayLayout(result_of(accumulator, carry_save), columns)
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
                self.result[k].eq(cell.result), self.done[k].eq(cell.next_flow.close)]
            a, flow = cell.next_a, cell.next_flow
        return m
