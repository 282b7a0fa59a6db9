# amaranth: UnusedElaboratable=no
"""Wide products in hardware multipliers and in look-up tables, each for a share of the lanes."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import as_index

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..shapes import fixed_shape, fixed_value, shape_between
from .base import DotSpec
from .decoded import NumberDotProduct

__all__ = ["MixedDotProduct"]


class MixedDotProduct(NumberDotProduct):
    """``multipliers`` lanes in DSP blocks, the others in rows of look-up tables.

    A device whose DSP blocks are used up has look-up tables left, and the other way round.
    Each share has an adder tree; the sum that is there first waits for the other one.

    See :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    multipliers : int, optional
        Lanes whose products are left to synthesis, which takes DSP blocks for them; half of
        all, rounded up, by default.

    Raises
    ------
    ValueError
        If ``multipliers`` is not 0 to ``spec.lanes``.
    """

    what = "a mixed dot product"

    def __init__(self, spec: DotSpec, *, multipliers: int | None = None) -> None:
        super().__init__(spec)
        self.multipliers = (-(-spec.lanes // 2) if multipliers is None
                            else as_index("multipliers", multipliers))
        if not 0 <= self.multipliers <= spec.lanes:
            raise ValueError(f"multipliers must be 0 to {spec.lanes}, the lanes, not "
                             f"{multipliers}")
        shapes = fixed_shape(spec.activations), fixed_shape(spec.weights)
        rows = multiply_add_depth(min(shapes, key=lambda shape: shape.width), "fabric",
                                  addend=False)
        shares = ("multiplied", self.multipliers, 1), ("fabric", spec.lanes - self.multipliers,
                                                       rows)
        #: Enabled cycles to the sum of each share that has lanes.
        self._depths = {share: depth + tree_depth(lanes) for share, lanes, depth in shares
                        if lanes}
        self.latency = max(self._depths.values()) + len(self._depths) - 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        lanes = [(fixed_value(self.spec.activations, a), fixed_value(self.spec.weights, w))
                 for a, w in zip(self.a, self.w, strict=True)]
        products = {"multiplied": [
                        registered(m, a * w, enable=self.enable, name=f"product_{lane}")
                        for lane, (a, w) in enumerate(lanes[:self.multipliers])],
                    "fabric": self._in_fabric(m, lanes[self.multipliers:])}
        most = max(self._depths.values())
        sums = []
        for share, depth in self._depths.items():
            total = adder_tree(m, products[share], enable=self.enable, name=f"{share}_sum")
            sums.append(registered(m, total, enable=self.enable, stages=most - depth,
                                   name=f"{share}_late"))
        m.d.comb += self.o.eq(adder_tree(m, sums, enable=self.enable, name="sum"))
        return m

    def _in_fabric(self, m: Module, lanes: list[tuple[Value, Value]]) -> list[Value]:
        """Products of rows that are summed, for the digits of the narrower factor."""
        shape = shape_between(*self.spec.product_range)
        products = []
        for lane, pair in enumerate(lanes):
            narrow, wide = sorted(pair, key=len)
            products.append(multiply_add(
                m, wide, narrow, None, shape.width + (not shape.signed), kind="fabric",
                enable=self.enable, name=f"fabric_{lane}"))
        return products
