"""All products at once, summed by a pipelined adder tree."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat, Format, TernaryFormat

from ..arith.adder_tree import adder_tree, grouped_depth, leaf_group
from ..shapes import fixed_value, shape_of
from .base import DotProduct, DotSpec

__all__ = ["ParallelDotProduct", "product_of"]


def product_of(a: Value, a_format: Format, w: Value, w_format: Format) -> Value:
    """The exact product of two codes; an adder or less where a factor has one or two bits."""
    for code, form, other, other_form in ((w, w_format, a, a_format), (a, a_format, w, w_format)):
        value = fixed_value(other_form, other)
        if isinstance(form, BipolarFormat):
            return Mux(code, value, -value)
        if isinstance(form, TernaryFormat):
            return Mux(code[0], Mux(code[1], -value, value), 0)
    return fixed_value(a_format, a) * fixed_value(w_format, w)


class ParallelDotProduct(DotProduct):
    """One multiplier for each lane and an adder tree: a dot product every cycle.

    Registers stand behind the multipliers and behind each level of the tree; operands come
    from registers of the array. Where both operands are bipolar, products are counted: the
    sum is twice the number of equal signs less the number of lanes. See
    :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
    """

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._group = leaf_group(1 if self._counts else spec.product.width)
        self.latency = 1 + grouped_depth(spec.lanes, self._group)

    @property
    def _counts(self) -> bool:
        """Whether equal signs are counted instead of products summed."""
        return all(isinstance(form, BipolarFormat)
                   for form in (self.spec.activations, self.spec.weights))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if self._counts:
            equal = Signal(self.spec.lanes, reset_less=True)
            with m.If(self.enable):
                m.d.sync += equal.eq(~(self.a.as_value() ^ self.w.as_value()))
            count = adder_tree(m, list(equal), enable=self.enable, name="count",
                               group=self._group)
            m.d.comb += self.o.eq((count << 1) - self.spec.lanes)
            return m
        products = [self._product(m, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.eq(adder_tree(m, products, enable=self.enable, name="sum",
                                      group=self._group))
        return m

    def _product(self, m: Module, lane: int) -> Signal:
        spec = self.spec
        product = Signal(shape_of(spec.product), name=f"product_{lane}", reset_less=True)
        with m.If(self.enable):
            m.d.sync += product.eq(product_of(
                self.a[lane], spec.activations, self.w[lane], spec.weights))
        return product
