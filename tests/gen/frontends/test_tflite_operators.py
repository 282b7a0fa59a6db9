"""Each TFLite operator alone, against the interpreters."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gen.frontends.tflite import load
from sw_model.ops import MatMul, RescaleMode, Table
from tests.support.tflite_models import TYPES, ModelBuilder, run_litert, run_micro

#: Which rounding equals which interpreter.
ORACLES = [(RescaleMode.TFLITE_DOUBLE, run_micro), (RescaleMode.FLOAT64_HALF_AWAY, run_litert)]
by_oracle = pytest.mark.parametrize(("rounding", "run"), ORACLES)


@pytest.fixture
def golden(tmp_path: Path):
    """Runs a model of one input and one output by the graph made of it."""
    def run(model: bytes, x: np.ndarray, rounding: RescaleMode = RescaleMode.TFLITE_DOUBLE):
        (path := tmp_path / "m.tflite").write_bytes(model)
        graph = load(path, rounding=rounding)
        return graph.run({graph.inputs[0]: x})[0][graph.outputs[0]]
    return run


def dense_model(rng, shape, *, keep=False, activation="NONE", per_channel=False, biased=True,
                rows=6) -> bytes:
    """A FULLY_CONNECTED of random weights whose results mostly fit int8."""
    cols = shape[-1] if keep else math.prod(shape[1:])
    build = ModelBuilder()
    scale_in = np.float32(rng.uniform(0.01, 0.1))
    scales = rng.uniform(0.01, 0.1, rows if per_channel else 1).astype(np.float32)
    x = build.tensor("x", shape, scale=scale_in, zero_point=rng.integers(-128, 128))
    weights = build.tensor("w", (rows, cols), scale=scales,
                           values=rng.integers(-127, 128, (rows, cols)))
    bias = build.tensor("b", (rows,), "INT32", scale=scale_in * scales,
                        values=rng.integers(-4000, 4000, rows)) if biased else None
    spread = math.sqrt(cols) * 80 * 110
    y = build.tensor("y", (*shape[:-1], rows) if keep else (shape[0], rows),
                     scale=scale_in * scales.mean() * spread / 128,
                     zero_point=rng.integers(-128, 128))
    build.fully_connected(x, weights, bias, y, activation=activation, keep_num_dims=keep)
    return build.build([x], [y])


@by_oracle
@pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_fully_connected(rounding, run, activation, per_channel, golden, rng):
    for shape, keep in (((1, 9), False), ((1, 3, 5), True), ((1, 3, 4), False),
                        ((1, 2, 3, 4), True)):
        for biased in (False, True):
            model = dense_model(rng, shape, keep=keep, activation=activation, biased=biased,
                                per_channel=per_channel)
            x = rng.integers(-128, 128, shape, dtype=np.int8)
            np.testing.assert_array_equal(golden(model, x, rounding), run(model, x)[0])


def accumulator_model(accumulators: np.ndarray, scale_in: float, scales: np.ndarray,
                      scale_out: float, activation: str = "NONE", zero_point: int = 3) -> bytes:
    """A FULLY_CONNECTED without weights, so to speak: its biases are the accumulators."""
    rows = len(accumulators)
    build = ModelBuilder()
    x = build.tensor("x", (1, 1), scale=scale_in)
    weights = build.tensor("w", (rows, 1), scale=scales, values=np.zeros(rows))
    bias = build.tensor("b", (rows,), "INT32", scale=np.float32(scale_in) * np.float32(scales),
                        values=accumulators)
    y = build.tensor("y", (1, rows), scale=scale_out, zero_point=zero_point)
    build.fully_connected(x, weights, bias, y, activation=activation)
    return build.build([x], [y])


def near_ties(rng, ratio: np.ndarray) -> np.ndarray:
    """Accumulators whose multiples by 1/ratio lie on ties and next to them."""
    levels = rng.integers(-140, 140, len(ratio)) + 0.5
    return np.rint(levels * ratio).astype(np.int64) + rng.integers(-2, 3, len(ratio))


def draw_scales(rng, per_channel: bool, powers: bool, rows: int) -> tuple[float, np.ndarray, float]:
    if powers:
        count = rows if per_channel else 1
        return 0.5, 2.0 ** -rng.integers(1, 6, count), 4.0
    return (float(rng.uniform(0.01, 0.1)), rng.uniform(0.01, 0.1, rows if per_channel else 1),
            float(rng.uniform(1, 90)))


ONE = np.zeros((1, 1), np.int8)


@by_oracle
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("powers", [False, True])
def test_fully_connected_on_ties(rounding, run, per_channel, powers, golden, rng):
    """Accumulators at the edges between codes, by scales that are powers of two and others."""
    rows = 1500
    for _ in range(3):
        scale_in, scales, scale_out = draw_scales(rng, per_channel, powers, rows)
        ratio = np.broadcast_to(scale_out / (scale_in * scales), rows)
        model = accumulator_model(near_ties(rng, ratio), scale_in, scales, scale_out)
        np.testing.assert_array_equal(golden(model, ONE, rounding), run(model, ONE)[0])


@by_oracle
def test_multiplier_is_made_of_float64_products(rounding, run, golden, rng):
    """Large accumulators, where a scale multiplied in float32 would give other codes."""
    rows = 1000
    for _ in range(4):
        scale_in, scale = (np.float32(rng.uniform(0.01, 0.1)) for _ in range(2))
        scale_out = np.float32(float(scale_in) * float(scale) * 2.0**20 * rng.uniform(0.5, 1))
        ratio = np.full(rows, float(scale_out) / (float(scale_in) * float(scale)))
        accumulators = near_ties(rng, ratio)
        single = float(scale_in * scale) / float(scale_out)
        double = float(scale_in) * float(scale) / float(scale_out)
        assert np.any(np.rint(accumulators * single) != np.rint(accumulators * double))
        model = accumulator_model(accumulators, scale_in, scale, scale_out)
        np.testing.assert_array_equal(golden(model, ONE, rounding), run(model, ONE)[0])


def test_single_rounding_follows_its_formula(golden, rng):
    """No interpreter on PyPI is built that way: TFLite's formula in rational numbers instead."""
    accumulators = near_ties(rng, np.full(1500, 8.0))
    model = accumulator_model(accumulators, 0.5, 0.25, 1.0, zero_point=0)
    expected = [max(-128, min(127, math.floor(Fraction(int(acc), 8) + Fraction(1, 2))))
                for acc in accumulators]
    result = golden(model, ONE, RescaleMode.TFLITE_SINGLE)
    assert result[0].tolist() == expected
    assert result[0].tolist() != golden(model, ONE)[0].tolist()


