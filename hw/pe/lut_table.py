"""Tables of the sums and differences of four activations, for the rows that share them."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Shape, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, as_index

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between, vector_of
from .operands import check_plain

__all__ = ["GROUP", "LutTable", "check_group", "entry_count", "entry_range", "group_count"]

#: Activations of one table where nothing else is said: what suits integers best.
GROUP = 4

#: Fewest and most that there may be.
LEAST, MOST = 2, 8


def check_group(group: object) -> int:
    """``group`` as the number of activations of one table.

    Raises
    ------
    TypeError, ValueError
        If it is none.
    """
    count = as_index("group", group)
    if not LEAST <= count <= MOST:
        raise ValueError(f"group must be {LEAST} to {MOST}, not {count}")
    return count


def entry_count(group: int) -> int:
    """Entries of the half of a table that is kept."""
    return 1 << group - 1


def group_count(lanes: int, group: int = GROUP) -> int:
    """Tables for ``lanes`` activations; those that the last one lacks are zero."""
    return -(-lanes // group)


def entry_range(form: Format, group: int = GROUP) -> tuple[int, int]:
    """Least and greatest entry of a table."""
    low, high = form.fixed_min, form.fixed_max
    reach = (group - 1) * max(-low, high)
    return low - reach, high + reach


class LutTable(wiring.Component):
    """A half table for each four activations: twelve adders, whatever number of rows reads it.

    Of ``group`` activations entry ``k`` is the last plus or minus each of the others: plus where
    its bit of ``k`` is set. The other sums of all of them are these, negated. Entries come of
    half tables of half as many, level by level, and appear at ``tables`` ``latency`` enabled
    cycles after the activations, and their sum over all lanes at
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
    group : int
        Activations of one table, 2 to 8.

    Raises
    ------
    ValueError
        If the activations are of another kind, or the group.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        The activations are valid.
    a : ``In(vector_of(activations, lanes))``
    tables : ``Out(ArrayLayout(ArrayLayout(shape, 2**(group - 1)), groups))``
        With the shape of :func:`entry_range`.
    total : ``Out(shape)``
        Sum of the activations.
    """

    def __init__(self, activations: Format, lanes: int, *, held: bool = False,
                 group: int = GROUP) -> None:
        check_plain("a table of look-ups", activations=activations)
        self._activations, self._lanes, self._held = activations, as_index("lanes", lanes), held
        self._group = check_group(group)
        self.latency = tree_depth(self._group)
        self.total_latency = self.latency + 1 + tree_depth(group_count(lanes, self._group))
        super().__init__({
            "enable": In(1), "start": In(1), "a": In(vector_of(activations, lanes)),
            "tables": Out(self.layout(activations, lanes, self._group)),
            "total": Out(self.total_shape(activations, lanes))})

    @staticmethod
    def layout(activations: Format, lanes: int, group: int) -> ArrayLayout:
        """Of all tables; entries are signed."""
        entry = shape_between(*entry_range(activations, group))
        return ArrayLayout(ArrayLayout(entry, entry_count(group)), group_count(lanes, group))

    @staticmethod
    def total_shape(activations: Format, lanes: int) -> Shape:
        """Of the sum of all activations."""
        return shape_between(activations.fixed_min * lanes, activations.fixed_max * lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        moves: list[Value] = []
        started: Value = self.start
        for level in range(self.latency):
            moves.append(self.enable & started if self._held else self.enable)
            started = registered(m, started, enable=self.enable, name=f"started_{level}")
        for number, table in enumerate(self.tables):
            first = number * self._group
            entries = self._half(m, list(range(first, first + self._group)), moves, last=True)
            m.d.comb += [entry.eq(value) for entry, value in zip(table, entries, strict=True)]
        sums = [table[-1] for table in self.tables]
        total = adder_tree(m, sums, enable=self.enable, name="total")
        m.d.comb += self.total.eq(registered(m, total, enable=self.enable, name="total_late"))
        return m

    def _half(self, m: Module, lanes: list[int], moves: list[Value], *, last: bool
              ) -> list[Value]:
        """Sums of some lanes' values in which the last one, or the first one, counts positive;
        a bit of the index says of each other one, the first lowest, whether it does.

        A register stands behind each level, ``tree_depth(len(lanes))`` in all.
        """
        if len(lanes) == 1:
            return [self._value(lanes[0])]
        middle, depth = len(lanes) // 2, tree_depth(len(lanes))
        low, high = (self._late(m, self._half(m, part, moves, last=at_last), part, depth, moves)
                     for part, at_last in ((lanes[:middle], False), (lanes[middle:], last)))
        # The half with the lane that counts positive is taken as it is.
        whole, other = (high, low) if last else (low, high)
        sums = []
        for k in range(1 << len(lanes) - 1):
            signs, place = ((k, k >> middle) if last
                            else (k >> middle - 1, k & (1 << middle - 1) - 1))
            signs &= 2 * len(other) - 1
            # Of the other half there is the entry with these signs, or that with all of them
            # the other way round.
            value = (whole[place] + other[signs >> 1] if signs & 1
                     else whole[place] - other[(2 * len(other) - 1 - signs) >> 1])
            sums.append(registered(m, value, enable=moves[depth - 1],
                                   name=f"sum_{lanes[0]}_{lanes[-1]}_{k}"))
        return sums

    def _late(self, m: Module, half: list[Value], lanes: list[int], depth: int,
              moves: list[Value]) -> list[Value]:
        """A half table with registers up to the level that reads it."""
        for level in range(tree_depth(len(lanes)), depth - 1):
            half = [registered(m, value, enable=moves[level],
                               name=f"late_{lanes[0]}_{lanes[-1]}_{k}_{level}")
                    for k, value in enumerate(half)]
        return half

    def _value(self, lane: int) -> Value:
        if lane >= self._lanes:
            return Const(0, 1)
        return fixed_value(self._activations, self.a[lane])
