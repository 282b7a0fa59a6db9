"""What rows have in common: they stand for the same sums, in as many levels as are allowed."""

from __future__ import annotations

import numpy as np

from hw.arith.adder_graph import AdderGraph, Operand
from hw.arith.csd import csd
from hw.arith.subexpressions import key_of, pair_of, room_of, share, term_of, terms_of


def rows_of(matrix):
    return [{term_of(column, place): sign for column, weight in enumerate(row)
             for place, sign in csd(int(weight))} for row in matrix]


def sums_of(graph, rows, inputs):
    """The rows' sums for inputs of shape (count, inputs), each term an output."""
    found = []
    for row in rows:
        graph.outputs = [operand for operand, _ in terms_of(row)] or [Operand(None)]
        signs = [sign for _, sign in terms_of(row)] or [0]
        found.append((graph.evaluate(inputs) * signs).sum(axis=-1))
    return np.stack(found, axis=-1)


def check(matrix, depth, penalty, rng):
    matrix = np.asarray(matrix)
    graph, rows = AdderGraph([(-8, 7)] * matrix.shape[1]), rows_of(matrix)
    share(graph, rows, depth=depth, penalty=penalty)
    inputs = rng.integers(-8, 8, (5, matrix.shape[1]))
    np.testing.assert_array_equal(sums_of(graph, rows, inputs), inputs @ matrix.T)
    assert all(room_of(graph, row) <= 1 << depth for row in rows)
    return graph, rows


def test_pairs_are_unpacked_as_they_were_packed(rng):
    for _ in range(200):
        one, other = (tuple(map(int, rng.integers(0, high, 2))) for high in ((900, 64), (900, 64)))
        signs = rng.choice([-1, 1], 2)
        if one == other:
            continue
        first, second = sorted((one, other))
        key = key_of(term_of(*one), signs[0], term_of(*other), signs[1])
        assert key == key_of(term_of(*other), -signs[1], term_of(*one), -signs[0])
        assert pair_of(key) == (first[0], second[0], second[1] - first[1], signs[0] != signs[1])


def test_a_sum_of_two_rows(rng):
    """x0 + 2 x1 stands in both rows, in the second shifted and negative."""
    graph, rows = check([[1, 2, 0], [-4, -8, 1]], 2, 0.0, rng)
    assert [(adder.left, adder.right, adder.subtract) for adder in graph.adders] == [
        (Operand(0), Operand(1, 1), False)]
    assert rows == [{term_of(3, 0): 1}, {term_of(3, 2): -1, term_of(2, 0): 1}]


def test_differences_are_the_same_both_ways_round(rng):
    graph, rows = check([[4, -1], [-4, 1], [8, -2]], 3, 0.0, rng)
    assert len(graph.adders) == 1
    assert [len(row) for row in rows] == [1, 1, 1]


def test_a_pattern_within_a_row_does_not_overlap_itself(rng):
    """0b10101 has the pair of distance 2 twice, but sharing the digit in the middle."""
    graph, _ = check([[0b10101]], 2, 0.0, rng)
    assert not graph.adders
    graph, rows = check([[0b1010101]], 2, 0.0, rng)
    assert len(graph.adders) == 1
    assert len(rows[0]) == 2


def test_rows_without_room_are_left_alone(rng):
    """Three terms fit two levels, two of them added only if the third is no adder's input."""
    matrix = [[1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 1]]
    graph, rows = check(matrix, 3, 0.0, rng)
    assert (len(graph.adders), len(rows[1])) == (1, 2)
    # A row of negative signs alone needs a zero too: one term of depth 1 would fill the level.
    graph, rows = check([[-1, -1], [-1, -1]], 2, 0.0, rng)
    assert len(graph.adders) == 1
    graph, rows = check([[1, 1], [-1, -1], [1, -1], [-1, 1]], 2, 0.0, rng)
    assert len(graph.adders) == 2


def test_a_difference_is_turned_where_rows_have_no_room_for_a_zero(rng):
    """2 x1 - x0 in one level: the other way round, which is cheaper, it would be negated."""
    graph, rows = check([[-1, 2], [-1, 2]], 1, 0.0, rng)
    assert rows == [{term_of(2, 0): 1}] * 2
    assert [(adder.left, adder.right) for adder in graph.adders] == [(Operand(1, 1), Operand(0))]
    graph, rows = check([[-1, 2], [-1, 2]], 2, 0.0, rng)
    assert rows == [{term_of(2, 0): -1}] * 2


def test_random_matrices_at_every_depth(rng):
    for _ in range(150):
        shape = rng.integers(1, 7, 2)
        matrix = rng.integers(-40, 41, shape) * rng.integers(0, 2, shape)
        least = max(max(room_of(AdderGraph([(0, 1)] * shape[1]), row) - 1, 0).bit_length()
                    for row in rows_of(matrix))
        for depth in range(least, least + 3):
            check(matrix, depth, float(rng.choice([0, 0.5, 3])), rng)


def test_a_penalty_keeps_numbers_narrow(rng):
    """Terms that are seven places apart are shared for nothing, but not at a price."""
    matrix = [[1, 128, 1], [1, 128, 0]]
    assert len(check(matrix, 2, 0.0, rng)[0].adders) == 1
    assert not check(matrix, 2, 10.0, rng)[0].adders