@by_oracle
@pytest.mark.parametrize("activation", ["RELU", "RELU6", "RELU_N1_TO_1"])
def test_activation_clamps(rounding, run, activation, golden, rng):
    """Bounds that lie between codes, on ties of float32, inside and beyond the codes' range."""
    accumulators = np.arange(-2000, 2000, 3)
    for scale_out in (6 / 2.5, 6 / 100, 6 / 300, 1 / 1.5, 0.07, 2.0**-20, 400.0):
        for zero_point in (-128, -90, 127):
            scale = scale_out / 8
            model = accumulator_model(accumulators, 1.0, scale, scale_out, activation, zero_point)
            np.testing.assert_array_equal(golden(model, ONE, rounding), run(model, ONE)[0])


def test_scales_above_one_are_shifted_left(golden, rng):
    model = accumulator_model(np.arange(-30, 30), 40.0, 1.0, 1.5)
    np.testing.assert_array_equal(golden(model, ONE), run_micro(model, ONE)[0])


def test_a_batch_in_the_file_is_the_batch(golden, rng):
    """Axis 0 need not be 1 in the file; the graph takes any number of samples."""
    model = dense_model(rng, (4, 9))
    x = rng.integers(-128, 128, (4, 9), dtype=np.int8)
    np.testing.assert_array_equal(golden(model, x), run_micro(model, x)[0])
    np.testing.assert_array_equal(golden(model, np.tile(x, (3, 1)))[8:], run_micro(model, x)[0])


def test_weights_shared_by_two_layers(tmp_path, rng):
    build = ModelBuilder()
    x = build.tensor("x", (1, 3), scale=0.1)
    weights = build.tensor("fc/MatMul", (3, 3), scale=0.1, values=rng.integers(-9, 9, (3, 3)))
    middle, y = (build.tensor(name, (1, 3), scale=0.1) for name in ("middle", "y"))
    build.fully_connected(x, weights, None, middle)
    build.fully_connected(middle, weights, None, y)
    (path := tmp_path / "m.tflite").write_bytes(model := build.build([x], [y]))
    graph = load(path)
    layers = [n for n in graph.nodes if isinstance(n, MatMul)]
    assert [n.name for n in layers] == ["fc", "fc_2"]
    assert {n.inputs[1] for n in layers} == {"fc.weights"}
    codes = rng.integers(-128, 128, (1, 3), dtype=np.int8)
    np.testing.assert_array_equal(graph.run({"x": codes})[0]["y"], run_micro(model, codes)[0])


def unary_model(kind: str, shape: tuple[int, ...], source: str, target: str,
                scales: tuple[float, float], zero_points: tuple[int, int]) -> bytes:
    build = ModelBuilder()
    x, y = (build.tensor(name, shape, which, **(
        {} if which == "FLOAT32" else {"scale": scale, "zero_point": zero}))
        for name, which, scale, zero in zip("xy", (source, target), scales, zero_points,
                                            strict=True))
    build.operator(kind, [x], [y])
    return build.build([x], [y])


def every_code(kind: str) -> np.ndarray:
    info = np.iinfo(TYPES[kind])
    return np.arange(info.min, info.max + 1).astype(TYPES[kind])[None]


@pytest.mark.parametrize(("target", "run"), [("INT8", run_micro), ("INT8", run_litert),
                                             ("UINT8", run_litert)])  # Micro: int8 alone
