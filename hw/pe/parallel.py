# amaranth: UnusedElaboratable=no
"""All products at once, summed by a pipelined adder tree."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat, Format, TernaryFormat

from ..arith.adder_tree import adder_tree, grouped_depth, leaf_group
from ..shapes import fixed_value, shape_between
from .base import DotProduct, DotSpec
from .binary import BinaryDotProduct
from .operands import PLAIN_ONLY, Operand

__all__ = ["ParallelDotProduct", "product_of"]


#: Widest factor whose products are made of adders: a DSP block would be wasted on it.
NARROW = 4


def product_of(a: Value, a_format: Format, w: Value, w_format: Format) -> Value:
    """The exact product of two codes; adders or less where a factor has few bits."""
    pairs = [(w, w_format, a, a_format), (a, a_format, w, w_format)]
    for code, form, other, other_form in pairs:
        value = fixed_value(other_form, other)
        if isinstance(form, BipolarFormat):
            return Mux(code, value, -value)
        if isinstance(form, TernaryFormat):
            return Mux(code[0], Mux(code[1], -value, value), 0)
    code, form, other, other_form = min(pairs, key=lambda pair: pair[1].width)
    if form.width > NARROW:
        return fixed_value(a_format, a) * fixed_value(w_format, w)
    return _sum_of_rows(fixed_value(form, code), fixed_value(other_form, other))


def _sum_of_rows(narrow: Value, wide: Value) -> Value:
    """``narrow * wide``: a row for each bit of ``narrow``, its sign bit's taken off."""
    total: Value = Const(0)
    for place in range(len(narrow)):
        row = Mux(narrow[place], wide, 0) << place
        if place == len(narrow) - 1 and narrow.shape().signed:
            return total - row
        total = total + row if place else row
    return total


class ParallelDotProduct(DotProduct):
    """One multiplier for each lane and an adder tree: a dot product every cycle.

    Registers stand behind the multipliers and behind each level of the tree; operands come
    from registers of the array. Where both operands are bipolar, products are counted
    (:class:`BinaryDotProduct`). See :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary.
    """

    what = "a parallel dot product"
    operands: ClassVar[dict[str, Operand]] = dict.fromkeys(("activations", "weights"), PLAIN_ONLY)

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._group = leaf_group(shape_between(*spec.product_range).width)
        self.latency = 1 + grouped_depth(spec.lanes, self._group)
        self._counter = None
        if all(isinstance(form, BipolarFormat) for form in (spec.activations, spec.weights)):
            self._counter = BinaryDotProduct(spec)
            self.latency = self._counter.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if self._counter is not None:
            m.submodules.counter = counter = self._counter
            m.d.comb += [counter.enable.eq(self.enable), counter.a.eq(self.a),
                         counter.w.eq(self.w), self.o.eq(counter.o)]
            return m
        products = [self._product(m, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.eq(adder_tree(m, products, enable=self.enable, name="sum",
                                      group=self._group))
        return m

    def _product(self, m: Module, lane: int) -> Signal:
        spec = self.spec
        product = Signal(shape_between(*spec.product_range), name=f"product_{lane}",
                         reset_less=True)
        with m.If(self.enable):
            m.d.sync += product.eq(product_of(
                self.a[lane], spec.activations, self.w[lane], spec.weights))
        return product
