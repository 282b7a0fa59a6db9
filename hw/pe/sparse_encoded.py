# amaranth: UnusedElaboratable=no
"""Activations as digits of four lanes at a time, zeros skipped, one carry-save addition a digit."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from .base import DotSpec, ElasticDotProduct
from .decoded import NumberDotProduct
from .en_t import en_t_count
from .sparse_encoded_rows import SparseEncodedRows

__all__ = ["SparseEncodedDotProduct"]


class SparseEncodedDotProduct(NumberDotProduct, ElasticDotProduct):
    """One nonzero EN-T digit of one activation a cycle, whatever the number of lanes.

    Place after place, and of each place four lanes after four, a sparse encoder gives the
    activations' nonzero digits; the weight beside each, times it, goes into a sum and
    carries. After a place these are added, and what came before is shifted. Four lanes take a
    cycle for each nonzero digit of a place, at least one
    (:func:`sw_model.terms.grouped_cycles`); ``interval`` is a cycle for each digit of all lanes.

    Activations are encoded, weights chosen by position, so that rows share the encoder: one
    row is OPT3, several are OPT4C's column (:class:`~.sparse_encoded_rows.SparseEncodedRows`).
    Encoding weights is the same element with its operands exchanged. See
    :class:`ElasticDotProduct` for the contract and the members.

    Source: Wu et al., Exploring the Performance Improvement of Tensor Processing Engines through
    Transformation in the Bit-weight Dimension of MACs, HPCA 2025, section 5 (OPT3, OPT4C).

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a sparse encoded dot product"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._rows = SparseEncodedRows(spec, 1)
        self.interval, self.latency = self._rows.interval, self._rows.latency

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return en_t_count(cls.core(spec).activations) * spec.lanes

    @classmethod
    def shared(cls, spec: DotSpec, rows: int) -> SparseEncodedRows:
        return SparseEncodedRows(spec, rows)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.rows = rows = self._rows
        m.d.comb += [rows.enable.eq(self.enable), rows.start.eq(self.start), rows.a.eq(self.a),
                     rows.w[0].eq(self.w), self.o.eq(rows.o[0]), self.ready.eq(rows.ready),
                     self.valid.eq(rows.valid)]
        return m
