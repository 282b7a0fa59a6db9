# amaranth: UnusedElaboratable=no
"""Carry-save trees, one for each bit weight: no carry travels before the one adder at the end."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..arith.booth_rows import BoothDigit, booth_digits, booth_row
from ..arith.columns import Columns, columns_of, compress_level, settled, two_rows
from ..arith.registered import registered
from ..shapes import fixed_value, vector_of
from .base import DotSpec
from .decoded import NumberDotProduct
from .operands import check_plain

__all__ = ["CarrySaveTree", "CarrySaveTreeDotProduct"]

#: Full adders one behind the other between registers, and as many as choosing a multiple takes.
BETWEEN, CHOICE = 4, 2


class CarrySaveTree(wiring.Component):
    """Dot products as two numbers: of full adders, before any carry travels.

    The narrower operand is the factor: each of its radix-4 Booth digits chooses a multiple of the
    other. Multiples of one bit weight are compressed over all lanes to a sum and its carries,
    while they are narrow; those of all weights, each at its place, to two numbers. What completes
    complements goes into the trees as bits of their own. Registers stand behind every few full
    adders, spread evenly.

    Source: Wu et al., Exploring the Performance Improvement of Tensor Processing Engines through
    Transformation in the Bit-weight Dimension of MACs, HPCA 2025, section 4 (OPT2: reduction over
    k before bit weights).

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary.
    width : int
        Of the two numbers.

    Raises
    ------
    ValueError
        If the formats are others.

    Members
    -------
    enable : ``In(1)``
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(ArrayLayout(width, 2))``
        Their sum is the dot product modulo ``2**width``, ``latency`` enabled cycles later.
    """

    latency: int
    interval = 1

    def __init__(self, spec: DotSpec, width: int) -> None:
        check_plain("a carry-save tree", activations=spec.activations, weights=spec.weights)
        self.spec, self._width = spec, as_index("width", width)
        super().__init__({
            "enable": In(1), "a": In(vector_of(spec.activations, spec.lanes)),
            "w": In(vector_of(spec.weights, spec.lanes)), "o": Out(ArrayLayout(width, 2))})
        self._factor_is_weight = spec.weights.width <= spec.activations.width
        factor, other = self._ordered(spec.weights, spec.activations)
        self._digits = booth_digits((factor.fixed_min, factor.fixed_max),
                                    (other.fixed_min, other.fixed_max))
        trees = [settled(self._heights(digit)) for digit in self._digits]
        self._join = CHOICE + max(levels for levels, _ in trees)
        joined = self._joined([[[Const(1, 1)] * height for height in heights]
                               for _, heights in trees])
        self._levels = self._join + settled([len(column) for column in joined])[0]
        self.latency = -(-self._levels // BETWEEN)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        trees = [self._tree(m, digit) for digit in self._digits]
        cuts = [-(-stage * self._levels // self.latency) for stage in range(1, self.latency + 1)]
        for level in range(CHOICE, self._levels + 1):
            if level in cuts:
                trees = [self._kept(m, tree, f"kept_{level}_{number}")
                         for number, tree in enumerate(trees)]
            if level == self._join:
                trees = [self._joined(trees)]
            if level < self._levels:
                trees = [compress_level(m, tree, name=f"level_{level}_{number}")
                         for number, tree in enumerate(trees)]
        m.d.comb += [part.eq(row) for part, row in zip(self.o, two_rows(*trees), strict=True)]
        return m

    def _ordered(self, weight: Any, activation: Any) -> tuple[Any, Any]:
        """The factor's first."""
        return (weight, activation) if self._factor_is_weight else (activation, weight)

    def _width_of(self, digit: BoothDigit) -> int:
        """Bits of the sum of a digit's rows and carry-ins."""
        return (self.spec.lanes * digit.most).bit_length()

    def _heights(self, digit: BoothDigit) -> list[int]:
        """Bits in each column of :meth:`_tree`."""
        lanes = self.spec.lanes
        return [lanes * (1 + digit.has_carry), *[lanes] * (digit.width - 1),
                *[0] * (self._width_of(digit) - digit.width)]

    def _tree(self, m: Module, digit: BoothDigit) -> Columns:
        """Rows and carry-ins of all lanes."""
        parts: list[Value] = []
        for lane in range(self.spec.lanes):
            factor, other = self._ordered(fixed_value(self.spec.weights, self.w[lane]),
                                          fixed_value(self.spec.activations, self.a[lane]))
            parts += booth_row(m, digit, factor, other, name=f"row_{digit.place}_{lane}")
        return columns_of([(part, 0) for part in parts], self._width_of(digit))

    def _joined(self, trees: list[Columns]) -> Columns:
        """The columns of all digits, each at its place, and what takes off all biases."""
        width = self._width
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


class CarrySaveTreeDotProduct(NumberDotProduct):
    """A :class:`CarrySaveTree` and one carry-propagate adder: made for standard cells.

    Registers stand in the tree and behind the adder. Where there are carry chains,
    :class:`~.bit_weight.BitWeightDotProduct` is smaller. See :class:`DotProduct` for the contract
    and the members.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a dot product by carry-save trees"
    unadded = CarrySaveTree

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._tree = CarrySaveTree(spec, len(self.o))
        self.latency = self._tree.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.tree = tree = self._tree
        m.d.comb += [tree.enable.eq(self.enable), tree.a.eq(self.a), tree.w.eq(self.w)]
        m.d.comb += self.o.eq(registered(m, (tree.o[0] + tree.o[1])[:len(self.o)],
                                         enable=self.enable, name="whole"))
        return m
