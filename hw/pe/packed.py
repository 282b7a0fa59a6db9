# amaranth: UnusedElaboratable=no
"""Narrow products by twos or more in each hardware multiplier."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable

from ..arith.adder_tree import tree_depth
from ..arith.carry_tree import Carried, carry_tree
from ..arith.registered import registered
from ..shapes import fixed_value
from .base import DotSpec
from .decoded import NumberDotProduct
from .packed_products import fields_of, joined, whole
from .packed_rows import PackedRows
from .packing import PORTS, WIDEST, accumulation_limit, most_rows, pair_packing, refusal
from .rows import DotRows, SeparateRows

__all__ = ["PackedDotProduct"]


class PackedDotProduct(NumberDotProduct):
    """Two pairs or more in each multiplier, and an adder tree: a dot product every cycle.

    Activations side by side are multiplied by weights side by side in reverse; their dot
    product is in the middle (see :mod:`hw.pe.packing`). What it lacks where the sum below it
    is negative is the carry of an adder of the tree. Registers stand behind the multipliers
    and behind each level of the tree.

    Formats of which two pairs do not fit take a multiplier each; rows that share activations
    pack the weights of two rows instead (:class:`hw.pe.packed_rows.PackedRows`).

    See :class:`DotProduct` for the contract and the members. Source: Liu et al., HiKonv,
    section III (arXiv 2112.13972); the borrow and the overlap are Sommer et al.'s, DSP-Packing,
    section III (arXiv 2203.11028).

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it, narrow enough for two products in a
        multiplier, of one row or two.
    ports : tuple of int and int
        Bits of the multipliers' factors; :data:`hw.pe.packing.PORTS` by family.
    """

    what = "a packed dot product"

    def __init__(self, spec: DotSpec, *, ports: tuple[int, int] = WIDEST) -> None:
        super().__init__(spec, ports=ports)
        self._packing = pair_packing(spec.activations, spec.weights, ports=ports)
        #: Products that are left to synthesis, which takes a DSP block for each.
        self.multipliers = -(-spec.lanes // self._packing.count)
        self.latency = 1 + tree_depth(self.multipliers)

    @classmethod
    def _refusal_of_pair(cls, spec: DotSpec, *, ports: tuple[int, int] = WIDEST) -> str | None:
        return refusal(spec, ports)

    @classmethod
    def parameters(cls, family: str | None) -> dict[str, Any]:
        ports = PORTS.get(family or "", WIDEST)
        return super().parameters(family) | ({} if ports == WIDEST else {"ports": ports})

    @staticmethod
    def shared(spec: DotSpec, rows: int, *, ports: tuple[int, int] = WIDEST) -> DotRows:
        """The rows with the fewest multipliers, and look-up tables if they have as many.

        Pairs of lanes leave a tree half as many terms, unless they overlap. Adding two
        products before they are taken apart saves a borrow, more cost longer sums.
        """
        pair = pair_packing(spec.activations, spec.weights, ports=ports)
        most = most_rows(spec.activations, spec.weights, ports=ports)
        apart = rows * -(-spec.lanes // pair.count)
        together = -(-rows // most) * spec.lanes
        if together > apart or rows == 1 or (together == apart and not pair.overlap):
            return SeparateRows(PackedDotProduct, spec, rows, ports=ports)
        limit = accumulation_limit(spec.activations, spec.weights, min(rows, most), ports=ports)
        return PackedRows(spec, rows, ports=ports, accumulations=min(2, limit))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        first, *others = [self._term(m, pack) for pack in range(self.multipliers)]
        # The tree has an adder less than terms.
        m.d.comb += self.o.eq(carry_tree(m, [whole(first), *others], enable=self.enable,
                                         name="sum"))
        return m

    def _term(self, m: Module, pack: int) -> Carried:
        """The dot product of a multiplier's pairs, one register later."""
        spec, packing = self.spec, self._packing
        operands = []
        for form, codes in ((spec.activations, self.a), (spec.weights, self.w)):
            lanes = range(pack * packing.count, (pack + 1) * packing.count)
            operands.append([fixed_value(form, codes[lane]) if lane < spec.lanes else Const(0)
                             for lane in lanes])
        a, w = operands
        factors = [joined(m, form, values, packing, f"{name}_{pack}") for form, values, name in (
            (spec.activations, a, "a"), (spec.weights, w[::-1], "w"))]
        product = registered(m, factors[0] * factors[1], enable=self.enable,
                             name=f"product_{pack}")
        return fields_of(self._disentangled(m, product, a, w, pack), packing)[-1]

    def _disentangled(self, m: Module, product: Value, a: list[Value], w: list[Value],
                      pack: int) -> Value:
        """``product`` up to the dot product's highest bit, what overlaps with that taken off."""
        if not self._packing.overlap:
            return product
        above = registered(m, a[-1][0] & w[0][0], enable=self.enable, name=f"above_{pack}")
        top = self._packing.width - 1
        return Cat(product[:top], product[top] ^ above)
