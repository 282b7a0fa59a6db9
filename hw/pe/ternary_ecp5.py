# amaranth: UnusedElaboratable=no
"""Ternary and bipolar weights on ECP5: chains of carry cells that multiply for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import BipolarFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..arith.ternary_add import TernaryAdd
from ..shapes import fixed_value, shape_between
from .base import DotSpec
from .ternary import TernaryDotProduct

__all__ = ["Ecp5TernaryDotProduct"]

#: Lanes whose products are added one after the other. With more, operands wait in more
#: registers than there are tables to go with them; with fewer, more adders follow.
CHAIN = 4


class Ecp5TernaryDotProduct(TernaryDotProduct):
    """Lanes are added to a sum in turn, four to a chain; chains in an adder tree.

    A dot product every cycle. Each addition multiplies by its weight in the same carry cells
    (:class:`hw.arith.ternary_add.TernaryAdd`), so that there is neither selection nor negation.
    A register stands behind each addition; operands of the later lanes of a chain wait for it.
    Designs with this kind can be synthesised for ECP5 only.

    See :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
        As :class:`TernaryDotProduct` takes it.
    """

    family = "ecp5"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self._chains = [range(first, min(first + CHAIN, spec.lanes))
                        for first in range(0, spec.lanes, CHAIN)]
        self.latency = len(self._chains[0]) + tree_depth(len(self._chains))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        sums = [self._chain(m, lanes) for lanes in self._chains]
        m.d.comb += self.o.eq(adder_tree(m, sums, enable=self.enable, name="sum"))
        return m

    def _chain(self, m: Module, lanes: Sequence[int]) -> Value:
        """The sum of the products of ``lanes``, as many registers later as a whole chain has."""
        spare = len(self._chains[0]) - len(lanes)
        total: Value = Const(0)
        for place, lane in enumerate(lanes):
            total = self._added(m, total, lane, place, spare + place)
        return total

    def _added(self, m: Module, before: Value, lane: int, place: int, wait: int) -> Value:
        """``before`` and the product of a lane whose operands wait for ``wait`` cycles."""
        spec = self.spec

        def late(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=f"{name}_{lane}", stages=wait)

        low, high = (bound * (place + 1) for bound in spec.product_range)
        shape = shape_between(low, high)
        code = Value.cast(self.w[lane])
        weight = Cat(Const(1, 1), ~code) if isinstance(spec.weights, BipolarFormat) else code
        m.submodules[f"add_{lane}"] = add = TernaryAdd(shape.width, "ecp5")
        q, x = (Signal(shape, name=f"{name}_{lane}_wide") for name in "qx")
        m.d.comb += [q.eq(before), x.eq(fixed_value(spec.activations, late(self.a[lane], "a"))),
                     add.q.eq(q), add.x.eq(x), add.w.eq(late(weight, "w"))]
        total = Signal(shape, name=f"total_{lane}", reset_less=True)
        with m.If(self.enable):
            m.d.sync += total.eq(add.sum)
        return total
