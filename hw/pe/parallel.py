"""All products at once, summed by a pipelined adder tree."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat, Format, TernaryFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..shapes import fixed_value, shape_of
from .base import DotProduct, DotSpec

__all__ = ["ParallelDotProduct", "product_of"]


def product_of(a: Value, a_format: Format, w: Value, w_format: Format) -> Value:
    """The exact product of two codes; an adder or less where a factor has one or two bits."""
    for code, form, other, other_form in ((w, w_format, a, a_format), (a, a_format, w, w_format)):
        value = fixed_value(other_form, other)
        if isinstance(form, BipolarFormat):
            if isinstance(other_form, BipolarFormat):
                # Equal signs make +1 (0b01), different ones -1 (0b11).
                return Cat(Const(1, 1), code ^ other).as_signed()
            return Mux(code, value, -value)
        if isinstance(form, TernaryFormat):
            return Mux(code[0], Mux(code[1], -value, value), 0)
    return fixed_value(a_format, a) * fixed_value(w_format, w)


class ParallelDotProduct(DotProduct):
    """One multiplier for each lane and an adder tree: a dot product every cycle.

    Registers stand behind the multipliers and behind each level of the tree; operands come
    from registers of the array. See :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
    """

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.latency = 1 + tree_depth(spec.lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self.spec
        products = []
        for lane in range(spec.lanes):
            product = Signal(shape_of(spec.product), name=f"product_{lane}", reset_less=True)
            with m.If(self.enable):
                m.d.sync += product.eq(product_of(
                    self.a[lane], spec.activations, self.w[lane], spec.weights))
            products.append(product)
        m.d.comb += self.o.eq(adder_tree(m, products, enable=self.enable, name="sum"))
        return m
