# amaranth: UnusedElaboratable=no
"""Rows of dot products by look-up that share their tables."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from ..arith.registered import registered
from ..unique import Unique
from .base import DotSpec
from .lut_row import LutRow
from .lut_table import LutTable
from .rows import DotRows

__all__ = ["LutRows", "SerialLutRows"]


class LutRows(DotRows):
    """One :class:`LutTable` for all rows, and a :class:`LutRow` each.

    The elongated tile of LUT Tensor Core: ``rows`` are its N, ``spec.lanes`` its K, and as many
    tiles as vectors at a time its M. See :class:`DotRows` for the contract and the members.

    Source: Mo et al., LUT Tensor Core, sections 3.1 and 3.3 (arXiv 2408.06003).

    Parameters
    ----------
    spec, rows
        As of :class:`DotRows`.
    """

    #: Whether the weights' bits are looked up in turn.
    serial = False

    def __init__(self, spec: DotSpec, rows: int) -> None:
        super().__init__(spec, rows)
        self._table = LutTable(spec.activations, spec.lanes, held=self.serial)
        self._each = [Unique(LutRow, spec, serial=self.serial) for _ in range(self.rows)]
        one = self._each[0].component
        self.interval = one.interval
        self.latency = self._table.latency + one.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.table = table = self._table

        def late(value: Any, name: str) -> Any:
            return registered(m, value, enable=self.enable, name=name, stages=table.latency)

        m.d.comb += [table.enable.eq(self.enable), table.start.eq(self.start), table.a.eq(self.a)]
        started = late(self.start, "started")
        for number, row in enumerate(self._each):
            m.submodules[f"row_{number}"] = row
            m.d.comb += [
                row.enable.eq(self.enable), row.start.eq(started),
                row.w.as_value().eq(late(self.w[number].as_value(), f"w_late_{number}")),
                row.tables.eq(table.tables), row.total.eq(table.total),
                self.o[number].eq(row.o)]
        return m


class SerialLutRows(LutRows):
    """The same, the weights' bits in turn: ``interval`` is their number."""

    serial = True
