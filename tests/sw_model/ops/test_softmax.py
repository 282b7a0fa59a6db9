"""The softmax against TFLite Micro and LiteRT's reference kernels."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Softmax, TfliteSoftmax, softmax, softmax_parameters
from sw_model.specs import TfliteSoftmaxSpec
from sw_model.tables import tflite_exponentials
from tests.support.softmaxes import real_softmax, some_rows
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro


def softmax_model(shape: tuple[int, ...], scale: float, beta: float = 1.0, width: int = 8
                  ) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor("x", shape, scale=scale, zero_point=4)
    y = builder.tensor("y", shape, f"INT{width}", scale=2.0**-width, zero_point=-1 << width - 1)
    builder.softmax(x, y, beta)
    return builder.build([x], [y])


def golden(codes: np.ndarray, scale: float, beta: float = 1.0, width: int = 8) -> np.ndarray:
    multiplier, shift, diff_min = softmax_parameters(float(np.float32(scale)),
                                                     float(np.float32(beta)))
    return softmax(codes, multiplier=multiplier, shift=shift, diff_min=diff_min, width=width)


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize("channels", [1, 2, 10, 255, 511])
def test_equals_the_interpreters(run, channels, rng):
    for scale in (2.0**-12, 1e-3, *np.exp(rng.uniform(-5, 1, 6)), 0.25, 2, 900):
        codes = rng.integers(-128, 128, (1, 8, channels), dtype=np.int8)
        codes[0, 0], codes[0, 1] = 127, -128
        codes[0, 2], codes[0, 2, 0] = -128, 127
        codes[0, 3:] //= rng.integers(1, 30)
        (expected,) = run(softmax_model(codes.shape, scale), codes)
        np.testing.assert_array_equal(golden(codes, scale), expected)


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize("channels", [9, 40])
def test_equals_the_interpreters_in_50_000_rows(run, width, channels, rng):
    for scale in (0.0625, *np.exp(rng.uniform(-5, 1, 4))):
        codes = rng.integers(-128, 128, (1, 10_000, channels), dtype=np.int8)
        codes[0, ::2] //= rng.integers(1, 30, (5000, 1), dtype=np.int8)
        (expected,) = run(softmax_model(codes.shape, scale, width=width), codes)
        np.testing.assert_array_equal(golden(codes, scale, width=width), expected)


@pytest.mark.parametrize("run", [run_micro, run_litert])
def test_16_bits_out(run, rng):
    for scale in (1e-3, 0.02, 1 / 16, 0.25, 2):
        codes = rng.integers(-128, 128, (1, 8, 100), dtype=np.int8)
        codes[0, 0], codes[0, 1], codes[0, 2, 0] = 127, -128, 127
        (expected,) = run(softmax_model(codes.shape, scale, width=16), codes)
        assert expected.dtype == np.int16
        np.testing.assert_array_equal(golden(codes, scale, width=16), expected)


def test_errors(rng):
    """The docstring's bound, a unit where the largest code stands for 1."""
    for width in (8, 16):
        unit = 2.0**-width
        for elements, deviation in ((1, 40), (2, 40), (7, 40), (50, 20), (200, 40), (200, 3),
                                    (1000, 40)):
            rows = some_rows(rng, (1000, elements), deviation)
            got = golden(rows.astype(np.int8), 1 / 16, width=width) + 2.0 ** (width - 1)
            off = np.abs(got * unit - real_softmax(rows, 1 / 16)).max()
            assert off <= max(unit, unit / 2 + 1.2e-6 * (elements + 1))
            if elements > 7:
                assert off > 0.9 * unit / 2
        assert golden(np.array([[3]], np.int8), 1 / 16, width=width) == 2 ** (width - 1) - 1


def test_errors_add_up_as_the_bound_says():
    """Exponentials by the exhausted table; equal elements whose sum is rounded the same way."""
    multiplier, shift, diff_min = softmax_parameters(1 / 16)
    spec = TfliteSoftmaxSpec(multiplier=multiplier, shift=shift, diff_min=diff_min)
    table = np.array(tflite_exponentials(spec))
    off = np.abs(table * 2.0**-31 - np.exp(-np.arange(256) / 16)).max()
    assert off <= 2.2e-7
    assert off + 2.0**-20 <= 1.2e-6
    rest = (table + 2**11) % 2**12 - 2**11
    for code in (int(np.argmax(rest[:100])), int(np.argmin(rest[:100]))):
        row = np.append(127, np.full(199, 127 - code))[None]
        got = golden(row.astype(np.int8), 1 / 16, width=16) + 2.0**15
        assert np.abs(got * 2.0**-16 - real_softmax(row, 1 / 16)).max() \
            <= 2.0**-17 + 1.2e-6 * 201


