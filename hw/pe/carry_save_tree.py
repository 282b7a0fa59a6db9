# amaranth: UnusedElaboratable=no
"""Carry-save trees, one for each bit weight: no carry travels before the one adder at the end."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable

from ..arith.booth_rows import BoothDigit, booth_digits, booth_row
from ..arith.columns import Columns, columns_of, compress_level, settled, two_rows
from ..arith.registered import registered
from ..shapes import fixed_value
from .base import DotSpec
from .decoded import NumberDotProduct

__all__ = ["CarrySaveTreeDotProduct"]

#: Full adders one behind the other between registers, and as many as choosing a multiple takes.
BETWEEN, CHOICE = 4, 2


class CarrySaveTreeDotProduct(NumberDotProduct):
    """Full adders for all sums, and one carry-propagate adder: made for standard cells.

    The narrower operand is the factor: each of its radix-4 Booth digits chooses a multiple of the
    other. Multiples of one bit weight are compressed over all lanes to a sum and its carries,
    while they are narrow; those of all weights, each at its place, to two numbers, which an adder
    adds. What completes complements goes into the trees as bits of their own. Registers stand
    behind every few full adders, spread evenly, and behind the adder. Where there are carry
    chains, :class:`~.bit_weight.BitWeightDotProduct` is smaller.

    See :class:`DotProduct` for the contract and the members. Source: Wu et al., Exploring the
    Performance Improvement of Tensor Processing Engines through Transformation in the
    Bit-weight Dimension of MACs, HPCA 2025, section 4 (OPT2: reduction over k before bit
    weights).

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a dot product by carry-save trees"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._factor_is_weight = spec.weights.width <= spec.activations.width
        factor, other = self._ordered(spec.weights, spec.activations)
        self._digits = booth_digits((factor.fixed_min, factor.fixed_max),
                                    (other.fixed_min, other.fixed_max))
        trees = [settled(self._heights(digit)) for digit in self._digits]
        self._join = CHOICE + max(levels for levels, _ in trees)
        joined = self._joined([[[Const(1, 1)] * height for height in heights]
                               for _, heights in trees])
        self._levels = self._join + settled([len(column) for column in joined])[0]
        self._stages = -(-self._levels // BETWEEN)
        self.latency = self._stages + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        trees = [self._tree(m, digit) for digit in self._digits]
        cuts = [-(-stage * self._levels // self._stages) for stage in range(1, self._stages + 1)]
        for level in range(CHOICE, self._levels + 1):
            if level in cuts:
                trees = [self._kept(m, tree, f"kept_{level}_{number}")
                         for number, tree in enumerate(trees)]
            if level == self._join:
                trees = [self._joined(trees)]
            if level < self._levels:
                trees = [compress_level(m, tree, name=f"level_{level}_{number}")
                         for number, tree in enumerate(trees)]
        total, carries = two_rows(*trees)
        m.d.comb += self.o.eq(registered(m, (total + carries)[:len(self.o)], enable=self.enable,
                                         name="whole"))
        return m

    def _ordered(self, weight: Any, activation: Any) -> tuple[Any, Any]:
        """The factor's first."""
        return (weight, activation) if self._factor_is_weight else (activation, weight)

    def _width(self, digit: BoothDigit) -> int:
        """Bits of the sum of a digit's rows and carry-ins."""
        return (self.spec.lanes * digit.most).bit_length()

    def _heights(self, digit: BoothDigit) -> list[int]:
        """Bits in each column of :meth:`_tree`."""
        lanes = self.spec.lanes
        return [lanes * (1 + digit.has_carry), *[lanes] * (digit.width - 1),
                *[0] * (self._width(digit) - digit.width)]

    def _tree(self, m: Module, digit: BoothDigit) -> Columns:
        """Rows and carry-ins of all lanes."""
        parts: list[Value] = []
        for lane in range(self.spec.lanes):
            factor, other = self._ordered(fixed_value(self.spec.weights, self.w[lane]),
                                          fixed_value(self.spec.activations, self.a[lane]))
            parts += booth_row(m, digit, factor, other, name=f"row_{digit.place}_{lane}")
        return columns_of([(part, 0) for part in parts], self._width(digit))

    def _joined(self, trees: list[Columns]) -> Columns:
        """The columns of all digits, each at its place, and what takes off all biases."""
        width = len(self.o)
        bias = self.spec.lanes * sum(digit.bias << 2 * digit.place for digit in self._digits)
        joined = columns_of([(Const(-bias % (1 << width), width), 0)], width)
        for digit, tree in zip(self._digits, trees, strict=True):
            for column, bits in zip(joined[2 * digit.place:], tree, strict=False):
                column[:0] = bits
        return joined

    def _kept(self, m: Module, tree: Columns, name: str) -> Columns:
        """A register later; constants stay constants."""
        found: Columns = []
        for place, column in enumerate(tree):
            constants = [bit for bit in column if isinstance(bit, Const)]
            bits = [bit for bit in column if not isinstance(bit, Const)]
            if bits:
                bits = list(registered(m, Cat(*bits), enable=self.enable, name=f"{name}_{place}"))
            found.append([*bits, *constants])
        return found
