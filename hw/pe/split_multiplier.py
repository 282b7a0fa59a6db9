"""One multiplier of small ones: for a product of 13 bits, two of 8 or four of 4."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arith.adder_tree import adder_tree
from ..arith.registered import registered

__all__ = ["IDLE", "SplitMultiplier"]

#: Lowest bits of operands that are zero where the word is one operand.
IDLE = 3

HALF, QUARTER = 8, 4


class SplitMultiplier(wiring.Component):
    """``a * w`` of two words, or of their halves or quarters, each product in its own place.

    The diagonal of four products of quarters serves all. The inner products, of the two
    quarters of a half each, join it for halves; the cross products, of a half and the other
    one's upper five bits, make it whole. Registers hold the operands of each of the three
    groups; those of a group that is not asked for are zero, so that it rests, and that what
    remains of the sum are the products of the others, side by side.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    diagonal, inner, cross : ``In(1)``
        The groups that take part: none, the first, the first two or all.
    a, w : ``In(16)``
        Unsigned. With ``cross`` the three lowest bits must be zero.
    o : ``Out(32)``
        ``latency`` enabled cycles later: four products of 8 bits, two of 16 or one of 32.
    """

    latency = 6

    def __init__(self) -> None:
        super().__init__({"enable": In(1), "diagonal": In(1), "inner": In(1), "cross": In(1),
                          "a": In(2 * HALF), "w": In(2 * HALF), "o": Out(4 * HALF)})
        #: Registers of both operands by group, for whoever watches what rests.
        self.operands = {
            group: tuple(Signal(2 * HALF - low, name=f"{group}_{name}", reset_less=True)
                         for name in ("a", "w"))
            for group, low in (("diagonal", 0), ("inner", 0), ("cross", IDLE))}

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        with m.If(self.enable):
            for group, registers in self.operands.items():
                for register, value in zip(registers, (self.a, self.w), strict=True):
                    upper = value[len(value) - len(register):]
                    m.d.sync += register.eq(Mux(getattr(self, group), upper, 0))

        a, w = (_cut(value, QUARTER) for value in self.operands["diagonal"])
        squares = Cat(self._product(m, a[k], w[k], f"diagonal_{k}") for k in range(4))
        a, w = (_cut(value, QUARTER) for value in self.operands["inner"])
        pairs = [adder_tree(m, [self._product(m, a[k], w[k ^ 1], f"inner_{k}")
                                for k in (low, low + 1)], enable=self.enable, name=f"inner_{low}")
                 for low in (0, 2)]
        between = Cat(Const(0, QUARTER), pairs[0], Const(0, 2 * HALF - len(pairs[0])), pairs[1])
        halves = adder_tree(m, [registered(m, squares, enable=self.enable, name="squares"),
                                between], enable=self.enable, name="halves")
        a, w = ((value[:HALF - IDLE], value[HALF - IDLE:]) for value in self.operands["cross"])
        crossed = adder_tree(m, [self._product(m, a[1], w[0], "cross_a"),
                                 self._product(m, w[1], a[0], "cross_w")],
                             enable=self.enable, name="crossed")
        whole = adder_tree(m, [halves, crossed << HALF + IDLE], enable=self.enable, name="whole")
        m.d.comb += self.o.eq(whole)
        return m

    def _product(self, m: Module, a: Value, w: Value, name: str) -> Value:
        """``a * w`` by a row for each bit of ``w``: two cycles later for four, three for five."""
        rows = [(a & bit.replicate(len(a))) << place for place, bit in enumerate(w)]
        product = adder_tree(m, rows, enable=self.enable, name=name)
        return product[:len(a) + len(w)]


def _cut(value: Value, width: int) -> list[Value]:
    return [value[low:low + width] for low in range(0, len(value), width)]
