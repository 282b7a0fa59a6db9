# amaranth: UnusedElaboratable=no
"""Dot products by look-up: tables of activations' sums, indexed by bits of the weights."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from sw_model.formats import CodedFormat

from ..arith.registered import registered
from .base import DotProduct, DotSpec
from .lut_row import LutRow
from .lut_table import LutTable

__all__ = ["LutDotProduct"]


class LutDotProduct(DotProduct):
    """A :class:`LutTable` and one :class:`LutRow`: by itself dearer than adders, but arrays
    share the table among rows.

    With all places of the weights at once it gives a dot product every cycle; ``serial``,
    every so many cycles as weights have bits, for as many times less look-up. See
    :class:`DotProduct` for the contract and the members.

    Source: Mo et al., LUT Tensor Core, section 3 (arXiv 2408.06003), and Wei et al., T-MAC,
    section 3 (arXiv 2407.00088). Sums are exact: tables are not quantised.

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary.
    serial : bool
        Whether the weights' bits are looked up in turn.
    """

    def __init__(self, spec: DotSpec, *, serial: bool = False) -> None:
        super().__init__(spec)
        self._table = LutTable(spec.activations, spec.lanes, held=serial)
        self._row = LutRow(spec, serial=serial)
        self.interval = self._row.interval
        self.latency = self._table.latency + self._row.latency

    @classmethod
    def refusal(cls, spec: DotSpec) -> str | None:
        for name in ("activations", "weights"):
            if isinstance(form := getattr(spec, name), CodedFormat):
                return (f"{name} of a dot product by look-up must be integers, fixed point, "
                        f"bipolar or ternary, not {form} (activations {spec.activations}, "
                        f"weights {spec.weights})")
        return None

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.table = table = self._table
        m.submodules.row = row = self._row

        def late(value: Any, name: str) -> Any:
            return registered(m, value, enable=self.enable, name=name, stages=table.latency)

        m.d.comb += [
            table.enable.eq(self.enable), table.start.eq(self.start), table.a.eq(self.a),
            row.enable.eq(self.enable), row.start.eq(late(self.start, "started")),
            row.w.as_value().eq(late(self.w.as_value(), "w_late")),
            row.tables.eq(table.tables), row.total.eq(table.total), self.o.eq(row.o)]
        return m
