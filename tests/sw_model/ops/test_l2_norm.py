"""The L2 normalisation against TFLite Micro and LiteRT's reference kernels."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops.l2_norm import L2Norm, inverse_root, l2_norm
from sw_model.specs import L2NormSpec
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro


def model(shape: tuple[int, ...], zero_point: int) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor("x", shape, scale=0.07, zero_point=zero_point)
    y = builder.tensor("y", shape, scale=1 / 128)
    builder.operator("L2_NORMALIZATION", [x], [y])
    return builder.build([x], [y])


def awkward(rng, rows: int, length: int, zero_point: int) -> np.ndarray:
    """Rows of every size, the edges of the range, one hot, and rows of zeros."""
    codes = rng.integers(-128, 128, (rows, length))
    codes //= rng.integers(1, 100, (rows, 1))
    codes = np.clip(codes + zero_point * rng.integers(0, 2, (rows, 1)), -128, 127)
    codes[0], codes[1], codes[2], codes[3] = 127, -128, zero_point, 0
    codes[4], codes[5] = zero_point, zero_point
    codes[4, 0], codes[5, -1] = 127, -128
    codes[6] = zero_point
    codes[6, 0] = np.clip(zero_point + 1, -128, 127)
    return codes.astype(np.int8)


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize("length", [1, 2, 3, 8, 64, 1000])
def test_equals_the_interpreters(run, length, rng):
    for zero_point in (0, -128, 127, 17, *rng.integers(-128, 128, 3).tolist()):
        codes = awkward(rng, 400, length, zero_point)
        (expected,) = run(model(codes.shape, zero_point), codes)
        found = l2_norm(codes, L2NormSpec(zero_point=zero_point, longest=length))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize("length", [4, 33])
def test_equals_the_interpreters_in_50_000_rows(run, length, rng):
    for zero_point in (0, -128, 127, 5, -77):
        codes = awkward(rng, 10_000, length, zero_point)
        (expected,) = run(model(codes.shape, zero_point), codes)
        found = l2_norm(codes, L2NormSpec(zero_point=zero_point, longest=length))
        np.testing.assert_array_equal(found, expected)


def test_every_code_alone():
    """A row of one code is 1 or -1, which saturates, or 0."""
    for zero_point in (-128, 0, 3, 127):
        codes = np.arange(-128, 128, dtype=np.int8)[:, None]
        (expected,) = run_litert(model(codes.shape, zero_point), codes)
        found = l2_norm(codes, L2NormSpec(zero_point=zero_point, longest=1))
        np.testing.assert_array_equal(found, expected)


def test_longest_row_of_the_largest_codes():
    spec = L2NormSpec(zero_point=127, longest=L2NormSpec.MOST)
    codes = np.full((1, spec.longest), -128, np.int8)
    assert spec.squares == IntFormat(31, signed=False)
    (expected,) = run_litert(model(codes.shape, 127), codes)
    np.testing.assert_array_equal(l2_norm(codes, spec), expected)


def test_inverse_root_is_near_the_real_one(rng):
    x = np.unique(np.concatenate([np.arange(2, 3000), 2 ** rng.uniform(1, 31, 20_000)])
                  .astype(np.int64))
    multiplier, shift = inverse_root(x)
    assert multiplier.max() < 2**31
    assert set(shift.tolist()) == set(range(-12, 1))
    relative = multiplier * 2.0**(shift - 31) * np.sqrt(x) - 1
    assert np.abs(relative).max() <= 1.3e-6


def test_node(rng):
    spec = L2NormSpec(zero_point=-3, longest=7)
    node = L2Norm(name="n", inputs=("x",), outputs=("y",), spec=spec)
    codes = rng.integers(-128, 128, (5, 3, 7), dtype=np.int8)
    tensor = Tensor("x", (3, 7), IntFormat(8))
    assert node.infer([tensor]) == (((3, 7), IntFormat(8)),)
    np.testing.assert_array_equal(node.run([tensor], [codes])[0], l2_norm(codes, spec))
    assert L2Norm.from_json(node.as_json()) == node


@pytest.mark.parametrize(("shape", "width", "message"), [
    ((8,), 8, r"rows must have 1 to 7 elements, not shape \[8\]"),
    ((), 8, r"rows must have 1 to 7 elements, not shape \[\]"),
    ((7,), 9, "codes must be int8, not int9")])
def test_node_refuses(shape, width, message):
    node = L2Norm(name="n", inputs=("x",), outputs=("y",),
                  spec=L2NormSpec(zero_point=0, longest=7))
    with pytest.raises(NodeError, match=message):
        node.infer([Tensor("x", shape, IntFormat(width))])


@pytest.mark.parametrize(("fields", "message"), [
    ({"zero_point": 128, "longest": 7}, "zero_point must be -128 to 127, not 128"),
    ({"zero_point": 0, "longest": 33026}, "longest must be 1 to 33025, not 33026"),
    ({"zero_point": 0, "longest": 0}, "longest must be 1 to 33025, not 0")])
def test_spec_refuses(fields, message):
    with pytest.raises(ValueError, match=message):
        L2NormSpec(**fields)
