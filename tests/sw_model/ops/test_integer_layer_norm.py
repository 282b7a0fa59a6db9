"""The integer layer normalisation against Python's integers, the real one, and the published
root."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import (
    IntegerLayerNorm,
    integer_layer_norm,
    integer_layer_norm_bias,
    integer_layer_norm_scale,
    isqrt,
)
from sw_model.specs import IntegerLayerNormSpec

INT8, INT16 = IntFormat(8), IntFormat(16)
ZERO = np.array([0])


def by_definition(row, bias):
    """One row in Python's integers and fractions."""
    mean = round(Fraction(sum(row), len(row)))
    centred = [value - mean for value in row]
    factor = (2**31 - 1) // max(math.isqrt(sum(value**2 for value in centred)), 1)
    return [value * factor // 2 + each for value, each in zip(centred, bias, strict=True)]


@pytest.mark.parametrize("width", [2, 8, 16])
def test_equals_the_definition(width, rng):
    for length in (1, 2, 3, 4, 10, 100):
        spec = IntegerLayerNormSpec(source=IntFormat(width), longest=length)
        half = 1 << width - 1
        x = rng.integers(-half, half, (60, length))
        x[:2] = [[-half], [half - 1]]
        x[2] = 0
        x[2, rng.integers(length)] = half - 1
        bias = rng.integers(-2**30, 2**30, length)
        wanted = [by_definition(row, bias.tolist()) for row in x.tolist()]
        np.testing.assert_array_equal(integer_layer_norm(x, spec, bias), wanted)


def test_every_row_of_two_codes():
    """All pairs of int8 codes."""
    x = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)), axis=-1).reshape(-1, 2)
    found = integer_layer_norm(x, IntegerLayerNormSpec(source=INT8, longest=2), ZERO)
    np.testing.assert_array_equal(found, [by_definition(row, (0, 0)) for row in x.tolist()])


@pytest.mark.parametrize("length", [1, 2, 64, 4096])
def test_rows_of_equal_numbers_are_the_bias(length):
    spec = IntegerLayerNormSpec(source=INT16, longest=length)
    bias = np.arange(length) - 7
    for value in (-32768, -1, 0, 1, 32767):
        np.testing.assert_array_equal(integer_layer_norm(np.full(length, value), spec, bias), bias)


def test_sums_that_overflow_32_bits(rng):
    """A deviation of 8,000 in 192 numbers has 34 bits, half and half of both extremes 42."""
    spec = IntegerLayerNormSpec(source=INT16, longest=4096)
    assert spec.squares.width == 42
    rows = [np.clip(np.rint(rng.normal(0, 8000, 192)), -32768, 32767).astype(np.int64),
            np.repeat([-32768, 32767], 2048), np.append(np.full(4095, -32768), 32767)]
    for row in rows:
        assert sum((row - row.mean())**2) > 2**31.9
        wanted = by_definition(row.tolist(), [0] * len(row))
        np.testing.assert_array_equal(integer_layer_norm(row, spec, ZERO), wanted)
        assert np.abs(wanted).max() < 2**30


@pytest.mark.parametrize(("deviation", "form", "most"), [
    (20, INT8, 0.047), (60, INT8, 0.016), (500, INT16, 1.8e-3), (3000, INT16, 3.0e-4),
    (8000, INT16, 2.6e-4)])
def test_errors(deviation, form, most, rng):
    """Against the real layer normalisation, 192 channels, with gamma and beta: the bound is for
    a gamma of 1, less is measured with it."""
    x = np.clip(np.rint(rng.normal(0, deviation, (300, 192))), form.min, form.max).astype(np.int64)
    spec = IntegerLayerNormSpec(source=form, longest=192, bias=IntFormat(36))
    gamma = rng.uniform(0.2, 1, 192) * rng.choice([-1, 1], 192)
    beta = rng.uniform(-1, 1, 192)
    found = integer_layer_norm(x, spec, integer_layer_norm_bias(beta, gamma, 192)) \
        * integer_layer_norm_scale(192, gamma)
    real = (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)
    assert np.abs(found - (real * gamma + beta)).max() <= most
    plain = integer_layer_norm(x, spec, ZERO) * integer_layer_norm_scale(192)
    assert np.abs(plain - real).max() <= most


def published_root(v):
    """Ten halvings from a fixed seed."""
    k = np.full_like(v, 2**16)
    for _ in range(10):
        k = (k + v // k) >> 1
    return k


def test_the_published_root_is_off_where_rows_are_small(rng):
    """What the exact one mends."""
    edges = [2**8, 2**12, 2**16, 2**20]
    limits = [(49, 63), (19, 49), (0, 20), (0, 1)]
    for low, high, (least, most) in zip([1, *edges], edges, limits, strict=False):
        v = np.arange(low, high)
        off = published_root(v) - isqrt(v)
        assert (off.min(), off.max()) == (least, most)
    assert published_root(np.arange(4)).tolist() == [64] * 4
    v = rng.integers(2**20, 2**32, 50_000)
    assert set((published_root(v) - isqrt(v)).tolist()) <= {0, 1}


def test_node(rng):
    spec = IntegerLayerNormSpec(source=INT8, longest=6)
    assert spec.target == IntFormat(32)
    node = IntegerLayerNorm(name="n", inputs=("x", "b"), outputs=("y",), spec=spec)
    x, bias = rng.integers(-128, 128, (4, 2, 5)).astype(np.int8), np.arange(5, dtype=np.int32)
    tensors = [Tensor("x", (2, 5), INT8), Tensor("b", (5,), IntFormat(31), value=bias)]
    assert node.infer(tensors) == (((2, 5), spec.target),)
    np.testing.assert_array_equal(node.run(tensors, [x, bias])[0],
                                  integer_layer_norm(x, spec, bias))
    assert IntegerLayerNorm.from_json(node.as_json()) == node
    tensors[0] = Tensor("x", (AtMost(5),), INT8)
    np.testing.assert_array_equal(node.run(tensors, [x[..., :3], bias])[0],
                                  integer_layer_norm(x[..., :3], spec, bias[:3]))
    assert node.infer(tensors) == (((AtMost(5),), spec.target),)
    with pytest.raises(NodeError, match="needs 2 inputs, not 1"):
        node.infer(tensors[:1])
    with pytest.raises(NodeError, match=r"rows must have 1 to 6 elements, not shape \[7\]"):
        node.infer([Tensor("x", (7,), INT8), tensors[1]])
    with pytest.raises(NodeError, match="codes must be int8, not fixed<8,1>"):
        node.infer([Tensor("x", (5,), FixedFormat(8, 1)), tensors[1]])
    with pytest.raises(NodeError, match="'b' must be a constant int31 for each channel or for all"):
        node.infer([tensors[0], Tensor("b", (5,), IntFormat(31))])


def test_refuses():
    with pytest.raises(ValueError, match="longest must be at least 1, not 0"):
        IntegerLayerNormSpec(source=INT8, longest=0)
    with pytest.raises(ValueError, match="the sum of squares must have at most 62 bits, but rows "
                                         "of 1024 int28 do not fit"):
        IntegerLayerNormSpec(source=IntFormat(28), longest=1024)
    with pytest.raises(ValueError, match="gamma must not be 0 in any channel"):
        integer_layer_norm_bias(np.ones(2), np.array([1.0, 0.0]), 2)
