"""Common subexpressions of the rows of a matrix, found two terms at a time.

A row is a sum of terms: nodes of an :class:`hw.arith.adder_graph.AdderGraph`, shifted, plus or
minus. Two terms that stand in several rows, or several times in one, at the same distance and
with equal or with opposite signs, are added once and become a term themselves.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..shapes import shape_between
from .adder_graph import AdderGraph, Operand, add_ranges, cells

__all__ = ["MAX_SHIFT", "Row", "room_of", "share", "term_of", "terms_of"]

#: Terms and pairs of them are packed into numbers, since there are millions of them.
_SHIFT_BITS = 7
_NODE_BITS = 32

#: Furthest shift of a term.
MAX_SHIFT = 63

#: The signs, 1 or -1, of a row's terms, which are made by :func:`term_of`.
Row = dict[int, int]


def term_of(node: int, shift: int) -> int:
    """The number that stands for a node, shifted left."""
    return node << _SHIFT_BITS | shift


def terms_of(row: Row) -> list[tuple[Operand, int]]:
    """The nodes of a row with their shifts, and their signs."""
    return [(Operand(term >> _SHIFT_BITS, term & 127), sign) for term, sign in row.items()]


class Pair(NamedTuple):
    """``first +- second`` at a distance: two terms, whatever their common shift and sign.

    ``second`` is shifted by ``distance`` more than ``first``, or by less where it is negative;
    ``opposite`` are their signs.
    """

    first: int
    second: int
    distance: int
    opposite: bool

    def oriented(self) -> tuple[Operand, Operand]:
        """What is added, or subtracted from what: with no bit that need not be in the chain."""
        one = Operand(self.first, max(0, -self.distance))
        other = Operand(self.second, max(0, self.distance))
        return (one, other) if self.distance >= 0 else (other, one)


def key_of(one: int, one_sign: int, other: int, other_sign: int) -> int:
    """The number that stands for the pair of two terms of a row."""
    if one > other:
        one, other = other, one
    shift = one & 127
    return ((one - shift) << _NODE_BITS | (other - shift + 64)) << 1 | (one_sign != other_sign)


def pair_of(key: int) -> Pair:
    """The pair that :func:`key_of` packed."""
    other = key >> 1 & (1 << _NODE_BITS) - 1
    return Pair(key >> 1 + _NODE_BITS + _SHIFT_BITS, other >> _SHIFT_BITS, (other & 127) - 64,
                bool(key & 1))


def room_of(graph: AdderGraph, row: Row) -> int:
    """The row's share of ``2**depth``: its terms can be summed in ``depth`` levels of adders if
    it is no more (Kraft's inequality). Where all signs are minus, a zero is a term too."""
    negative = bool(row) and max(row.values()) < 0
    return sum(1 << graph.depths[term >> _SHIFT_BITS] for term in row) + negative


def share(graph: AdderGraph, rows: list[Row], *, depth: int, penalty: float) -> None:
    """Add to ``graph`` what the rows have in common, and replace it in them.

    Greedy: always the pair that saves most. A pair that stands in n places saves n - 1 adders,
    less ``penalty`` cells for each place and each bit by which it is wider than need be.

    Source: Hartley, Subexpression sharing in filters using canonic signed digit multipliers,
    IEEE TCAS-II 43 (1996); over a whole matrix, Sun et al., da4ml (arXiv 2507.04535).

    Parameters
    ----------
    graph : AdderGraph
        Grows.
    rows : list of Row
        Change; they stand for the same sums as before.
    depth : int
        Levels of adders in which every row can be summed, before and after.
    penalty : float
    """
    _Sharing(graph, rows, 1 << depth, penalty).run()


class _Sharing:
    """The state of :func:`share`: how often each pair stands in the rows, the best first."""

    def __init__(self, graph: AdderGraph, rows: list[Row], capacity: int, penalty: float) -> None:
        self.graph, self.rows = graph, rows
        self.capacity, self.penalty = capacity, penalty
        self.room = [room_of(graph, row) for row in rows]
        self.positive = [sum(sign > 0 for sign in row.values()) for row in rows]
        self.shifts = 1 + max((term & 127 for row in rows for term in row), default=0)
        self.costs: dict[int, tuple[int, float]] = {}
        self.count = Counter(key_of(*one, *other) for row in rows
                             for one, other in itertools.combinations(row.items(), 2))
        self.heap = [(-self.saved(key), key) for key, count in self.count.items() if count > 1]
        heapq.heapify(self.heap)

    def run(self) -> None:
        while self.heap:
            worth, key = heapq.heappop(self.heap)
            if self.count[key] < 2:
                continue
            now = -self.saved(key)
            if now == worth:
                if now >= 0:
                    return
                self.extract(key)
            elif now > worth:
                # Whatever became worth more was pushed when it did.
                heapq.heappush(self.heap, (now, key))

    def saved(self, key: int) -> float:
        """Cells that are saved by adding the pair only once."""
        if key not in self.costs:
            self.costs[key] = self.costs_of(pair_of(key))
        cost, penalty = self.costs[key]
        count = self.count[key]
        return (count - 1) * cost - count * penalty

    def costs_of(self, pair: Pair) -> tuple[int, float]:
        """Cells of the pair's adder, and the penalty of a place."""
        left, right = pair.oriented()
        ranges = [self.graph.ranges[node] for node in (left.node, right.node)]
        low, high, bits = add_ranges(*ranges, left.shift, right.shift, subtract=pair.opposite)
        widest = max(shape_between(*each).width for each in ranges)
        return cells(bits), self.penalty * (shape_between(low, high).width - widest - 1)

    def extract(self, key: int) -> None:
        """Make the pair a node, if there are two places that have the room for it."""
        pair = pair_of(key)
        depths = [self.graph.depths[node] for node in (pair.first, pair.second)]
        more = (2 << max(depths)) - sum(1 << depth for depth in depths)
        # The other way round, a difference may be longer, but fit rows that would need a zero.
        ways = [[(number, *place) for number in range(len(self.rows))
                 for place in self.places(number, pair, more, turned)]
                for turned in ((False, True) if pair.opposite else (False,))]
        places = max(ways, key=len)
        if len(places) < 2:
            return
        operands = pair.oriented()[::1 if places is ways[0] else -1]
        node = self.graph.add(*operands, subtract=pair.opposite)
        changed: set[int] = set()
        for number, one, other, sign, room in places:
            row = self.rows[number]
            for term in (one, other):
                old = row.pop(term)
                self.positive[number] -= old > 0
                self.recount(row, term, old, -1, changed)
            term = term_of(node, min(one & 127, other & 127))
            self.recount(row, term, sign, 1, changed)
            row[term] = sign
            self.positive[number] += sign > 0
            self.room[number] += room
        for each in sorted(changed):
            if self.count[each] > 1:
                heapq.heappush(self.heap, (-self.saved(each), each))
            elif not self.count[each]:
                del self.count[each]

    def places(self, number: int, pair: Pair, more: int, turned: bool
               ) -> Iterator[tuple[int, int, int, int]]:
        """Terms of a row that are the pair and do not overlap, as far as the row has room: both,
        the sign of their sum or difference, which may be turned round, and the room it takes."""
        row, room, positive = self.rows[number], self.room[number], self.positive[number]
        taken: set[int] = set()
        for shift in range(max(0, -pair.distance), self.shifts):
            one = term_of(pair.first, shift)
            if (sign := row.get(one)) is None:
                continue
            other = term_of(pair.second, shift + pair.distance)
            if one in taken or row.get(other) != (-sign if pair.opposite else sign):
                continue
            if pair.opposite and (pair.distance < 0) != turned:
                sign = -sign
            last = pair.opposite and positive == 1 and sign < 0
            if room + more + last > self.capacity:
                continue
            room += more + last
            positive -= (pair.opposite and sign < 0) or (not pair.opposite and sign > 0)
            taken.add(other)
            yield one, other, sign, more + last

    def recount(self, row: Row, term: int, sign: int, by: int, changed: set[int]) -> None:
        """Count the pairs of a term with all others of the row, or count them no more."""
        for other, other_sign in row.items():
            key = key_of(term, sign, other, other_sign)
            self.count[key] += by
            changed.add(key)
