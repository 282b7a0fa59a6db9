"""Rounding modes against the frameworks: layers whose biases are the accumulators."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from sw_model.ops import RescaleMode, rescale
from sw_model.ops.fixed_point import quantise_multipliers, split_scales
from sw_model.ops.rescale_modes import reduce_multiplier
from tests.support.onnx_models import int_quant, model_of, node, run_onnxruntime
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro

COUNT = 50_000
#: Powers of two make ties; the others are as converters make them.
SCALES = (2.0**-9, 3 * 2.0**-10, 1 / 3, 0.0123, 7.3e-4, 2.0**-20)


def accumulators(rng: np.random.Generator, scale: float, reach: int) -> np.ndarray:
    """Ends, those next to every half of a code, and random ones of the size that matters."""
    halves = np.arange(-260, 261) / 2 / scale
    near = [np.floor(halves) + d for d in (-1, 0, 1, 2)]
    some = rng.integers(-reach, reach, COUNT)
    inside = np.floor(rng.uniform(-130, 130, COUNT) / scale)
    every = np.concatenate([*near, some[:COUNT // 10], inside, [-reach, reach - 1, 0, 1, -1]])
    return np.clip(every, -reach, reach - 1).astype(np.int64)[-COUNT:]


def layer(bias: np.ndarray, scale: np.ndarray | float, *, wide: bool) -> bytes:
    """A FULLY_CONNECTED of one input, weights 0, whose results are the scaled biases."""
    build, count = ModelBuilder(), len(bias)
    kinds = ("INT16", "INT64") if wide else ("INT8", "INT32")
    x = build.tensor("x", (1, 1), kinds[0], scale=1.0)
    weights = build.tensor("w", (count, 1), scale=scale, values=np.zeros((count, 1)))
    b = build.tensor("b", (count,), kinds[1], scale=scale, values=bias)
    y = build.tensor("y", (1, count), kinds[0], scale=1.0)
    build.fully_connected(x, weights, b, y)
    return build.build([x], [y])


@pytest.mark.parametrize(("mode", "run"), [
    (RescaleMode.TFLITE_DOUBLE, run_micro), (RescaleMode.FLOAT64_HALF_AWAY, run_litert),
    (RescaleMode.TFLITE_RUY, partial(run_litert, optimised=True))])
@pytest.mark.parametrize("scale", SCALES)
def test_layers_of_int8(mode, run, scale, rng):
    """TFLite Micro, LiteRT's reference and its optimised kernels, each in its own mode."""
    scale = float(np.float32(scale))
    bias = accumulators(rng, scale, 2**31)
    split = quantise_multipliers if mode.is_tflite else split_scales
    wanted = np.clip(rescale(bias[:, None], *split(np.array([scale])), mode)[:, 0], -128, 127)
    (found,) = run(layer(bias, scale, wide=False), np.zeros((1, 1), np.int8))
    np.testing.assert_array_equal(found[0], wanted)


@pytest.mark.parametrize("scale", SCALES)
def test_layers_of_int16(scale, rng):
    """TFLite Micro's 64-bit accumulators, to 48 bits."""
    scale = float(np.float32(scale / 64))
    bias = accumulators(rng, scale, 2**40)
    reduced = reduce_multiplier(*quantise_multipliers(np.array([scale])))
    wanted = rescale(bias[:, None], *reduced, RescaleMode.TFLITE_SINGLE)[:, 0]
    (found,) = run_micro(layer(bias, scale, wide=True), np.zeros((1, 1), np.int16))
    np.testing.assert_array_equal(found[0], np.clip(wanted, -(2**15), 2**15 - 1))


@pytest.mark.parametrize("scale", SCALES)
def test_convolutions_of_onnxruntime(scale, rng):
    """QLinearConv with a bias, accumulators of 32 bits; a scale for each channel."""
    bias = accumulators(rng, scale, 2**31).astype(np.int32)
    count = len(bias)
    scales = (scale * rng.choice([1, 0.5, 0.7], count)).astype(np.float32)
    model = model_of(
        [node("QLinearConv", ["x", "xs", "z", "w", "ws", "wz", "ys", "z", "b"], ["y"])],
        {"xs": np.float32(1), "ws": scales, "ys": np.float32(1), "z": np.int8(0),
         "wz": np.zeros(count, np.int8), "w": np.zeros((count, 1, 1, 1), np.int8), "b": bias},
        inputs={"x": (1, 1, 1, 1)}, types={"x": 3, "y": 3})
    (found,) = run_onnxruntime(model, {"x": np.zeros((1, 1, 1, 1), np.int8)})
    wanted = rescale(bias[None], *split_scales(scales.astype(np.float64)),
                     RescaleMode.FLOAT32_HALF_EVEN)[0]
    np.testing.assert_array_equal(found.ravel(), np.clip(wanted, -128, 127))


@pytest.mark.parametrize(("name", "mode"), [
    ("ROUND", RescaleMode.EXACT_HALF_EVEN), ("HALF_UP", RescaleMode.EXACT_HALF_AWAY),
    ("HALF_DOWN", RescaleMode.EXACT_HALF_TOWARD_ZERO), ("FLOOR", RescaleMode.FLOOR),
    ("CEIL", RescaleMode.CEILING), ("DOWN", RescaleMode.TOWARD_ZERO),
    ("UP", RescaleMode.AWAY_FROM_ZERO)])
def test_roundings_of_qonnx(name, mode):
    """Every 16-bit sum by scales whose quotients float32 has exactly, to 8 and to 16 bits."""
    every = np.arange(-(2**15), 2**15)
    for shift, bits in ((1, 8), (3, 8), (8, 8), (2, 16)):
        scale = 2.0**shift
        found = int_quant(every.astype(np.float32), scale, 0, bits, signed=True, narrow=False,
                          rounding=name) / scale
        wanted = rescale(every[:, None], np.array([1]), np.array([-shift]), mode)[:, 0]
        limit = 2 ** (bits - 1)
        np.testing.assert_array_equal(found, np.clip(wanted, -limit, limit - 1))
