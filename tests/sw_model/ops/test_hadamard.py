"""Rotations against the matrix, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import hadamard as matrix

from sw_model.formats import IntFormat, covering
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import Hadamard, hadamard
from sw_model.specs import HadamardSpec

INT8 = IntFormat(8)
SIZES = [2, 8, 16, 32, 64, 128]


@pytest.mark.parametrize("size", SIZES)
def test_equals_the_matrix(size, rng):
    spec = HadamardSpec(INT8, size)
    rows = rng.integers(-128, 128, (50, 3, size))
    np.testing.assert_array_equal(hadamard(rows, spec), rows @ matrix(size).T)
    many = rows.reshape(25, 6 * size)
    np.testing.assert_array_equal(hadamard(many, spec).reshape(rows.shape), hadamard(rows, spec))
    odd = np.bitwise_count(np.arange(size)[:, None] & np.arange(size)) & 1
    np.testing.assert_array_equal(hadamard(np.eye(size, dtype=np.int64), spec),
                                  1 - 2 * odd.astype(int))


@pytest.mark.parametrize("size", SIZES)
def test_is_its_own_inverse_up_to_its_size(size, rng):
    spec = HadamardSpec(INT8, size)
    rows = rng.integers(-128, 128, (50, size))
    again = hadamard(hadamard(rows, spec), HadamardSpec(spec.target, size))
    np.testing.assert_array_equal(again, size * rows)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", [INT8, IntFormat(5, signed=False)])
def test_width_is_the_narrowest(size, source):
    """Both ends of the results are reached; a signed source grows by a bit a level."""
    spec, rows = HadamardSpec(source, size), matrix(size)
    ends = [hadamard(np.where(sign * rows > 0, source.max, source.min), spec) for sign in (1, -1)]
    assert covering(int(np.min(ends)), int(np.max(ends))) == spec.target
    assert spec.target.width == source.width + spec.stages + (source.min == 0)
    assert spec.after(0) == source


def test_a_rotation_keeps_lengths(rng):
    """With the factor in the scale: the scale's product with 1 / sqrt(size)."""
    spec = HadamardSpec(INT8, 64)
    x = rng.integers(-128, 128, (20, 64))
    np.testing.assert_allclose(np.linalg.norm(hadamard(x, spec) / np.sqrt(64), axis=1),
                               np.linalg.norm(x, axis=1), rtol=1e-14)


def test_node(rng):
    spec = HadamardSpec(INT8, 8)
    node = Hadamard(name="h", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (2, 16), INT8)
    assert node.infer([x]) == (((2, 16), IntFormat(11)),)
    codes = rng.integers(-128, 128, (4, 2, 16))
    (result,) = node.run([x], [codes])
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, hadamard(codes, spec))
    for wrong, message in ((Tensor("x", (8,), IntFormat(4)), "input must be int8, not int4"),
                           (Tensor("x", (12,), INT8), "must be a multiple of 8, not 12"),
                           (Tensor("x", (AtMost(8),), INT8), "must be a multiple of 8"),
                           (Tensor("x", (), INT8), "must be a multiple of 8")):
        with pytest.raises(NodeError, match=message):
            node.infer([wrong])


@pytest.mark.parametrize("size", [1, 3, 12, 2048])
def test_what_does_not_fit(size):
    with pytest.raises(ValueError, match=f"^size must be a power of two .*, not {size}$"):
        HadamardSpec(INT8, size)
