# amaranth: UnusedElaboratable=no
"""Rows of serial elements that keep activations, and take them apart, once for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amaranth import Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..shapes import shape_between, vector_of
from ..unique import Unique
from .base import DotSpec
from .operands import check_plain
from .rows import DotRows
from .term_sum import Step, serial_latency, serial_sum

if TYPE_CHECKING:
    from .serial import SerialDotProduct

__all__ = ["SerialRow", "SerialRows"]


class SerialRow(wiring.Component):
    """One row: its weights are kept, and the terms of all lanes summed.

    Parameters
    ----------
    kind : type of SerialDotProduct
    spec : DotSpec

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Weights are given.
    live, last : ``In(1)``
        As of :class:`~.term_sum.Step`, from the next cycle on.
    number : ``In(...)``
        Which term it is.
    a : ``In(ArrayLayout(kind.broadcast_shape(spec), spec.lanes))``
        Of each lane, what ``kind.broadcast`` makes of the activation.
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_between(*spec.result_range))``
        The dot product, :func:`~.term_sum.serial_latency` enabled cycles after ``last``.
    """

    def __init__(self, kind: type[SerialDotProduct], spec: DotSpec) -> None:
        self._kind, self._spec = kind, spec
        self._steps = kind.interval_of(spec)
        super().__init__({
            "enable": In(1), "start": In(1), "live": In(1), "last": In(1),
            "number": In(range(max(self._steps, 2))),
            "a": In(ArrayLayout(kind.broadcast_shape(spec), spec.lanes)),
            "w": In(vector_of(spec.weights, spec.lanes)),
            "o": Out(shape_between(*spec.result_range))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        kind, spec = self._kind, self._spec
        terms = []
        for lane in range(spec.lanes):
            weight = registered(m, self.w[lane], enable=self.enable & self.start,
                                name=f"w_{lane}")
            terms.append(kind.term(m, spec, self.a[lane], weight, self.number, f"term_{lane}"))
        step = Step(self.live, self.last, kind.minus(spec, self.last))
        whole = kind.whole(spec)
        result, _ = serial_sum(m, terms, step, spec, (whole.fixed_min, whole.fixed_max),
                               enable=self.enable, advance=kind.advance(spec), steps=self._steps)
        m.d.comb += self.o.eq(result)
        return m


class SerialRows(DotRows):
    """Activations and the count of terms for all rows, and a :class:`SerialRow` each.

    See :class:`DotRows` for the contract and the members.

    Parameters
    ----------
    kind : type of SerialDotProduct
    spec, rows
        As of :class:`DotRows`.
    """

    def __init__(self, kind: type[SerialDotProduct], spec: DotSpec, rows: int) -> None:
        super().__init__(spec, rows)
        if kind.core(spec) != spec:
            check_plain(f"rows of {kind.what}", activations=spec.activations, weights=spec.weights)
        self._kind = kind
        self._each = [Unique(SerialRow, kind, spec) for _ in range(self.rows)]
        self.interval = kind.interval_of(spec)
        self.latency = self.interval + serial_latency(spec.lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        live = Signal()
        last = Signal()
        number = Signal(range(max(self.interval, 2)))
        m.d.comb += last.eq(live & (number == self.interval - 1))
        with m.If(self.enable):
            m.d.sync += [live.eq(self.start | live & ~last),
                         number.eq(Mux(self.start, 0, number + 1))]
        activations = [registered(m, self.a[lane], enable=self.enable & self.start,
                                  name=f"a_{lane}") for lane in range(self.spec.lanes)]
        for place, row in enumerate(self._each):
            m.submodules[f"row_{place}"] = row
            m.d.comb += [row.enable.eq(self.enable), row.start.eq(self.start),
                         row.live.eq(live), row.last.eq(last), row.number.eq(number),
                         row.w.eq(self.w[place]), self.o[place].eq(row.o)]
            m.d.comb += [row.a[lane].eq(self._kind.broadcast(code, number))
                         for lane, code in enumerate(activations)]
        return m
