"""The compiled network equals the imported one over whole reachable ranges, and keeps its names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gen.passes import PassOptions, compile_graph
from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    Float32Format,
    IntFormat,
    TernaryFormat,
    covering,
)
from sw_model.graph import Graph
from sw_model.node import Tensor
from sw_model.ops import (
    MatMul,
    MultiplyAddShift,
    MultiThreshold,
    Operator,
    Rescale,
    RescaleMode,
    Reshape,
    Softmax,
    Table,
)
from sw_model.partition import partition
from tests.support.graphs import NetworkBuilder, sweep_network

CHANNELS = 5
BIAS = [0, 7, -300, 1000, 55]
SCALES = [0.0317, 0.0171, 0.0625, 0.00413, 0.5]
MODES = [pytest.param(mode, id=mode.value) for mode in RescaleMode]
UINT8 = IntFormat(8, signed=False)


def assert_equal(graph: Graph, x: np.ndarray, options: PassOptions | None = None):
    """Compile, compare all outputs on ``x``, and return what was compiled."""
    compiled = compile_graph(graph, options)
    expected, seen = (g.run({g.inputs[0]: x})[0] for g in (graph, compiled.graph))
    assert list(seen) == list(graph.outputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(seen[name], expected[name], name)
    return compiled


def kinds(graph: Graph) -> list[type]:
    return [type(n) for n in graph.nodes]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("per_channel", [False, True], ids=["per tensor", "per channel"])
def test_every_rounding(mode, per_channel):
    b, acc, x = sweep_network(CHANNELS, 13, bias=BIAS, zero_point=-17)
    last = b.rescale("r", acc, SCALES if per_channel else SCALES[:1], mode, zero_point=-5,
                     low=-120)
    compiled = assert_equal(b.build(last), x)
    (record,) = compiled.report
    # Scales of 1/16 and 1/2 make every other accumulator a tie.
    even = per_channel and mode in (RescaleMode.EXACT_HALF_EVEN, RescaleMode.FLOAT32_HALF_EVEN)
    assert kinds(compiled.graph) == [MatMul, Rescale if even else MultiplyAddShift]
    assert record["form"] == ("half_even" if even else "multiply")
    assert record["rows"] == (CHANNELS if per_channel else 1)
    assert record["levels"] == 248


@pytest.mark.parametrize("mode", [RescaleMode.EXACT_HALF_EVEN, RescaleMode.FLOOR,
                                  RescaleMode.FLOAT64_HALF_AWAY, RescaleMode.FLOAT32_HALF_EVEN])
@pytest.mark.parametrize("signs", [[-1], [1, -1, 0, -1, 1]], ids=["falling", "mixed"])
def test_negative_scales(mode, signs):
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    scales = [float(np.float32(scale)) * sign for scale, sign in
              zip(SCALES[:len(signs)], signs, strict=True)]
    compiled = assert_equal(b.build(b.rescale("r", acc, scales, mode)), x,
                            PassOptions({"fc": "multiply" if len(signs) == 1 else "auto"}))
    multiplier = compiled.graph.tensors["fc_rescale_multiplier"].value
    np.testing.assert_array_equal(np.sign(multiplier), signs)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("signed", [False, True])
def test_qonnx_chains(bits, signed):
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    real = b.batch_normalisation("bn", b.dequantise("d", acc, 0.01), [1.5, -0.7, 0.3, 0.0, -2.0],
                                 [0.1, 0.2, -0.3, 0.4, 0.5], [0.0, 1.0, -2.0, 0.3, 0.4],
                                 [1.0, 2.0, 0.5, 0.7, 1.1])
    real = real if signed else b.relu("relu", real)
    last = b.quantise("q", real, 8 / 2**bits, IntFormat(bits, signed=signed), narrow=signed)
    compiled = assert_equal(b.build(last), x)
    form = MultiThreshold if bits <= 4 else MultiplyAddShift
    assert kinds(compiled.graph) == [MatMul, form]
    if form is MultiThreshold:
        steps = compiled.graph.tensors["fc_rescale_steps"]
        assert steps.shape == (CHANNELS, 2**bits - (2 if signed else 1))
        # A channel rises or falls; it never does both.
        assert (np.abs(steps.value.astype(int).sum(axis=1)) == steps.shape[1]).all()


@pytest.mark.parametrize("form", ["auto", "thresholds", "multiply"])
def test_bipolar_results(form):
    b, acc, x = sweep_network(CHANNELS, 11, bias=BIAS)
    real = b.arithmetic("a", Operator.MUL, b.dequantise("d", acc, 0.1), [1.0, -1.0, 2.0, 0.0, -3.0])
    real = b.arithmetic("s", Operator.SUB, real, [3.0, -7.0, 0.0, 1.0, 0.1])
    bits = b.quantise("q", real, 1.0, BipolarFormat())
    last = b.matmul("fc2", bits, np.array([[1, 0, 1, 1, 0]]), format_=BipolarFormat())
    compiled = assert_equal(b.build(last, bits), x, PassOptions({"fc": form}))
    assert kinds(compiled.graph)[1] is (MultiplyAddShift if form == "multiply" else MultiThreshold)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 0.5])
def test_powers(exponent):
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    real = b.dequantise("d", acc, 0.01)
    real = b.relu("relu", real) if exponent == 0.5 else real
    last = b.quantise("q", b.arithmetic("p", Operator.POW, real, exponent), 0.5)
    compiled = assert_equal(b.build(last), x)
    assert kinds(compiled.graph) == [MatMul, MultiThreshold]
    assert compiled.report[0]["rows"] == 1


@pytest.mark.parametrize(("form", "kind"), [
    ("multiply", MultiplyAddShift), ("thresholds", MultiThreshold), ("framework", Rescale)])
@pytest.mark.parametrize("key", ["fc", "*"])
def test_forms_on_demand(form, kind, key):
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    last = b.rescale("r", acc, SCALES, RescaleMode.TFLITE_DOUBLE)
    compiled = assert_equal(b.build(last), x, PassOptions({key: form}))
    assert kinds(compiled.graph) == [MatMul, kind]
    assert compiled.report[0]["form"] == form
    assert compiled.graph.nodes[1].name == "fc_rescale"


def test_a_function_of_a_narrow_code(rng):
    b = NetworkBuilder()
    x = b.input("x", (3,), IntFormat(6))
    codes = np.arange(-32, 32, dtype=np.int8)[:, None].repeat(3, axis=1)
    real = b.arithmetic("add", Operator.ADD, b.dequantise("d", x, 0.3), [0.1, 2.0, -3.0])
    squared = b.quantise("q", b.arithmetic("p", Operator.POW, real, 2.0), 0.7, UINT8)
    compiled = assert_equal(b.build(squared), codes)
    assert kinds(compiled.graph) == [Table]
    assert compiled.graph.tensors["q_entries"].shape == (3, 64)

    noise = b.table("noise", squared, rng.integers(-100, 100, (3, 256)))
    compiled = assert_equal(b.build(noise), codes)
    assert kinds(compiled.graph) == [Table]

    linear = b.rescale("r", x, [1.7], RescaleMode.TFLITE_DOUBLE)
    assert kinds(assert_equal(b.build(linear), codes).graph) == [MultiplyAddShift]
    compiled = assert_equal(b.build(linear), codes, PassOptions({"r": "table"}))
    assert kinds(compiled.graph) == [Table]


def test_an_activation_table_stays_a_table_behind_the_rescale():
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    code = b.rescale("r", acc, SCALES, RescaleMode.TFLITE_DOUBLE)
    wave = np.rint(90 * np.sin(np.arange(-128, 128) / 20))[None]
    compiled = assert_equal(b.build(b.table("t", code, wave)), x)
    assert kinds(compiled.graph) == [MatMul, MultiplyAddShift, Table]
    assert [r["node"] for r in compiled.report] == ["fc_rescale", "t"]


def test_short_chains_over_integers_become_one_node():
    b, acc, x = sweep_network(CHANNELS, 12, bias=BIAS)
    code = b.rescale("r", acc, SCALES, RescaleMode.TFLITE_DOUBLE)
    trit = b.quantise("q", b.dequantise("d", code, 0.1), 5.0, TernaryFormat())
    compiled = assert_equal(b.build(trit), x)
    assert kinds(compiled.graph) == [MatMul, MultiThreshold]
    compiled = assert_equal(b.build(trit, code), x)
    assert kinds(compiled.graph) == [MatMul, MultiplyAddShift, MultiThreshold]


def two_layers(rng) -> tuple[NetworkBuilder, str, str, str]:
    b = NetworkBuilder("two")
    real = b.arithmetic("pre", Operator.SUB, b.input("image", (2, 6), Float32Format()), 0.5)
    code = b.quantise("q", real, 0.01, zero_point=3, inside=False)
    acc = b.matmul("fc1", b.reshape("flat", code, (12,)), rng.integers(-128, 128, (8, 12)),
                   rng.integers(-500, 500, 8), zero_point=3)
    hidden = b.quantise("q1", b.relu("relu", b.dequantise("d1", acc, 1e-4)), 0.005, UINT8)
    second = b.matmul("fc2", hidden, rng.integers(-7, 8, (5, 8)), format_=IntFormat(4))
    return b, acc, hidden, second


def test_head_and_tail_stay_as_they_are(rng):
    b, _, hidden, second = two_layers(rng)
    real = b.dequantise("d2", second, 1e-3)
    for name, operator, value in (("sub", Operator.SUB, rng.normal(size=5)),
                                  ("pow", Operator.POW, 2.0), ("div", Operator.DIV, 3.0)):
        real = b.arithmetic(name, operator, real, value)
    graph = b.build(real, hidden)
    image = rng.random((50, 2, 6), dtype=np.float32)
    compiled = assert_equal(graph, image)
    parts = partition(compiled.graph)
    assert [n.name for n in parts.head] == ["pre", "q", "flat"]
    assert [n.name for n in parts.core] == ["fc1", "fc1_rescale", "fc2"]
    assert [n.name for n in parts.tail] == ["d2", "sub", "pow", "div"]
    own = {n.name: n for n in graph.nodes}
    assert all(own[n.name] == n for n in (*parts.head, *parts.tail[1:]))
    assert parts.tail[0].inputs == ("fc2_acc", "d2.scale")


def test_names_zero_points_and_widths(rng):
    b, _, _, second = two_layers(rng)
    graph = b.build(b.dequantise("d2", second, 1e-3))
    compiled = compile_graph(graph).graph
    first, rescale, last = (next(n for n in compiled.nodes if n.name == name)
                            for name in ("fc1", "fc1_rescale", "fc2"))
    assert first.inputs == ("flat.out", "fc1.weights", "fc1_bias")
    assert first.outputs == rescale.inputs[:1] == ("fc1_acc",)
    assert rescale.outputs == ("q1.out",)
    assert (first.zero_point, last.inputs[1:]) == (0, ("fc2.weights",))
    weights, bias = graph.tensors["fc1.weights"].value, graph.tensors["fc1.bias"].value
    expected = bias - 3 * weights.astype(int).sum(axis=1)
    np.testing.assert_array_equal(compiled.tensors["fc1_bias"].value, expected)
    assert compiled.tensors["fc1_bias"].format == covering(int(expected.min()), int(expected.max()))
    # The widest sums that any int8 input can give.
    up = np.clip(weights.astype(int), 0, None).sum(axis=1)
    down = np.clip(weights.astype(int), None, 0).sum(axis=1)
    assert first.format == covering(int((up * -128 + down * 127 + expected).min()),
                                    int((up * 127 + down * -128 + expected).max()))
    assert compiled.tensors["fc1.weights"].format == IntFormat(8)


def test_accumulators_are_as_narrow_as_they_can_be():
    b, acc, x = sweep_network(CHANNELS, 10, bias=BIAS)
    clamped = b.rescale("r", acc, [0.1], RescaleMode.FLOOR, low=-3, high=40)
    second = b.matmul("fc2", clamped, np.eye(CHANNELS, dtype=int) * [1, -1, 2, 3, 1])
    graph = b.build(b.dequantise("d", second, 1.0))
    compiled = compile_graph(graph).graph
    trace = compiled.trace({"x": x})
    for name in ("fc_acc", "fc2_acc"):
        reached = trace[name]
        assert compiled.tensors[name].format == covering(int(reached.min()), int(reached.max()))


def test_fixed_point_accumulators_keep_their_fraction():
    b = NetworkBuilder()
    x = b.input("x", (2,), FixedFormat(8, 4))
    acc = b.matmul("fc", x, [[3, 4]], accumulator=FixedFormat(32, 4))
    assert compile_graph(b.build(acc)).graph.tensors[acc].format == FixedFormat(11, 4)


def test_a_bias_that_a_zero_point_cancels_is_dropped():
    b = NetworkBuilder()
    x = b.input("x", (2,), IntFormat(8))
    acc = b.matmul("fc", x, [[3, 4], [1, -1]], [14, 0], zero_point=2)
    codes = np.array([[-128, 127], [2, 2], [5, -9]], dtype=np.int8)
    compiled = assert_equal(b.build(acc), codes)
    assert compiled.graph.nodes[0].inputs == ("x", "fc.weights")
    assert compiled.report == ()


def test_two_layers_that_share_a_bias(rng):
    b = NetworkBuilder()
    x = b.input("x", (3,), IntFormat(8))
    bias = b.constant("a_bias", [5, 6, 7, 8], IntFormat(4, signed=False))
    first, second = (b.node(
        MatMul, name, x, b.constant(f"{name}.w", rng.integers(-9, 9, (4, 3)), IntFormat(8)), bias,
        format=IntFormat(32), zero_point=zero_point) for name, zero_point in (("a", 1), ("b", 0)))
    assert_equal(b.build(first, second), rng.integers(-128, 128, (40, 3)).astype(np.int8))


def test_a_core_input_may_take_any_code(rng):
    b = NetworkBuilder()
    small = b.table("t", b.input("x", (2, 2), IntFormat(8)), np.arange(256)[None] % 4)
    # The transpose keeps the table on the host, which so feeds both layers.
    turned = b.reshape("r1", b.transpose("turn", small, (1, 0)), (4,))
    outputs = [b.matmul(name, x, [[1, 1, 1, 1]])
               for name, x in (("a", turned), ("b", b.reshape("r2", small, (4,))))]
    compiled = assert_equal(b.build(*outputs), rng.integers(-128, 128, (9, 2, 2)).astype(np.int8))
    assert [n.name for n in partition(compiled.graph).core] == ["a", "b"]
    assert {compiled.graph.tensors[name].format for name in outputs} == {IntFormat(10)}


def test_a_real_tensor_with_two_readers(rng):
    b, acc, x = sweep_network(CHANNELS, 10, bias=BIAS)
    real = b.dequantise("d", acc, 0.02)
    code = b.quantise("q", real, 0.1)
    second = b.matmul("fc2", code, rng.integers(-5, 5, (2, CHANNELS)))
    graph = b.build(b.relu("relu", real), b.dequantise("d2", second, 0.1))
    compiled = assert_equal(graph, x)
    parts = partition(compiled.graph)
    assert [n.name for n in parts.core] == ["fc", "fc_rescale", "fc2"]
    assert [n.name for n in parts.tail] == ["d", "relu", "d2"]


def test_softmax_and_what_follows_stays_on_the_host():
    b, acc, x = sweep_network(CHANNELS, 10, bias=BIAS)
    code = b.rescale("r", acc, SCALES, RescaleMode.TFLITE_DOUBLE)
    score = b.node(Softmax, "softmax", code, multiplier=2**30, shift=22, diff_min=-500)
    last = b.rescale("again", score, [1.0], RescaleMode.TFLITE_DOUBLE, zero_point=128,
                     format_=UINT8, low=0, high=255)
    compiled = assert_equal(b.build(last), x)
    assert [type(n) for n in partition(compiled.graph).tail] == [Softmax, Rescale]


def test_reshapes_are_merged_and_moved_behind_the_function(rng):
    b = NetworkBuilder()
    x = b.reshape("r0", b.reshape("r1", b.input("x", (2, 3), IntFormat(8)), (6,)), (2, 3))
    acc = b.reshape("r2", b.matmul("fc", x, rng.integers(-9, 9, (4, 3))), (8,))
    code = b.rescale("q", b.reshape("r3", acc, (4, 2)), [0.1], RescaleMode.FLOOR)
    second = b.matmul("fc2", b.reshape("r4", code, (8,)), rng.integers(-9, 9, (3, 8)))
    compiled = assert_equal(b.build(second), rng.integers(-128, 128, (40, 2, 3)).astype(np.int8))
    assert kinds(compiled.graph) == [MatMul, MultiplyAddShift, Reshape, MatMul]
    assert compiled.graph.tensors["fc_acc"].shape == (2, 4)


def test_a_reshape_that_changes_nothing_stays_where_it_names_an_output(rng):
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (3,), IntFormat(8)), rng.integers(-9, 9, (4, 3)))
    last = b.reshape("same", b.reshape("other", acc, (2, 2)), (4,))
    compiled = assert_equal(b.build(last), rng.integers(-128, 128, (9, 3)).astype(np.int8))
    assert kinds(compiled.graph) == [MatMul, Reshape]


def test_falling_and_constant_channels_share_steps_and_base():
    b, acc, x = sweep_network(3, 10)
    last = b.rescale("r", acc, [-0.01, 0.0, -0.0071], RescaleMode.FLOOR)
    compiled = assert_equal(b.build(last), x, PassOptions({"fc": "thresholds"}))
    tensors = compiled.graph.tensors
    assert (tensors["fc_rescale_steps"].value == -1).all()
    assert tensors["fc_rescale_base"].shape == (1,)


@pytest.mark.parametrize(("bias", "rows"), [
    ([12, 24, 36, 48, 60], 5), ([12, -12, 44], 1), ([12, 14], 1)])
def test_channels_of_narrower_ranges_have_lines_where_the_whole_has_none(bias, rows):
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (1,), IntFormat(4)), np.ones((len(bias), 1)), bias)
    last = b.rescale("r", acc, [1 / 16], RescaleMode.EXACT_HALF_EVEN)
    codes = np.arange(-8, 8, dtype=np.int8)[:, None]
    compiled = assert_equal(b.build(last), codes, PassOptions({"fc": "multiply"}))
    assert kinds(compiled.graph) == [MatMul, MultiplyAddShift]
    assert compiled.report[0]["rows"] == rows
    assert compiled.report[0]["points"] == {5: 80, 3: 48, 2: 18}[len(bias)]


def test_constants_behind_a_reshape(rng):
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (2, 3), IntFormat(8)), rng.integers(-9, 9, (4, 3)))
    real = b.dequantise("d", b.reshape("flat", acc, (8,)), 0.1)
    code = b.quantise("q", b.arithmetic("a", Operator.ADD, real, np.arange(8.0)), 0.5)
    compiled = assert_equal(b.build(code), rng.integers(-128, 128, (40, 2, 3)).astype(np.int8))
    assert kinds(compiled.graph) == [MatMul, Reshape, MultiplyAddShift]


def test_dead_nodes_and_constants_are_left_out():
    b, acc, x = sweep_network(CHANNELS, 10)
    last = b.rescale("r", acc, SCALES, RescaleMode.FLOOR)
    b.relu("dead", b.dequantise("d", acc, 1.0))
    compiled = assert_equal(b.build(last), x)
    used = {name for n in compiled.graph.nodes for name in (*n.inputs, *n.outputs)}
    assert set(compiled.graph.tensors) == used


def test_scales_for_people_are_kept():
    b, acc, _ = sweep_network(CHANNELS, 10)
    last = b.rescale("r", acc, SCALES, RescaleMode.FLOOR)
    for name in ("x", last):
        old = b.tensors[name]
        b.tensors[name] = Tensor(name, old.shape, old.format, (0.25,), -3)
    compiled = compile_graph(b.build(last)).graph
    assert [(compiled.tensors[n].scale, compiled.tensors[n].zero_point) for n in ("x", last)] == [
        ((0.25,), -3)] * 2


def test_compiling_again_changes_nothing(rng):
    b, _, _, second = two_layers(rng)
    code = b.rescale("r", second, [0.01] * 4 + [0.5], RescaleMode.TFLITE_SINGLE)
    graph = b.build(b.table("t", code, rng.integers(-9, 9, (1, 256))))
    once = compile_graph(graph)
    for again in (compile_graph(once.graph), compile_graph(graph)):
        assert again.graph.as_json() == once.graph.as_json()
        for name, tensor in once.graph.tensors.items():
            np.testing.assert_array_equal(again.graph.tensors[name].value, tensor.value)
    assert json.loads(json.dumps(once.report)) == list(once.report)