@pytest.mark.parametrize("run", [run_micro, run_litert])
def test_beta(run, rng):
    codes = rng.integers(-128, 128, (1, 64), dtype=np.int8)
    for beta in (0.1, 0.5, 3.0, 17.0):
        (expected,) = run(softmax_model((1, 64), 0.04, beta), codes)
        np.testing.assert_array_equal(golden(codes, 0.04, beta), expected)


@pytest.mark.parametrize("channels", [600, 1000, 4095])
def test_many_channels(channels, rng):
    """Rows whose sum stays below 512; from there on TFLite shifts by more than 31 and stops."""
    codes = rng.integers(-128, 128, (1, channels), dtype=np.int8)
    (expected,) = run_micro(softmax_model((1, channels), 0.3), codes)
    np.testing.assert_array_equal(golden(codes, 0.3), expected)


def test_a_flat_row_of_many_channels_rounds_the_real_function():
    """Where TFLite stops with an assertion: each of so many has less than half a unit."""
    for channels in (513, 1000, 4095):
        assert set(golden(np.zeros((1, channels), np.int8), 0.1)[0]) == {-128}


def test_refuses_scales_that_tflite_refuses():
    for beta_scale in (2.0**-26, 0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="beta \\* scale must be finite and above"):
            softmax_parameters(beta_scale)
    assert softmax_parameters(1e9) == (2**31 - 1, 31, 0)


def node(**changes) -> Softmax:
    fields = {"multiplier": 2**30, "shift": 23, "diff_min": -248} | changes
    return Softmax(name="s", inputs=("x",), outputs=("y",), **fields)


def test_node(rng):
    codes = rng.integers(-128, 128, (5, 3, 7), dtype=np.int8)
    x = Tensor("x", (3, 7), IntFormat(8))
    assert node().infer([x]) == (((3, 7), IntFormat(8)),)
    (result,) = node().run([x], [codes])
    np.testing.assert_array_equal(result, golden(codes, 0.0625))
    assert not Softmax.synthesisable


@pytest.mark.parametrize("width", [8, 16])
def test_node_of_the_unit(width, rng):
    codes = rng.integers(-128, 128, (5, 3, 7), dtype=np.int8)
    x, target = Tensor("x", (3, 7), IntFormat(8)), IntFormat(width)
    spec = TfliteSoftmaxSpec(multiplier=2**30, shift=23, diff_min=-248, target=target)
    unit = TfliteSoftmax(name="s", inputs=("x",), outputs=("y",), spec=spec)
    assert unit.infer([x]) == (((3, 7), target),)
    (result,) = unit.run([x], [codes])
    np.testing.assert_array_equal(result, golden(codes, 0.0625, width=width))
    assert TfliteSoftmax.synthesisable
    with pytest.raises(NodeError, match="input must have at most 4095 elements in its last axis"):
        unit.infer([Tensor("x", (4096,), IntFormat(8))])


@pytest.mark.parametrize(("changes", "tensor", "message"), [
    ({}, Tensor("x", (7,), IntFormat(9)), "input must be int8, not int9"),
    ({}, Tensor("x", (4096,), IntFormat(8)), "1 to 4095 channels"),
    ({}, Tensor("x", (), IntFormat(8)), "1 to 4095 channels"),
    ({"multiplier": 2**31}, Tensor("x", (7,), IntFormat(8)), "out of range"),
    ({"shift": -1}, Tensor("x", (7,), IntFormat(8)), "out of range"),
    ({"shift": 24, "diff_min": -200}, Tensor("x", (7,), IntFormat(8)), "out of range"),
])
def test_node_refuses(changes, tensor, message):
    with pytest.raises(NodeError, match=message):
        node(**changes).infer([tensor])


@pytest.mark.parametrize(("changes", "message"), [
    ({"target": IntFormat(12)}, "target must be int8 or int16, not int12"),
    ({"multiplier": 0}, "multiplier, shift or diff_min out of range")])
def test_specs_refuse(changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        TfliteSoftmaxSpec(**{"multiplier": 2**30, "shift": 23, "diff_min": -248} | changes)


def test_table_of_exponentials():
    """The spec's memory against the real function, to the last bits of 31."""
    for scale in (1 / 16, 0.002, 1.7):
        multiplier, shift, diff_min = softmax_parameters(scale)
        spec = TfliteSoftmaxSpec(multiplier=multiplier, shift=shift, diff_min=diff_min)
        entries = np.array(tflite_exponentials(spec)) / 2**31
        real = np.where(-np.arange(256) >= diff_min, np.exp(-scale * np.arange(256)), 0)
        assert np.abs(entries - real).max() <= 1e-6
    assert node().spec == TfliteSoftmaxSpec(multiplier=2**30, shift=23, diff_min=-248)
