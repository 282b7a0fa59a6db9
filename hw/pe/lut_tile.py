# amaranth: UnusedElaboratable=no
"""The elongated tile of look-ups: tables of some vectors, read by many rows of weights."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..arith.registered import registered
from ..shapes import shape_between, vector_of
from ..unique import Unique
from .base import DotSpec
from .lut_row import LutRow
from .lut_table import GROUP, LutTable
from .operands import check_plain

__all__ = ["LutTile"]


class LutTile(wiring.Component):
    """Every vector's dot product with every row: M x N x K.

    A :class:`LutTable` serves each vector and all rows, a row's weights all vectors; a
    :class:`LutRow` stands where they meet. Tables grow with M, multiplexers with M x N, so that
    few vectors and many rows are cheapest: LUT Tensor Core takes M = 2, N = 64 and groups of 4.
    Operands of an enabled cycle with ``start`` give their products ``latency`` enabled cycles
    later, new ones may come every ``interval``.

    Source: Mo et al., LUT Tensor Core, sections 3.1 and 3.3 (arXiv 2408.06003).

    Parameters
    ----------
    spec : DotSpec
        Of one product; its lanes are K.
    vectors, rows : int
        M and N.
    group : int
        Activations of one table, 2 to 8.
    serial : bool
        Whether the weights' bits are looked up in turn.

    Raises
    ------
    ValueError
        If an operand is a code, which needs a decoder in front, or a number is out of range.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Operands are valid; ignored unless serial.
    a : ``In(ArrayLayout(vector_of(spec.activations, spec.lanes), vectors))``
    w : ``In(ArrayLayout(vector_of(spec.weights, spec.lanes), rows))``
    o : ``Out(ArrayLayout(ArrayLayout(shape_between(*spec.result_range), rows), vectors))``
    """

    def __init__(self, spec: DotSpec, vectors: int, rows: int, *, group: int = GROUP,
                 serial: bool = False) -> None:
        check_plain("a tile of look-ups", activations=spec.activations, weights=spec.weights)
        self._spec = spec
        self._vectors, self._rows = as_index("vectors", vectors), as_index("rows", rows)
        for name, count in (("vectors", self._vectors), ("rows", self._rows)):
            if count < 1:
                raise ValueError(f"{name} must be at least 1, not {count}")
        self._tables = [Unique(LutTable, spec.activations, spec.lanes, held=serial, group=group)
                        for _ in range(self._vectors)]
        self._each = [[Unique(LutRow, spec, serial=serial, group=group)
                       for _ in range(self._rows)] for _ in range(self._vectors)]
        one = self._each[0][0].component
        self.interval = one.interval
        self.latency = self._tables[0].component.latency + one.latency
        result = ArrayLayout(shape_between(*spec.result_range), self._rows)
        super().__init__({
            "enable": In(1), "start": In(1),
            "a": In(ArrayLayout(vector_of(spec.activations, spec.lanes), self._vectors)),
            "w": In(ArrayLayout(vector_of(spec.weights, spec.lanes), self._rows)),
            "o": Out(ArrayLayout(result, self._vectors))})

    @property
    def spec(self) -> DotSpec:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def late(value: Any, name: str) -> Any:
            return registered(m, value, enable=self.enable, name=name,
                              stages=self._tables[0].component.latency)

        started = late(self.start, "started")
        weights = [late(self.w[row].as_value(), f"w_late_{row}") for row in range(self._rows)]
        for vector, table in enumerate(self._tables):
            m.submodules[f"table_{vector}"] = table
            m.d.comb += [table.enable.eq(self.enable), table.start.eq(self.start),
                         table.a.eq(self.a[vector])]
            for number, row in enumerate(self._each[vector]):
                m.submodules[f"row_{vector}_{number}"] = row
                m.d.comb += [
                    row.enable.eq(self.enable), row.start.eq(started),
                    row.w.as_value().eq(weights[number]), row.tables.eq(table.tables),
                    row.total.eq(table.total), self.o[vector][number].eq(row.o)]
        return m
