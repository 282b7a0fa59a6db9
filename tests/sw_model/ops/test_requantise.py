"""Requantisation, ReLUs and concatenation against TFLite Micro and LiteRT, for every code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Concatenate, Requantise, concatenate, requantise
from sw_model.ops.fixed_point import quantise_multiplier
from sw_model.specs import ACTIVATIONS, ConcatSpec, FixedMultiplier, RequantiseSpec
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro
from tests.support.tflite_operators import Quantised, micro, one_operator, options

INT8, INT16 = IntFormat(8), IntFormat(16)
CODES = np.arange(-128, 128, dtype=np.int8)[None]
WIDE = np.arange(-2**15, 2**15, dtype=np.int16)[None]


def every_case(rng):
    """Scales and zero points: equal, ties, saturating, vanishing, and some drawn."""
    fixed = [(0.05, 3, 0.05, 3), (0.125, 0, 0.25, 0), (0.5, -128, 0.125, 127), (1.0, 7, 8.0, -1),
             (0.3, 127, 1e-4, 0), (1e-5, 0, 7.0, -5), (1.7, -3, 1.0, 4)]
    drawn = [(scale, int(rng.integers(-128, 128)), scale * ratio, int(rng.integers(-128, 128)))
             for scale, ratio in zip(np.exp(rng.uniform(-7, 2, 15)),
                                     np.exp(rng.uniform(-3, 3, 15)), strict=True)]
    return [(float(np.float32(a)), z, float(np.float32(b)), y) for a, z, b, y in fixed + drawn]


def keywords(case):
    return dict(zip(("scale_in", "zero_in", "scale_out", "zero_out"), case, strict=True))


def test_every_code_from_scale_to_scale(rng):
    for case in every_case(rng):
        given, result = Quantised(*case[:2]), Quantised(*case[2:])
        expected = micro("QUANTIZE", [(CODES, given)], result, CODES.shape, options("Quantize"))
        spec = RequantiseSpec.between(INT8, INT8, **keywords(case))
        np.testing.assert_array_equal(requantise(CODES, spec), expected, f"{case}")


def test_every_code_to_int16(rng):
    """From int8, in both interpreters."""
    for scale_in, zero_in, scale_out, _ in every_case(rng):
        given = ("QUANTIZE", [(CODES, Quantised(scale_in, zero_in))], Quantised(scale_out),
                 CODES.shape, options("Quantize"))
        spec = RequantiseSpec.between(INT8, INT16, scale_in=scale_in, zero_in=zero_in,
                                      scale_out=scale_out)
        result = requantise(CODES, spec)
        np.testing.assert_array_equal(result, micro(*given, target=np.int16))
        np.testing.assert_array_equal(
            result, run_litert(one_operator(*given, target=np.int16), CODES)[0])


def test_every_int16_code_to_int8_and_int16(rng):
    for scale_in, _, scale_out, zero_out in every_case(rng):
        for target, kind, zero in ((INT16, np.int16, 0), (INT8, np.int8, zero_out)):
            expected = micro("QUANTIZE", [(WIDE, Quantised(scale_in))], Quantised(scale_out, zero),
                             WIDE.shape, options("Quantize"), target=kind)
            spec = RequantiseSpec.between(INT16, target, scale_in=scale_in, scale_out=scale_out,
                                          zero_out=zero)
            np.testing.assert_array_equal(requantise(WIDE, spec), expected)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.0, 0.01])
def test_leaky_relu(alpha, rng):
    for case in every_case(rng):
        spec = RequantiseSpec.leaky_relu(INT8, INT8, alpha=float(np.float32(alpha)),
                                         **keywords(case))
        expected = micro("LEAKY_RELU", [(CODES, Quantised(*case[:2]))], Quantised(*case[2:]),
                         CODES.shape, options("LeakyRelu", alpha=alpha))
        np.testing.assert_array_equal(requantise(CODES, spec), expected, f"{case}")


def test_leaky_relu_of_every_int16_code(rng):
    for scale_in, _, scale_out, _ in every_case(rng)[:9]:
        spec = RequantiseSpec.leaky_relu(INT16, INT16, alpha=float(np.float32(0.1)),
                                         scale_in=scale_in, scale_out=scale_out)
        expected = micro("LEAKY_RELU", [(WIDE, Quantised(scale_in))], Quantised(scale_out),
                         WIDE.shape, options("LeakyRelu", alpha=0.1))
        np.testing.assert_array_equal(requantise(WIDE, spec), expected)


def test_relu(rng):
    for case in every_case(rng):
        spec = RequantiseSpec.between(INT8, INT8, **keywords(case), activation="relu")
        expected = micro("RELU", [(CODES, Quantised(*case[:2]))], Quantised(*case[2:]),
                         CODES.shape)
        np.testing.assert_array_equal(requantise(CODES, spec), expected, f"{case}")
        spec = RequantiseSpec.between(INT16, INT16, scale_in=case[0], scale_out=case[2],
                                      activation="relu")
        expected = micro("RELU", [(WIDE, Quantised(case[0]))], Quantised(case[2]), WIDE.shape)
        np.testing.assert_array_equal(requantise(WIDE, spec), expected, f"{case}")


@pytest.mark.parametrize(("activation", "operator"), [
    ("relu6", "RELU6"), ("relu_n1_to_1", "RELU_N1_TO_1")])
def test_clamped_at_both_ends(activation, operator, rng):
    """TFLite Micro's RELU6 clamps codes of one scale; LiteRT's also rescales them."""
    for case in every_case(rng):
        spec = RequantiseSpec.between(INT8, INT8, **keywords(case), activation=activation)
        given = (operator, [(CODES, Quantised(*case[:2]))], Quantised(*case[2:]), CODES.shape)
        np.testing.assert_array_equal(requantise(CODES, spec),
                                      run_litert(one_operator(*given), CODES)[0], f"{case}")
        if activation == "relu6":
            scale, zero = Quantised(*case[:2])
            spec = RequantiseSpec.between(INT8, INT8, scale_in=scale, zero_in=zero,
                                          scale_out=scale, zero_out=zero, activation="relu6")
            expected = micro("RELU6", [(CODES, Quantised(scale, zero))], Quantised(scale, zero),
                             CODES.shape)
            np.testing.assert_array_equal(requantise(CODES, spec), expected)


def test_clamped_at_both_ends_of_every_int16_code(rng):
    """RELU6: neither interpreter has RELU_N1_TO_1 of int16."""
    for scale_in, _, scale_out, _ in every_case(rng):
        for scale in (scale_in, scale_out):
            given = ("RELU6", [(WIDE, Quantised(scale_in))], Quantised(scale), WIDE.shape)
            spec = RequantiseSpec.between(INT16, INT16, scale_in=scale_in, scale_out=scale,
                                          activation="relu6")
            result = requantise(WIDE, spec)
            np.testing.assert_array_equal(result, run_litert(one_operator(*given), WIDE)[0])
            if scale == scale_in:
                np.testing.assert_array_equal(result, micro(*given))


def concatenation(ways, arrays, result):
    """Every input through QUANTIZE where its scale is another, then CONCATENATION."""
    builder, kind = ModelBuilder(), arrays[0].dtype.name.upper()
    inputs, ready = [], []
    for number, (how, codes) in enumerate(zip(ways, arrays, strict=True)):
        x = builder.tensor(f"x{number}", codes.shape, kind, scale=how.scale,
                           zero_point=how.zero_point)
        inputs.append(x)
        if how != result:
            y = builder.tensor(f"q{number}", codes.shape, kind, scale=result.scale,
                               zero_point=result.zero_point)
            builder.operator("QUANTIZE", [x], [y], options("Quantize"))
            x = y
        ready.append(x)
    channels = sum(codes.shape[-1] for codes in arrays)
    y = builder.tensor("y", (*arrays[0].shape[:-1], channels), kind, scale=result.scale,
                       zero_point=result.zero_point)
    builder.operator("CONCATENATION", ready, [y], options("Concatenation", axis=-1))
    return builder.build(inputs, [y])


@pytest.mark.parametrize("source", [INT8, INT16], ids=str)
def test_concatenation_of_50_000_rows(source, rng):
    zeros = (-11, 3, -11, -128, 100) if source is INT8 else (0,) * 5
    result, *ways = (Quantised(scale, zero) for scale, zero in zip(
        (0.07, 0.05, 0.07, 0.14, 1.5), zeros, strict=True))
    arrays = [rng.integers(source.min, source.max, (1, 50_000, channels), dtype=source.dtype,
                           endpoint=True) for channels in (3, 1, 5, 2)]
    spec = ConcatSpec(channels=(3, 1, 5, 2), ways=tuple(RequantiseSpec.between(
        source, source, scale_in=way.scale, zero_in=way.zero_point, scale_out=result.scale,
        zero_out=result.zero_point) for way in ways))
    (expected,) = run_micro(concatenation(ways, arrays, result), *arrays)
    np.testing.assert_array_equal(concatenate(arrays, spec), expected)


def test_concatenation(rng):
    result = Quantised(0.07, -11)
    ways = [Quantised(0.05, 3), result, Quantised(0.14, -128), Quantised(1.5, 100)]
    arrays = [rng.integers(-128, 128, (1, 64, channels), dtype=np.int8)
              for channels in (4, 1, 7, 3)]
    spec = ConcatSpec(channels=(4, 1, 7, 3), ways=tuple(RequantiseSpec.between(
        INT8, INT8, scale_in=way.scale, zero_in=way.zero_point, scale_out=result.scale,
        zero_out=result.zero_point) for way in ways))
    (expected,) = run_micro(concatenation(ways, arrays, result), *arrays)
    np.testing.assert_array_equal(concatenate(arrays, spec), expected)
    tensors = [Tensor(f"x{k}", each.shape[1:], INT8) for k, each in enumerate(arrays)]
    node = Concatenate(name="c", inputs=("x0", "x1", "x2", "x3"), outputs=("y",), spec=spec)
    assert node.infer(tensors) == (((64, 15), INT8),)
    np.testing.assert_array_equal(node.run(tensors, arrays)[0], expected)
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"input 'x1' must be \(..., 1\) as the others are"):
        node.infer([tensors[0], Tensor("x1", (65, 1), INT8), *tensors[2:]])
    with pytest.raises(NodeError, match="inputs must be int8, not int9"):
        node.infer([Tensor("x0", (64, 4), IntFormat(9)), *tensors[1:]])
    with pytest.raises(NodeError, match="needs 4 inputs, not 3"):
        node.infer(tensors[:3])


def test_node(rng):
    codes = rng.integers(-128, 128, (3, 4, 5), dtype=np.int8)
    spec = RequantiseSpec.leaky_relu(INT8, INT16, alpha=0.1, scale_in=0.1, scale_out=0.01)
    node = Requantise(name="s", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (4, 5), INT8)
    assert node.infer([x]) == (((4, 5), INT16),)
    (result,) = node.run([x], [codes])
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, requantise(codes, spec))
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (4, 5), IntFormat(9))])


def test_fixed_multiplier_is_the_golden_models(rng):
    for scale in (*np.exp(rng.uniform(-30, 20, 500)), 0.0, 1 - 2.0**-33, 2.0**-32, 2.0**-33):
        factor = FixedMultiplier.of(float(scale))
        assert (factor.multiplier, factor.exponent) == quantise_multiplier(float(scale))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: FixedMultiplier.of(-1.0), "a scale must be 0 to 1073741823, not -1.0"),
    (lambda: FixedMultiplier.of(2.0**30), "a scale must be 0 to 1073741823"),
    (lambda: FixedMultiplier(2**31, -31), "multiplier must be 0 to 2147483647, not 2147483648"),
    (lambda: FixedMultiplier(1, 0), "exponent must be -62 to -1, not 0"),
    (lambda: RequantiseSpec.between(INT8, INT8, scale_in=2.0**24, scale_out=1.0),
     "numbers up to 128 leave 32 bits in TFLite's left shift by 25"),
    (lambda: RequantiseSpec.between(INT8, INT8, scale_in=1.0, scale_out=1.0, zero_in=200),
     "zero_in must be -128 to 127, not 200"),
    (lambda: RequantiseSpec.between(INT8, IntFormat(17), scale_in=1.0, scale_out=1.0),
     "target must have at most 16 bits, not 17"),
    (lambda: RequantiseSpec.between(INT8, INT8, scale_in=1.0, scale_out=1.0, activation="tanh"),
     f"activation must be one of {', '.join(ACTIVATIONS)}, not 'tanh'"),
    (lambda: ConcatSpec(ways=(RequantiseSpec.between(INT8, INT8, scale_in=1.0, scale_out=1.0),),
                        channels=(1, 2)), r"channels must be 1 positive numbers, not \(1, 2\)")])
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
