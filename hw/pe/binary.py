# amaranth: UnusedElaboratable=no
"""Operands of one bit: products are counted, not summed."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat, Format, IntFormat

from ..arith.adder_tree import adder_tree, grouped_depth, leaf_group
from .base import DotProduct, DotSpec

__all__ = ["BinaryDotProduct"]


class BinaryDotProduct(DotProduct):
    """XNOR and a population count, or AND and one: a dot product every cycle.

    Of bipolar operands the sum is twice the number of equal signs less the number of lanes. Of
    integers of one bit (0 and 1, or 0 and -1) it is the number of pairs of ones, or its
    negative. Registers stand behind the gates and each level of the count. See
    :class:`DotProduct` for the contract and the members.

    Source: Rastegari et al., XNOR-Net, section 3.2 (arXiv 1603.05279).

    Parameters
    ----------
    spec : DotSpec
        Both formats bipolar, or both integers of one bit.
    """

    what = "a binary dot product"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.latency = 1 + grouped_depth(spec.lanes, leaf_group(1))

    @classmethod
    def _refusal_of_pair(cls, spec: DotSpec) -> str | None:
        kinds = [_kind(form) for form in (spec.activations, spec.weights)]
        if kinds[0] is None or kinds[0] is not kinds[1]:
            return ("operands of a binary dot product must be both bipolar, or both integers of "
                    f"one bit, not {spec.activations} (activations) and {spec.weights} (weights): "
                    "of a sign and a number, or of more bits, a gate gives no product")
        return None

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        a, w = self.a.as_value(), self.w.as_value()
        signs = isinstance(self.spec.weights, BipolarFormat)
        ones = Signal(self.spec.lanes, reset_less=True)
        with m.If(self.enable):
            m.d.sync += ones.eq(~(a ^ w) if signs else a & w)
        count = adder_tree(m, list(ones), enable=self.enable, name="count", group=leaf_group(1))
        if signs:
            m.d.comb += self.o.eq((count << 1) - self.spec.lanes)
        else:
            m.d.comb += self.o.eq(-count if self.spec.product_range[0] < 0 else count)
        return m


def _kind(form: Format) -> type[Format] | None:
    """What kind of one-bit format it is, if any."""
    if isinstance(form, BipolarFormat):
        return BipolarFormat
    return IntFormat if isinstance(form, IntFormat) and form.width == 1 else None
