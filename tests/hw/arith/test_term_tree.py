"""Sums of terms: exact, within their depth, of as few cells as a search over all trees finds."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from hw.arith.adder_graph import AdderGraph, Operand, add_ranges, cells
from hw.arith.term_tree import add_terms


def check(terms, depth, ranges=None):
    """Terms of (input, shift), sign; all corners of the inputs' ranges."""
    inputs = 1 + max((operand.node for operand, _ in terms), default=0)
    ranges = ranges or [(-2, 1)] * inputs
    graph = AdderGraph(ranges)
    graph.outputs = [add_terms(graph, terms, depth=depth)]
    corners = np.array(list(itertools.product(*ranges)))
    wanted = sum((sign * corners[:, operand.node] << operand.shift for operand, sign in terms),
                 np.zeros(len(corners), int))
    np.testing.assert_array_equal(graph.evaluate(corners)[:, 0], wanted)
    assert graph.depth <= depth
    return graph


@pytest.mark.parametrize("count", range(1, 6))
def test_all_signs_at_the_least_depth_and_above(count):
    for signs in itertools.product((1, -1), repeat=count):
        for shifts in {(0,) * count, tuple(range(count)), (3, 0, 2, 0, 1)[:count]}:
            terms = [(Operand(node, shift), sign)
                     for node, (shift, sign) in enumerate(zip(shifts, signs, strict=True))]
            needed = (count + (max(signs) < 0) - 1).bit_length()
            for depth in (needed, needed + 1, count + 1):
                graph = check(terms, depth)
                # A zero to subtract from where all are negative, and no adder else.
                assert len(graph.adders) == count - (max(signs) > 0)
            if needed:
                with pytest.raises(ValueError, match="cannot be added in"):
                    check(terms, needed - 1)


def test_depths_of_the_terms_count():
    graph = AdderGraph([(0, 1)] * 3)
    deep = graph.add(Operand(0), Operand(1))
    with pytest.raises(ValueError, match=r"^2 terms of depths \[1, 0\] cannot be added in 1 "
                                         r"levels$"):
        add_terms(graph, [(Operand(deep), 1), (Operand(2), 1)], depth=1)
    assert graph.depths[add_terms(graph, [(Operand(deep), 1), (Operand(2), 1)], depth=2).node] == 2


def test_narrow_terms_are_added_first():
    """Two bits above and two below: 3 + 3 + 8 cells' chains, not two of seven."""
    terms = [(Operand(0, 0), 1), (Operand(1, 6), 1), (Operand(2, 0), 1), (Operand(3, 6), 1)]
    graph = check(terms, 2)
    assert [adder.bits for adder in graph.adders] == [3, 3, 4]


def test_no_terms():
    graph = AdderGraph([])
    assert add_terms(graph, [], depth=0) == Operand(None)
    assert not graph.adders


def cheapest(terms, ranges):
    """Least cells of any tree of any orientation, by trying all."""

    @functools.cache
    def best(items):
        """By sign, the least cells for the sum of items and its range."""
        if len(items) == 1:
            operand, sign = items[0]
            return operand.shift, *(
                (ends if sign > 0 else (-ends[1], -ends[0])) for ends in [ranges[operand.node]]
            ), {sign: 0}
        found = None
        first, rest = items[0], items[1:]
        costs: dict[int, int] = {}
        for count in range(len(rest)):
            for chosen in itertools.combinations(rest, count):
                others = tuple(item for item in rest if item not in chosen)
                found = _join(best((first, *chosen)), best(others))
                for sign, cost in found[2].items():
                    costs[sign] = min(cost, costs.get(sign, cost))
        return found[0], found[1], costs

    return best(tuple(terms))[2][1]


def _join(one, other):
    shift = min(one[0], other[0])
    shifts = [part[0] - shift for part in (one, other)]
    low, high, _ = add_ranges(one[1], other[1], *shifts)
    costs = {}
    for sign in (1, -1):
        ways = []
        for a, b, order in ((sign, sign, 1), (sign, -sign, 1), (-sign, sign, -1)):
            if a in one[2] and b in other[2]:
                ends = [part[1] if each > 0 else (-part[1][1], -part[1][0])
                        for part, each in ((one, a), (other, b))][::order]
                *_, bits = add_ranges(*ends, *shifts[::order], subtract=a != b)
                ways.append(one[2][a] + other[2][b] + cells(bits))
        if ways:
            costs[sign] = min(ways)
    return shift, (low, high), costs


def test_close_to_the_best_of_all_trees(rng):
    """Exact for three terms of one width; never far off for five of any."""
    for _ in range(40):
        count = int(rng.integers(2, 6))
        ranges = [(-1 << int(rng.integers(1, 9)), int(rng.integers(1, 200))) for _ in range(count)]
        signs = rng.choice([1, -1], count)
        signs[0] = 1
        terms = [(Operand(node, int(rng.integers(0, 7))), int(sign))
                 for node, sign in enumerate(signs)]
        found, best = check(terms, count, ranges).cells, cheapest(terms, ranges)
        assert best <= found <= best + 2 * (count - 1)
        if count == 2:
            assert found == best
