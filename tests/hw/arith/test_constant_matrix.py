"""Graphs of constant matrices: exact, within their depth, the same every time."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from hw.arith.constant_matrix import integer_matrix, least_depth, matrix_graph
from hw.arith.csd import csd


def check(weights, inputs=None, depth=None):
    """All corners of up to six inputs, random ones of more."""
    weights = np.asarray(weights)
    inputs = inputs or [(-8, 7)] * weights.shape[1]
    graph = matrix_graph(weights, inputs, depth=depth)
    if len(inputs) <= 6:
        vectors = np.array(list(itertools.product(*inputs)))
    else:
        vectors = np.where(np.random.default_rng(1).random((50, len(inputs))) < 0.5,
                           *np.array(inputs).T)
    products = graph.evaluate(vectors)
    np.testing.assert_array_equal(products, vectors.astype(object) @ weights.T)
    if len(inputs) <= 6:
        assert graph.output_ranges == [
            (min(row), max(row)) for row in products.T.tolist()]
    assert graph.depth <= (least_depth(weights) if depth is None else depth)
    return graph


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_every_tiny_matrix(shape):
    reach = 2 if shape == (2, 2) else 5
    for entries in itertools.product(range(-reach, reach + 1), repeat=shape[0] * shape[1]):
        check(np.reshape(entries, shape))


@pytest.mark.parametrize(("weights", "adders"), [
    ([[0, 0], [0, 0]], 0), (np.eye(4, dtype=int), 0), (4 * np.eye(3, dtype=int), 0),
    ([[1, 2, -4, 8]], 3), ([[0, 0, 5]], 1), ([[-1]], 1), ([[-1, -1]], 2), ([[-3, 1]], 2),
    # A row again, shifted, negative: its difference is taken the other way round but once.
    ([[3, -5, 7]] * 4, 5), ([[3, -5, 7], [6, -10, 14]], 5), ([[3, -5, 7], [-3, 5, -7]], 6),
    # 45 = 5 * 9: two adders, not three.
    ([[45]], 2), ([[1, 1, 1, 1], [1, 1, -1, -1]], 4)])
def test_known_matrices(weights, adders):
    assert len(check(weights, depth=least_depth(weights) + 2).adders) == adders


def test_random_matrices_of_every_depth(rng):
    for _ in range(60):
        shape = rng.integers(1, 6, 2)
        weights = rng.integers(-90, 91, shape) * rng.integers(0, 2, shape)
        if rng.random() < 0.3:
            weights = -abs(weights)
        if rng.random() < 0.3:
            weights[-1] = -weights[0]
        inputs = [(-int(low), int(high)) for low, high in rng.integers(0, 200, (shape[1], 2))]
        for spare in range(3):
            check(weights, inputs, least_depth(weights) + spare)


def test_the_least_depth():
    """Digits are the leaves of a tree; where all are negative, a zero is one too."""
    assert least_depth([[0]]) == least_depth([[8]]) == 0
    assert least_depth([[-8]]) == least_depth([[3]]) == least_depth([[-3]]) == 1
    assert least_depth([[-1, -1]]) == least_depth([[7, 7]]) == 2
    assert least_depth(np.ones((2, 64), int)) == 6
    assert least_depth(-np.ones((2, 64), int)) == 7


def test_fewer_adders_than_digits(rng):
    """The bench's kind of matrix: sharing saves a third of the adders, in seconds."""
    weights = rng.integers(-32, 32, (16, 64)) * rng.integers(0, 2, (16, 64))
    start = time.process_time()
    graph = check(weights, [(-128, 127)] * 64)
    assert time.process_time() - start < 60
    digits = sum(len(csd(int(weight))) for weight in weights.flat)
    assert len(graph.adders) < 0.72 * (digits - 16)


def test_the_same_weights_give_the_same_graph(rng):
    weights = rng.integers(-32, 32, (6, 12))
    graphs = [matrix_graph(weights.astype(kind), [(-8, 7)] * 12)
              for kind in (np.int64, np.int8, np.int64)]
    assert graphs[0].adders == graphs[1].adders == graphs[2].adders
    assert graphs[0].outputs == graphs[1].outputs == graphs[2].outputs


@pytest.mark.full
def test_a_large_matrix_takes_less_than_a_minute(rng):
    weights = rng.integers(-128, 128, (64, 64))
    start = time.process_time()
    check(weights, [(-128, 127)] * 64)
    assert time.process_time() - start < 60


def test_wide_weights():
    limit = 1 << 31
    graph = check([[-limit, limit - 1], [1, -limit]], [(-limit, limit - 1)] * 2)
    assert graph.evaluate([-limit, -limit]).tolist() == [limit, (limit - 1) * limit]
    assert graph.matrix.tolist() == [[-limit, limit - 1], [1, -limit]]


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"^inputs must be as many as columns, 2, not 1$"):
        matrix_graph([[1, 2]], [(0, 1)])
    with pytest.raises(ValueError, match=r"^depth must be at least 1 for these weights, not 0$"):
        matrix_graph([[1, 2]], [(0, 1)] * 2, depth=0)
    with pytest.raises(TypeError, match=r"^weights must be integers, not bool$"):
        integer_matrix([[True]])
