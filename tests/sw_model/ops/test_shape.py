"""Reshape and Transpose against NumPy, sample by sample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sw_model.formats import Float32Format, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import Reshape, Transpose

INT8 = IntFormat(8)


def run(kind, x, form=INT8, **parameters):
    """The node's result for samples ``x``."""
    node = kind(name="n", inputs=("x",), outputs=("y",), **parameters)
    tensors = [Tensor("x", x.shape[1:], form)]
    (result,), ((shape, format_),) = node.run(tensors, [x]), node.infer(tensors)
    assert format_ == form
    assert result.shape == (len(x), *shape)
    return result


@pytest.mark.parametrize("shape", [(24,), (2, 12), (4, 3, 2), (1, 24, 1), (2, 2, 2, 3)])
def test_reshape(shape, rng):
    x = rng.integers(-128, 128, (5, 2, 3, 4), dtype=np.int8)
    result = run(Reshape, x, shape=shape)
    assert result.dtype == np.int8
    for ours, sample in zip(result, x, strict=True):
        np.testing.assert_array_equal(ours, sample.reshape(shape))
    assert run(Reshape, x[:0], shape=shape).shape == (0, *shape)


def test_reshape_of_scalars():
    x = np.array([1.5, 2.5], np.float32)
    assert run(Reshape, x, Float32Format(), shape=(1, 1)).tolist() == [[[1.5]], [[2.5]]]
    assert run(Reshape, x[:, None, None], Float32Format(), shape=()).tolist() == [1.5, 2.5]


def test_reshape_of_what_was_transposed(rng):
    """Row-major order is that of the elements, not of the memory."""
    x = rng.integers(-128, 128, (4, 2, 3), dtype=np.int8)
    turned = run(Transpose, x, permutation=(1, 0))
    assert run(Reshape, turned, shape=(6,)).tolist() == [
        [int(s[r, c]) for c in range(3) for r in range(2)] for s in x]


@pytest.mark.parametrize("permutation", list(itertools.permutations(range(3))))
def test_transpose(permutation, rng):
    x = rng.integers(-128, 128, (5, 2, 3, 4), dtype=np.int8)
    result = run(Transpose, x, permutation=permutation)
    for ours, sample in zip(result, x, strict=True):
        np.testing.assert_array_equal(ours, np.transpose(sample, permutation))
    assert run(Transpose, x[:0], permutation=permutation).shape[0] == 0


def test_transpose_carries_run_time_lengths():
    node = Transpose(name="n", inputs=("x",), outputs=("y",), permutation=(1, 0))
    tensor = Tensor("x", (AtMost(5), 3), INT8)
    assert node.infer([tensor]) == (((3, AtMost(5)), INT8),)
    assert run(Transpose, np.zeros((2,), np.int8), permutation=()).shape == (2,)


@pytest.mark.parametrize(("shape", "wanted", "message"), [
    ((2, 3), (7,), r"cannot make \[7\] of 6 elements"),
    ((2, 3), (2, 2), r"cannot make \[2, 2\] of 6 elements"),
    ((2, 3), (-2, -3), r"cannot make \[-2, -3\] of 6 elements"),
    ((2, 3), (-1,), r"cannot make \[-1\] of 6 elements"),
    ((2, 3), (6, 0), r"cannot make \[6, 0\] of 6 elements"),
    ((2, 0), (0,), r"cannot make \[0\] of 0 elements"),
    ((AtMost(2), 3), (6,), "cannot reshape a run-time dimension"),
])
def test_reshape_refuses(shape, wanted, message):
    node = Reshape(name="n", inputs=("x",), outputs=("y",), shape=wanted)
    with pytest.raises(NodeError, match=rf"^node 'n' \(Reshape\): {message}$"):
        node.infer([Tensor("x", shape, INT8)])


@pytest.mark.parametrize("permutation", [(0,), (0, 0), (0, 2), (1, -2), (0, 1, 2), ()])
def test_transpose_refuses(permutation):
    node = Transpose(name="n", inputs=("x",), outputs=("y",), permutation=permutation)
    with pytest.raises(NodeError, match=r"^node 'n' \(Transpose\): \[.*\] does not permute 2"):
        node.infer([Tensor("x", (2, 3), INT8)])


@pytest.mark.parametrize(("kind", "name"), [(Reshape, "shape"), (Transpose, "permutation")])
def test_parameters_are_integers(kind, name):
    node = kind(name="n", inputs=("x",), outputs=("y",), **{name: [np.int64(1), 0]})
    assert getattr(node, name) == (1, 0)
    assert [type(number) for number in getattr(node, name)] == [int, int]
    for wrong in (1.0, True, "1"):
        with pytest.raises(TypeError, match=rf"^{name} must be an integer, not "):
            kind(name="n", inputs=("x",), outputs=("y",), **{name: (wrong, 0)})
    for count in (0, 2):
        with pytest.raises(NodeError, match=f"needs 1 input, not {count}$"):
            node.infer([Tensor("x", (1,), INT8)] * count)
