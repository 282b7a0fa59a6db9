"""Tables of the sums and differences of four activations, for the rows that share them."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Shape, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between, vector_of

__all__ = ["ENTRIES", "GROUP", "LutTable", "entry_range", "group_count"]

#: Activations of one table, and entries of its half that is kept.
GROUP = 4
ENTRIES = 1 << (GROUP - 1)


def group_count(lanes: int) -> int:
    """Tables for ``lanes`` activations; those that the last one lacks are zero."""
    return -(-lanes // GROUP)


def entry_range(form: Format) -> tuple[int, int]:
    """Least and greatest entry of a table."""
    low, high = form.fixed_min, form.fixed_max
    reach = (GROUP - 1) * max(-low, high)
    return low - reach, high + reach


class LutTable(wiring.Component):
    """A half table for each four activations: twelve adders, whatever number of rows reads it.

    Entry ``k`` is ``a3`` plus or minus ``a0``, ``a1`` and ``a2``: plus where the bit of ``k``
    is set. The other eight sums of all four are these, negated. Entries appear at ``tables``
    ``latency`` enabled cycles after the activations, and their sum over all lanes at
    ``total`` after ``total_latency``. With ``held``, they stay until new activations arrive
    with ``start``.

    Source: Mo et al., LUT Tensor Core, section 3 (arXiv 2408.06003), and Wei et al., T-MAC,
    section 3 (arXiv 2407.00088).

    Parameters
    ----------
    activations : Format
        Integers, fixed point, bipolar or ternary.
    lanes : int
    held : bool
        Whether activations are there with ``start`` only; otherwise every cycle's count.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        The activations are valid.
    a : ``In(vector_of(activations, lanes))``
    tables : ``Out(ArrayLayout(ArrayLayout(shape, 8), groups))``
        With the shape of :func:`entry_range`.
    total : ``Out(shape)``
        Sum of the activations.
    """

    latency = 2

    def __init__(self, activations: Format, lanes: int, *, held: bool = False) -> None:
        self._activations, self._lanes, self._held = activations, lanes, held
        self.total_latency = self.latency + 1 + tree_depth(group_count(lanes))
        tables = ArrayLayout(ArrayLayout(self.entry_shape(activations), ENTRIES),
                             group_count(lanes))
        super().__init__({
            "enable": In(1), "start": In(1), "a": In(vector_of(activations, lanes)),
            "tables": Out(tables), "total": Out(self.total_shape(activations, lanes))})

    @staticmethod
    def entry_shape(activations: Format) -> Shape:
        """Of one entry; always signed."""
        return shape_between(*entry_range(activations))

    @staticmethod
    def total_shape(activations: Format, lanes: int) -> Shape:
        """Of the sum of all activations."""
        return shape_between(activations.fixed_min * lanes, activations.fixed_max * lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        started = registered(m, self.start, enable=self.enable, name="started")
        moves = [self.enable & go if self._held else self.enable
                 for go in (self.start, started)]
        for group in range(len(self.tables)):
            self._table(m, group, *moves)
        sums = [table[-1] for table in self.tables]
        total = adder_tree(m, sums, enable=self.enable, name="total")
        m.d.comb += self.total.eq(registered(m, total, enable=self.enable, name="total_late"))
        return m

    def _table(self, m: Module, group: int, first: Value, second: Value) -> None:
        """Four sums and differences of two, then eight of four."""
        a, b, c, d = (self._value(group * GROUP + k) for k in range(GROUP))

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=first, name=f"{name}_{group}")

        plus, minus = stage(a + b, "plus"), stage(a - b, "minus")
        high, low = stage(d + c, "high"), stage(d - c, "low")
        for k in range(ENTRIES):
            base = high if k & 4 else low
            pair = plus if k & 3 in (0, 3) else minus
            entry = base + pair if k & 1 else base - pair
            m.d.comb += self.tables[group][k].eq(
                registered(m, entry, enable=second, name=f"entry_{group}_{k}"))

    def _value(self, lane: int) -> Value:
        if lane >= self._lanes:
            return Const(0, 1)
        return fixed_value(self._activations, self.a[lane])
