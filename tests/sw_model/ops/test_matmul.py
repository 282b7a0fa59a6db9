"""Products against Python's integers, on each side of every bound between the fast paths."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import BipolarFormat, IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import MatMul, accumulator_range, matmul


def product(x, weights, bias=None) -> list[list[int]]:
    """``x @ weights.T + bias`` in Python's integers."""
    offsets = [0] * len(weights) if bias is None else [int(b) for b in bias]
    return [[sum(int(a) * int(w) for a, w in zip(row, column, strict=True)) + offset
             for column, offset in zip(weights, offsets, strict=True)] for row in x]


@pytest.mark.parametrize("bound", [2**24, 2**31, 2**53, 2**62])
@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_exact_at_every_bound(bound, excess, rng):
    """Sums that reach the bound between two number types, one less and one more."""
    cols = 5
    most = 2 ** (bound.bit_length() // 2)
    # The first row reaches the bound and leaves no power of two: the last bit matters.
    weights = rng.integers(-3, 4, (4, cols))
    weights[0] = [bound // most - 3, 1, 1, 1, 0]
    bias = np.array([excess, -1, 0, 1])
    x = rng.integers(-most, most + 1, (30, cols))
    x[0], x[1] = most, -most
    x[2] = [most, most, most - 1, most, 0]
    result = matmul(x, weights, bias)
    assert result.tolist() == product(x, weights, bias)
    assert int(result[0, 0]) == bound + excess
    assert result.dtype == (np.int32 if bound + 1 < 2**31 else np.int64)


@pytest.mark.parametrize(("bits", "cols"), [(2, 3), (8, 257), (8, 4000), (20, 100), (26, 40)])
def test_random_products(bits, cols, rng):
    x = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (7, cols))
    weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (5, cols))
    bias = rng.integers(-(2**31), 2**31, 5)
    assert matmul(x, weights, bias).tolist() == product(x, weights, bias)
    assert matmul(x, weights).tolist() == product(x, weights)


def test_order_of_summation_does_not_matter(rng):
    """Large terms that cancel: a sum that lost bits on the way would depend on the order."""
    x = rng.integers(-(2**20), 2**20, (3, 64))
    weights = rng.integers(-(2**20), 2**20, (2, 64))
    weights[:, 1::2] = -weights[:, ::2]
    expected = product(x, weights)
    for _ in range(5):
        order = rng.permutation(64)
        assert matmul(x[:, order], weights[:, order]).tolist() == expected


def test_vectors_along_further_axes(rng):
    x = rng.integers(-8, 8, (2, 3, 4), dtype=np.int8)
    weights = rng.integers(-8, 8, (6, 4), dtype=np.int8)
    result = matmul(x, weights)
    assert result.shape == (2, 3, 6)
    assert result[1].tolist() == product(x[1], weights)


def test_unsigned_and_extreme_codes():
    x = np.array([[255, 0, 255]], np.uint8)
    weights = np.array([[-128, 127, -128]], np.int8)
    assert matmul(x, weights).tolist() == [[-65280]]
    assert matmul(np.array([[-128]], np.int8), np.array([[-128]], np.int8)).tolist() == [[16384]]


def test_a_declared_magnitude_replaces_the_search(rng):
    x = rng.integers(-5, 6, (4, 9), dtype=np.int8)
    weights = rng.integers(-5, 6, (3, 9), dtype=np.int8)
    assert matmul(x, weights, magnitude=2**55).tolist() == product(x, weights)


def test_refuses_what_could_leave_64_bits():
    with pytest.raises(OverflowError, match=f"can reach {2**63}, beyond 64 bits"):
        matmul(np.array([[2**31]]), np.array([[2**32]]))
    with pytest.raises(OverflowError, match=f"can reach {2**63 + 1}, beyond 64 bits"):
        matmul(np.array([[-1]]), np.array([[1]]), np.array([-(2**63)]))
    with pytest.raises(OverflowError, match="weights too large"):
        matmul(np.array([[1, 1]]), np.array([[2**62, 2**62]]))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_range_is_reached_and_never_exceeded(dtype, rng):
    low, high = -3, 2
    info = np.iinfo(np.int8 if dtype is np.int64 else dtype)
    weights = rng.integers(info.min, info.max + 1, (4, 3)).astype(dtype)
    bias = rng.integers(-100, 100, 4)
    every = np.stack(np.meshgrid(*[np.arange(low, high + 1)] * 3), -1).reshape(-1, 3)
    sums = np.array(product(every, weights, bias))
    least, most = accumulator_range(weights, low, high, bias)
    assert least.tolist() == sums.min(axis=0).tolist()
    assert most.tolist() == sums.max(axis=0).tolist()


def test_range_of_large_numbers_is_a_python_integer():
    least, most = accumulator_range(np.array([[2**61, -(2**61)]]), -8, 7)
    assert (least[0], most[0]) == (-15 * 2**61, 15 * 2**61)


def node_and_tensors(weights, bias=None, zero_point=0, width=32, x=None):
    tensors = [Tensor("x", (weights.shape[1],), x or IntFormat(8)),
               Tensor("w", weights.shape, IntFormat(8), value=weights)]
    if bias is not None:
        tensors.append(Tensor("b", bias.shape, IntFormat(32), value=bias))
    node = MatMul(name="fc", inputs=tuple(t.name for t in tensors), outputs=("acc",),
                  format=IntFormat(width), zero_point=zero_point)
    return node, tensors


@pytest.mark.parametrize("biased", [False, True])
def test_node_takes_the_zero_point_off(biased, rng):
    weights = rng.integers(-128, 128, (4, 6))
    bias = rng.integers(-1000, 1000, 4) if biased else None
    node, tensors = node_and_tensors(weights, bias, zero_point=-77)
    assert node.infer(tensors) == (((4,), IntFormat(32)),)
    x = rng.integers(-128, 128, (10, 6), dtype=np.int8)
    (result,) = node.run(tensors, [x, *(t.value for t in tensors[1:])])
    assert result.tolist() == product(x.astype(int) + 77, weights, bias)
    assert result.dtype == np.int32


def test_node_reads_bipolar_codes_as_signs():
    node, tensors = node_and_tensors(np.array([[3, 5, -7]]), x=BipolarFormat())
    (result,) = node.run(tensors, [np.array([[0, 1, 1]], np.uint8), tensors[1].value])
    assert result.tolist() == [[-3 + 5 - 7]]


def test_node_refuses_a_sum_outside_its_format():
    node, tensors = node_and_tensors(np.array([[100]]), width=12)
    (result,) = node.run(tensors, [np.array([[20]], np.int8), tensors[1].value])
    assert result.tolist() == [[2000]]
    with pytest.raises(NodeError, match=r"node 'fc' .*outside int12"):
        node.run(tensors, [np.array([[21]], np.int8), tensors[1].value])


def test_node_refuses_shapes_that_do_not_fit():
    node, tensors = node_and_tensors(np.ones((2, 3), int), np.ones(2, int))
    with pytest.raises(NodeError, match="does not fit 3 columns"):
        node.infer([Tensor("x", (4,), IntFormat(8)), *tensors[1:]])
    with pytest.raises(NodeError, match=r"bias must be a constant of shape \(2,\)"):
        node.infer([*tensors[:2], Tensor("b", (3,), IntFormat(32), value=np.ones(3, int))])
    with pytest.raises(NodeError, match="zero point 200 is not a value of int8"):
        node_and_tensors(np.ones((1, 1), int), zero_point=200)[0].infer(
            node_and_tensors(np.ones((1, 1), int))[1])
