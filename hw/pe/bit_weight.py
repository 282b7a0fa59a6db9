# amaranth: UnusedElaboratable=no
"""Sums of equal weight first: all lanes' partial products of one place, then the places."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat, Format

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.carry_tree import Carried, carry_sum
from ..arith.multiply import Term, aligned_sum
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between
from .base import DotSpec
from .decoded import NumberDotProduct

__all__ = ["BitWeightDotProduct"]

#: Inputs of a look-up table.
TABLE = 4


class BitWeightDotProduct(NumberDotProduct):
    """No multiplier and no shifter before the end: a dot product every cycle of logic alone.

    The narrower operand is the factor. Its two highest bits are a digit from -2 to 1, so that
    a lane's partial product takes a look-up table of four inputs for each bit; each lower bit is
    a place of its own, where a partial product is the other operand or zero. The partial
    products of a place are added over all lanes while they are narrow, and only the sums of the
    places are shifted and added. Where both operands have four bits in all, a product is a table
    itself. Registers stand behind the partial products and each level of adders.

    See :class:`DotProduct` for the contract and the members. Source: Wu et al., Exploring the
    Performance Improvement of Tensor Processing Engines through Transformation in the
    Bit-weight Dimension of MACs, HPCA 2025, section 4 (OPT2: reduction over k before bit
    weights); the digits are this project's.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a dot product by bit weights"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._factor, self._other = spec.weights, spec.activations
        self._factor_is_weight = spec.weights.width <= spec.activations.width
        if not self._factor_is_weight:
            self._factor, self._other = self._other, self._factor
        self.latency = 1 + tree_depth(spec.lanes) + (
            self._offset != 0 if self._is_table else tree_depth(self._places))

    @property
    def _is_table(self) -> bool:
        """Whether a table takes both operands whole."""
        return self._factor.width + self._other.width <= TABLE

    @property
    def _offset(self) -> int:
        """What is taken off tables' products, so that they need no sign."""
        return min(0, self.spec.product_range[0]) * self.spec.lanes

    @property
    def _has_digit(self) -> bool:
        """Whether the factor's highest place counts negative."""
        return self._factor.fixed_min < 0

    @property
    def _digit_bits(self) -> int:
        """Bits of the factor in its highest place."""
        return min(2, self._factor.width) if self._has_digit else 1

    @property
    def _places(self) -> int:
        return self._factor.width - self._digit_bits + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += self.o.eq(self._table_sum(m) if self._is_table else self._sum_of_places(m))
        return m

    def _operands(self, lane: int) -> tuple[Value, Value]:
        """Code of the factor, and the other operand's value."""
        pair = (self.w[lane], self.a[lane])
        factor, other = pair if self._factor_is_weight else pair[::-1]
        return Value.cast(factor), fixed_value(self._other, other)

    def _sum_of_places(self, m: Module) -> Value:
        terms = []
        for place in range(self._places):
            total = carry_sum(m, [self._partial(m, place, lane) for lane in range(self.spec.lanes)],
                              enable=self.enable, name=f"place_{place}")
            terms.append(Term(total.value, place, carry=total.carry))
        return aligned_sum(m, terms, len(self.o) + 1, enable=self.enable, name="total")

    def _partial(self, m: Module, place: int, lane: int) -> Carried:
        """A lane's partial product of a place, registered."""
        code, other = self._operands(lane)
        name = f"partial_{place}_{lane}"
        limits = self._other.fixed_min, self._other.fixed_max
        if not (self._has_digit and place == self._places - 1):
            shape = shape_between(min(0, limits[0]), max(0, limits[1]))
            value = Signal(shape, name=f"{name}_chosen")
            m.d.comb += value.eq(Mux(code[place], other, 0))
            return Carried(registered(m, value, enable=self.enable, name=name),
                           min(0, limits[0]), max(0, limits[1]))
        multiples = self._multiples(code[place:], other)
        ranges = [sorted(multiple * bound - (multiple < 0) for bound in limits)
                  for multiple in multiples]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        negative = ~code[0] if isinstance(self._factor, BipolarFormat) else code[-1]
        flipped = Signal(shape_between(low, high), name=f"{name}_flipped")
        m.d.comb += flipped.eq(_chosen(list(multiples.values()), code[place:]))
        # A carry needs an adder: of the only place, lane 0's has none but this one.
        if lane == 0 and self._places == 1:
            value = Signal(shape_between(low, high + 1), name=f"{name}_whole")
            m.d.comb += value.eq(flipped + negative)
            return Carried(registered(m, value, enable=self.enable, name=name), low, high + 1)
        carry = registered(m, negative, enable=self.enable, name=f"{name}_carry")
        return Carried(registered(m, flipped, enable=self.enable, name=name), low, high, carry)

    def _multiples(self, digit: Value, other: Value) -> dict[int, Value]:
        """Multiples of ``other`` by digit, in the order of the digit's patterns; negative ones
        are complements, less by 1."""
        zero = Const(0, 1)
        other = other if other.shape().signed else Cat(other, zero).as_signed()
        if isinstance(self._factor, BipolarFormat):
            return {-1: ~other, 1: other}
        if len(digit) == 1:
            return {0: zero, -1: ~other}
        return {0: zero, 1: other, -2: ~(other << 1), -1: ~other}

    def _table_sum(self, m: Module) -> Value:
        """Products as tables, less the least of them."""
        least, most = self.spec.product_range
        least = min(0, least)
        products = []
        for lane in range(self.spec.lanes):
            code, _ = self._operands(lane)
            other = Value.cast((self.a if self._factor_is_weight else self.w)[lane])
            product = Signal(shape_between(0, most - least), name=f"table_{lane}")
            m.d.comb += product.eq(_chosen(
                [_chosen([Const(int(x * y) - least, product.shape()) for y in _values(self._other)],
                         other) for x in _values(self._factor)], code))
            products.append(registered(m, product, enable=self.enable, name=f"product_{lane}"))
        total = adder_tree(m, products, enable=self.enable, name="sum")
        if self._offset == 0:
            return total
        return registered(m, total + self._offset, enable=self.enable, name="whole")


def _values(form: Format) -> list[int]:
    """The values of all bit patterns, in order; of those that are no codes, 0."""
    legal = {int(bits): int(form.to_fixed(code)) for code in range(form.min, form.max + 1)
             for bits in [code & (1 << form.width) - 1]}
    return [legal.get(bits, 0) for bits in range(1 << form.width)]


def _chosen(values: list[Value], index: Value) -> Value:
    """``values[index]``."""
    while len(values) > 1:
        values = [Mux(index[0], high, low)
                  for low, high in zip(values[::2], values[1::2], strict=True)]
        index = index[1:]
    return values[0]