def test_quantize_floats(target, run, golden, rng):
    for scale in (2.0**-3, float(np.float32(0.1)), 3.7):
        zero_point = int(rng.integers(0, 128))
        ties = (np.arange(-300, 300) + 0.5) * scale
        around = rng.normal(0, 100 * scale, 400)
        x = np.concatenate([ties, around, [1e6, -1e6, 0.0, -0.0]]).astype(np.float32)[None]
        model = unary_model("QUANTIZE", x.shape, "FLOAT32", target, (1, scale), (0, zero_point))
        np.testing.assert_array_equal(golden(model, x), run(model, x)[0])


@pytest.mark.parametrize(("source", "target", "run"), [
    ("INT8", "INT8", run_micro), ("INT8", "INT8", run_litert), ("INT8", "UINT8", run_micro),
    ("UINT8", "INT8", run_micro), ("UINT8", "UINT8", run_litert)])  # Micro has no uint8 to uint8
def test_quantize_codes_again(source, target, run, golden, rng):
    """Every code; ratios that are powers of two have ties, ratios above one shift left."""
    for ratio in (0.25, 0.125, 1.0, 4.0, 100.0, *np.exp(rng.uniform(-4, 3, 5))):
        scale = float(np.float32(rng.uniform(0.01, 1)))
        zeros = [int(rng.choice(every_code(kind)[0])) for kind in (source, target)]
        model = unary_model("QUANTIZE", (1, 256), source, target, (scale * ratio, scale), zeros)
        x = every_code(source)
        np.testing.assert_array_equal(golden(model, x), run(model, x)[0])
        # Whatever FULLY_CONNECTED does, this rounds twice.
        np.testing.assert_array_equal(golden(model, x, RescaleMode.FLOAT64_HALF_AWAY),
                                      run(model, x)[0])


def test_quantize_single_rounding(golden):
    model = unary_model("QUANTIZE", (1, 256), "INT8", "INT8", (0.125, 1), (0, 0))
    codes = every_code("INT8")
    expected = [math.floor(Fraction(int(c), 8) + Fraction(1, 2)) for c in codes[0]]
    assert golden(model, codes, RescaleMode.TFLITE_SINGLE)[0].tolist() == expected


@pytest.mark.parametrize(("source", "run"), [("INT8", run_micro), ("INT8", run_litert),
                                             ("UINT8", run_litert)])
def test_dequantize(source, run, golden, rng):
    for scale in (0.1, 1 / 256, float(rng.uniform(0, 9))):
        zero = int(rng.choice(every_code(source)[0]))
        model = unary_model("DEQUANTIZE", (1, 256), source, "FLOAT32", (scale, 1), (zero, 0))
        x = every_code(source)
        np.testing.assert_array_equal(golden(model, x).view(np.uint32),
                                      run(model, x)[0].view(np.uint32))


@pytest.mark.parametrize("run", [run_micro, run_litert])
def test_logistic_is_a_table(run, tmp_path, golden, rng):
    for scale in rng.uniform(0.001, 0.5, 5):
        model = unary_model("LOGISTIC", (1, 256), "INT8", "INT8", (scale, 1 / 256), (-7, -128))
        x = every_code("INT8")
        np.testing.assert_array_equal(golden(model, x), run(model, x)[0])
    assert [type(n) for n in load(tmp_path / "m.tflite").nodes] == [Table]


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize("shape", [(1, 12), (2, 12), (1, 3, 4), (1, 2, 2, 3)])
def test_softmax(run, shape, golden, rng):
    build = ModelBuilder()
    x = build.tensor("x", shape, scale=0.17, zero_point=9)
    y = build.tensor("y", shape, scale=1 / 256, zero_point=-128)
    build.softmax(x, y, beta=0.7)
    model = build.build([x], [y])
    codes = rng.integers(-128, 128, shape, dtype=np.int8)
    np.testing.assert_array_equal(golden(model, codes), run(model, codes)[0])


@pytest.mark.parametrize("run", [run_micro, run_litert])
@pytest.mark.parametrize(("source", "target", "option", "tensor"), [
    ((1, 12), (1, 3, 4), (1, 3, 4), None),
    ((1, 3, 4), (1, 12), (-1, 12), None),
    ((1, 3, 4), (1, 12), (1, -1), (1, -1)),
    ((2, 6), (2, 3, 2), None, (2, -1, 2)),
    ((2, 6), (2, 3, 2), (), (-1, 3, 2)),
    ((1, 2, 1, 3), (1, 6), None, (1, 6)),
])
def test_reshape(run, source, target, option, tensor, golden, rng):
    build = ModelBuilder()
    x = build.tensor("x", source, scale=0.5)
    y = build.tensor("y", target, scale=0.5)
    shape = None if tensor is None else build.tensor("shape", (len(tensor),), "INT32",
                                                     values=tensor)
    build.reshape(x, y, option, shape)
    model = build.build([x], [y])
    codes = rng.integers(-128, 128, source, dtype=np.int8)
    np.testing.assert_array_equal(golden(model, codes), run(model, codes)[0])
