"""A sum of terms as a tree of adders: least cells, in a limited depth."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from ..shapes import shape_between
from .adder_graph import AdderGraph, Operand, add_ranges, cells

__all__ = ["add_terms"]


class Tree(NamedTuple):
    """A sum of terms: its range before it is shifted, its depth, and what it adds.

    Of the two parts the first is shifted no further than the second. A leaf is a node, or
    without one zero, and has the sign of its term; its range is that of the signed term.
    """

    low: int
    high: int
    shift: int
    depth: int
    parts: tuple[Tree, Tree] | None = None
    node: int | None = None
    sign: int = 1

    @property
    def is_zero(self) -> bool:
        return self.parts is None and self.node is None

    @property
    def width(self) -> int:
        return shape_between(self.low, self.high).width


class Plan(NamedTuple):
    """How a tree or its negative is made: a leaf, or the sum or difference of two plans."""

    tree: Tree
    sign: int
    cells: int = 0
    parts: tuple[Plan, Plan] | None = None
    subtract: bool = False

    @property
    def range(self) -> tuple[int, int]:
        low, high = self.tree.low, self.tree.high
        return (low, high) if self.sign > 0 else (-high, -low)


def add_terms(graph: AdderGraph, terms: Sequence[tuple[Operand, int]], *, depth: int) -> Operand:
    """The node that is the sum of ``terms``, adders for it being added to ``graph``.

    Greedy: the two terms whose adder has the fewest cells and makes the numbers the least wider
    are added first. Signs cost nothing where a difference may be taken the other way round, and
    a subtraction from zero where all terms are negative.

    Parameters
    ----------
    graph : AdderGraph
        Grows.
    terms : sequence of (Operand, int)
        With signs, 1 or -1.
    depth : int
        Most levels of adders from an input.

    Raises
    ------
    ValueError
        If so many levels cannot do it.
    """
    if not terms:
        return Operand(None)
    leaves = [_leaf(graph, *term) for term in terms]
    if all(sign < 0 for _, sign in terms):
        leaves.append(Tree(0, 0, 0, 0))
    spare = (1 << depth) - sum(1 << leaf.depth for leaf in leaves)
    if spare < 0:
        raise ValueError(f"{len(leaves)} terms of depths {[leaf.depth for leaf in leaves]} cannot "
                         f"be added in {depth} levels")
    return _placed(graph, _plans(_merged(leaves, spare))[1])


def _leaf(graph: AdderGraph, operand: Operand, sign: int) -> Tree:
    low, high = graph.ranges[operand.node]
    if sign < 0:
        low, high = -high, -low
    return Tree(low, high, operand.shift, graph.depths[operand.node], None, operand.node, sign)


def _merged(leaves: list[Tree], spare: int) -> Tree:
    """One tree of all leaves; ``spare`` is what they leave of ``2**depth``."""
    trees = dict(enumerate(leaves))
    heap = [_merge(trees, k, j) for j in trees for k in range(j)]
    heapq.heapify(heap)
    for number in range(len(leaves), 2 * len(leaves) - 1):
        while True:
            *_, k, j, tree = heapq.heappop(heap)
            if k not in trees or j not in trees:
                continue
            more = (1 << tree.depth) - (1 << trees[k].depth) - (1 << trees[j].depth)
            # What does not fit now never will: the room only shrinks.
            if more <= spare:
                break
        spare -= more
        del trees[k], trees[j]
        others, trees[number] = list(trees), tree
        for other in others:
            heapq.heappush(heap, _merge(trees, other, number))
    return next(iter(trees.values()))


def _merge(trees: dict[int, Tree], k: int, j: int) -> tuple[int, int, int, int, Tree]:
    """How bad it is to add just these two, the highest place of the sum, which they are, and
    the sum."""
    one, other = trees[k], trees[j]
    if one.is_zero or other.is_zero:
        one, other = (one, other) if one.is_zero else (other, one)
        one = one._replace(shift=other.shift)
    elif one.shift > other.shift:
        one, other = other, one
    low, high, bits = add_ranges((one.low, one.high), (other.low, other.high), 0,
                                 other.shift - one.shift)
    tree = Tree(low, high, one.shift, 1 + max(one.depth, other.depth), (one, other))
    wider = tree.width - max(one.width, other.width)
    return cells(bits) + wider, tree.width + tree.shift, k, j, tree


def _plans(tree: Tree) -> dict[int, Plan]:
    """The plans of least cells for the tree and its negative, by sign, as far as there are
    any."""
    if tree.parts is None:
        signs = (1, -1) if tree.is_zero else (tree.sign,)
        return {sign: Plan(tree, sign) for sign in signs}
    first, second = map(_plans, tree.parts)
    plans = {}
    for sign in (1, -1):
        ways = [(first.get(sign), second.get(sign), False),
                (first.get(sign), second.get(-sign), True),
                (second.get(sign), first.get(-sign), True)]
        options = [_plan(tree, sign, left, right, subtract) for left, right, subtract in ways
                   if left and right and not right.tree.is_zero
                   and (subtract or not left.tree.is_zero)]
        if options:
            plans[sign] = min(options, key=lambda plan: plan.cells)
    return plans


def _plan(tree: Tree, sign: int, left: Plan, right: Plan, subtract: bool) -> Plan:
    *_, bits = add_ranges(left.range, right.range, left.tree.shift - tree.shift,
                          right.tree.shift - tree.shift, subtract=subtract)
    return Plan(tree, sign, left.cells + right.cells + cells(bits), (left, right), subtract)


def _placed(graph: AdderGraph, plan: Plan) -> Operand:
    """The plan's result, its adders being added to ``graph``."""
    if plan.parts is None:
        return Operand(plan.tree.node, plan.tree.shift)
    left, right = (_placed(graph, part)._replace(shift=part.tree.shift - plan.tree.shift)
                   for part in plan.parts)
    return Operand(graph.add(left, right, subtract=plan.subtract), plan.tree.shift)
