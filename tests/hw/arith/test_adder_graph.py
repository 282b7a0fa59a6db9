"""Ranges, chains and values of adders, by trying all inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.arith.adder_graph import AdderGraph, Operand, add_ranges, cells
from hw.shapes import shape_between

RANGES = [(-4, 3), (0, 3), (-3, 4), (0, 1), (2, 5), (-1, -1)]


@pytest.mark.parametrize("subtract", [False, True])
def test_ranges_are_exact_and_chains_as_long_as_they_must_be(subtract):
    """The bits that pass by are those of one operand; the others are the chain's sum."""
    for left, right in itertools.product(RANGES, repeat=2):
        for shifts in [(0, 0), (0, 1), (0, 3), (1, 0), (3, 0)]:
            low, high, bits = add_ranges(left, right, *shifts, subtract=subtract)
            sign = -1 if subtract else 1
            sums = [(x << shifts[0]) + sign * (y << shifts[1])
                    for x in range(left[0], left[1] + 1) for y in range(right[0], right[1] + 1)]
            assert (low, high) == (min(sums), max(sums))
            passed = 0 if subtract and shifts[0] else max(shifts)
            chained = shape_between(low >> passed, high >> passed).width
            under = right if shifts[0] else left
            beside = passed and not subtract and under[0] >= 0 and under[1] < 1 << passed
            assert bits == (0 if beside else chained)
            if beside:
                assert all(total == (x << shifts[0] | y << shifts[1]) for total, (x, y) in zip(
                    sums, itertools.product(range(left[0], left[1] + 1),
                                            range(right[0], right[1] + 1)), strict=True))


def test_a_graph():
    """y0 = 8 (x0 - 4 x1), y1 = -(x0 - 4 x1) + x1, y2 = 0."""
    graph = AdderGraph([(-8, 7), (0, 3)])
    difference = graph.add(Operand(0), Operand(1, 2), subtract=True)
    negative = graph.add(Operand(None), Operand(difference), subtract=True)
    total = graph.add(Operand(negative), Operand(1))
    graph.outputs = [Operand(difference, 3), Operand(total), Operand(None)]
    inputs = np.array(list(itertools.product(range(-8, 8), range(4))))
    np.testing.assert_array_equal(graph.evaluate(inputs),
                                  inputs @ np.array([[8, -32], [-1, 5], [0, 0]]).T)
    assert graph.matrix.tolist() == [[8, -32], [-1, 5], [0, 0]]
    assert graph.depth == 3
    assert graph.output_ranges == [(-160, 56), (-7, 23), (0, 0)]
    assert [adder.bits for adder in graph.adders] == [4, 6, 6]
    assert graph.cells == 16 == sum(map(cells, (4, 6, 6)))
    assert graph.evaluate([1 << 80, 1]).tolist() == [8 * ((1 << 80) - 4), 5 - (1 << 80), 0]


def test_ranges_know_that_an_input_comes_twice():
    """3 x as 4 x - x, and 0 as its difference from x + 2 x."""
    graph = AdderGraph([(-8, 7)])
    one = graph.add(Operand(0, 2), Operand(0), subtract=True)
    other = graph.add(Operand(0), Operand(0, 1))
    graph.add(Operand(one), Operand(other), subtract=True)
    assert graph.ranges[1:] == [(-24, 21), (-24, 21), (0, 0)]
    assert [adder.bits for adder in graph.adders] == [6, 5, 1]


def test_bits_side_by_side_need_no_cells():
    graph = AdderGraph([(0, 7), (-8, 7)])
    graph.add(Operand(1, 3), Operand(0))
    graph.add(Operand(1, 2), Operand(0))
    assert [adder.bits for adder in graph.adders] == [0, 5]


def test_an_empty_graph():
    graph = AdderGraph([(0, 1)])
    assert (graph.depth, graph.cells, graph.output_ranges) == (0, 0, [])


def test_what_no_adder_can_do():
    graph = AdderGraph([(0, 1), (0, 1)])
    with pytest.raises(ValueError, match=r"^zero can only be subtracted from$"):
        graph.add(Operand(None), Operand(0))
    with pytest.raises(ValueError, match=r"^zero can only be subtracted from$"):
        graph.add(Operand(0), Operand(None), subtract=True)
    with pytest.raises(ValueError, match=r"^one operand must not be shifted, but the two are by "
                                         r"1 and 2$"):
        graph.add(Operand(0, 1), Operand(1, 2))
