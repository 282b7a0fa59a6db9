"""Sums, differences and products against TFLite Micro: all pairs of int8 codes."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Add, Multiply, add, multiply
from sw_model.specs import AddSpec, FixedMultiplier, MultiplySpec
from tests.support.tflite_operators import Quantised, micro, options

INT8, INT16 = IntFormat(8), IntFormat(16)

#: Numbers of the schema's fused activations.
FUSED = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}

#: Scales and zero points of both operands and the result: equal, powers of two (ties), far
#: apart, saturating, zero points at the ends, and what is nearly nothing.
SCALES = [
    ((0.05, 0), (0.05, 0), (0.05, 0)),
    ((0.5, 3), (0.25, -7), (1.0, 0)),
    ((0.25, 0), (0.25, 0), (0.5, -1)),
    ((2.0, -128), (1.0, 127), (4.0, 5)),
    ((0.031, 4), (0.017, -9), (0.04, 2)),
    ((0.1, 0), (0.0001, 100), (0.07, -128)),
    ((1.0, -3), (0.9, 9), (0.01, 11)),
    ((0.003, 127), (0.7, -128), (3.0, 127)),
]


def every_pair():
    codes = np.arange(-128, 128, dtype=np.int8)
    return np.repeat(codes, 256)[None], np.tile(codes, 256)[None]


def some_pairs(rng, count=50_000):
    a, b = rng.integers(-2**15, 2**15, (2, 1, count), dtype=np.int16)
    edges = np.array([-2**15, -2**15 + 1, -1, 0, 1, 2**15 - 2, 2**15 - 1], np.int16)
    a[0, :49], b[0, :49] = np.repeat(edges, 7), np.tile(edges, 7)
    return a, b


def keywords(scales):
    (s0, z0), (s1, z1), (so, zo) = scales
    return {"scale_0": s0, "zero_0": z0, "scale_1": s1, "zero_1": z1, "scale_out": so,
            "zero_out": zo}


def expected(kind, a, b, scales, activation="none"):
    first, second, result = (Quantised(*each) for each in scales)
    choices = options(kind.capitalize(), fusedActivationFunction=FUSED[activation])
    return micro(kind, [(a, first), (b, second)], result, a.shape, choices)


@pytest.mark.parametrize("scales", SCALES, ids=str)
def test_every_pair_of_int8(scales):
    a, b = every_pair()
    for kind, subtract in (("ADD", False), ("SUB", True)):
        spec = AddSpec.of(INT8, **keywords(scales), subtract=subtract)
        np.testing.assert_array_equal(add(a, b, spec), expected(kind, a, b, scales), kind)
    spec = MultiplySpec.of(INT8, **keywords(scales))
    np.testing.assert_array_equal(multiply(a, b, spec), expected("MUL", a, b, scales))


@pytest.mark.parametrize("activation", ["relu", "relu6", "relu_n1_to_1"])
def test_fused_activations(activation):
    a, b = every_pair()
    for scales in (SCALES[0], SCALES[3], SCALES[4]):
        given = keywords(scales) | {"activation": activation}
        for kind, result in (("ADD", add(a, b, AddSpec.of(INT8, **given))),
                             ("SUB", add(a, b, AddSpec.of(INT8, **given, subtract=True))),
                             ("MUL", multiply(a, b, MultiplySpec.of(INT8, **given)))):
            np.testing.assert_array_equal(result, expected(kind, a, b, scales, activation), kind)


@pytest.mark.parametrize("scales", [
    (1.0, 1.0, 2.0), (2.0**-12, 2.0**-13, 2.0**-11), (0.001, 0.0007, 0.0009), (1.0, 1e-4, 1e-3)],
    ids=str)
def test_int16(scales, rng):
    """Codes without zero points, the only ones that TFLite has."""
    a, b = some_pairs(rng)
    pairs = tuple((scale, 0) for scale in scales)
    for kind, subtract in (("ADD", False), ("SUB", True)):
        spec = AddSpec.of(INT16, **keywords(pairs), subtract=subtract)
        np.testing.assert_array_equal(add(a, b, spec), expected(kind, a, b, pairs), kind)
    spec = MultiplySpec.of(INT16, **keywords(pairs))
    np.testing.assert_array_equal(multiply(a, b, spec), expected("MUL", a, b, pairs))


@pytest.mark.full
def test_every_pair_of_int8_with_random_scales(rng):
    a, b = every_pair()
    for _ in range(60):
        scales = tuple((float(scale), int(zero)) for scale, zero in zip(
            np.exp(rng.uniform(-6, 1, 3)), rng.integers(-128, 128, 3), strict=True))
        for kind, subtract in (("ADD", False), ("SUB", True)):
            spec = AddSpec.of(INT8, **keywords(scales), subtract=subtract)
            np.testing.assert_array_equal(add(a, b, spec), expected(kind, a, b, scales), kind)
        spec = MultiplySpec.of(INT8, **keywords(scales))
        np.testing.assert_array_equal(multiply(a, b, spec), expected("MUL", a, b, scales))


def test_nodes(rng):
    a, b = (rng.integers(-128, 128, (3, 2, 5), dtype=np.int8) for _ in range(2))
    tensors = [Tensor(name, (2, 5), INT8) for name in "ab"]
    for make, operation, spec in (
            (Add, add, AddSpec.of(INT8, **keywords(SCALES[4]))),
            (Multiply, multiply, MultiplySpec.of(INT8, **keywords(SCALES[4])))):
        node = make(name="n", inputs=("a", "b"), outputs=("y",), spec=spec)
        assert node.infer(tensors) == (((2, 5), INT8),)
        (result,) = node.run(tensors, [a, b])
        assert result.dtype == np.int8
        np.testing.assert_array_equal(result, operation(a, b, spec))
        assert node.from_json(node.as_json()) == node
        with pytest.raises(NodeError, match=r"inputs must be int8, not int9"):
            node.infer([tensors[0], Tensor("b", (2, 5), IntFormat(9))])
        with pytest.raises(NodeError, match=r"must have one shape, not \[2, 5\] and \[5\]"):
            node.infer([tensors[0], Tensor("b", (5,), INT8)])
        with pytest.raises(NodeError, match="needs 2 inputs, not 1"):
            node.infer(tensors[:1])


def test_what_tflite_refuses():
    with pytest.raises(ValueError, match="factor_out must be below 1, but its shift is 2"):
        AddSpec.of(INT8, scale_0=1.0, scale_1=1.0, scale_out=2.0**-20)
    with pytest.raises(ValueError, match=r"finite, not 0\.0"):
        AddSpec.of(INT8, scale_0=1.0, scale_1=0.0, scale_out=1.0)
    with pytest.raises(ValueError, match=r"products up to 65025 leave 32 bits .* shift by 16"):
        MultiplySpec.of(INT8, scale_0=256.0, scale_1=128.0, scale_out=1.0, zero_0=-128,
                        zero_1=-128)
    with pytest.raises(ValueError, match="zero_1 must be -128 to 127, not 128"):
        MultiplySpec.of(INT8, scale_0=1.0, scale_1=1.0, scale_out=1.0, zero_1=128)
    with pytest.raises(ValueError, match="format must have at most 16 bits, not 17"):
        MultiplySpec.of(IntFormat(17), scale_0=1.0, scale_1=1.0, scale_out=1.0)
    half = FixedMultiplier.of(0.5)
    with pytest.raises(ValueError, match=r"operands up to 128 leave 32 bits when .* by 24"):
        AddSpec(format=INT8, zero_0=0, zero_1=0, zero_out=0, low=-128, high=127, left=24,
                factor_0=half, factor_1=half, factor_out=half)
