# amaranth: UnusedElaboratable=no
"""Dot products by look-up: tables of activations' sums, indexed by bits of the weights."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Module
from amaranth.hdl import Elaboratable

from .base import DotSpec
from .decoded import NumberDotProduct
from .lut_rows import LutRows, SerialLutRows

__all__ = ["LutDotProduct", "SerialLutDotProduct"]


class LutDotProduct(NumberDotProduct):
    """A table and one row that reads it: by itself dearer than adders, but rows share a table.

    All places of the weights are looked up at once, and there is a dot product every cycle. See
    :class:`DotProduct` for the contract and the members, :class:`LutRows` for rows.

    Source: Mo et al., LUT Tensor Core, section 3 (arXiv 2408.06003), and Wei et al., T-MAC,
    section 3 (arXiv 2407.00088). Sums are exact: tables are not quantised.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a dot product by look-up"
    shared: ClassVar[type[LutRows]] = LutRows

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._one = self.shared(spec, 1)
        self.latency, self.interval = self._one.latency, self._one.interval

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.one = one = self._one
        m.d.comb += [one.enable.eq(self.enable), one.start.eq(self.start), one.a.eq(self.a),
                     one.w[0].eq(self.w), self.o.eq(one.o[0])]
        return m


class SerialLutDotProduct(LutDotProduct):
    """The same with one look-up: a dot product every so many cycles as weights have bits."""

    shared = SerialLutRows

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return cls.core(spec).weights.width
