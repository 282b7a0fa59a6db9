"""Additions that are whole accumulator steps go into the bias; all others stay."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes import compile_graph
from gen.passes.offsets import absorb_offsets
from sw_model.formats import IntFormat
from sw_model.ops import Arithmetic, MatMul, MultiThreshold, Operator, Rescale
from tests.support.graphs import sweep_network

CHANNELS = 4
STEP = 2.0**-9
OFFSETS = np.array([0, 17, -300, 2049])


def layer(add, *, scale=STEP, bias=None, unit=2.0**-5):
    b, acc, x = sweep_network(CHANNELS, 13, bias=bias)
    real = add(b, b.dequantise("d", acc, scale))
    last = b.quantise("q", b.relu("relu", real), unit, IntFormat(8, signed=False))
    return b, real, last, x


ADDITIONS = {
    "added": lambda b, x: b.arithmetic("a", Operator.ADD, x, OFFSETS * STEP),
    "added to": lambda b, x: b.arithmetic("a", Operator.ADD, x, OFFSETS * STEP,
                                          constant_first=True),
    "subtracted": lambda b, x: b.arithmetic("a", Operator.SUB, x, -OFFSETS * STEP),
    "one for all": lambda b, x: b.arithmetic("a", Operator.ADD, x, 96 * STEP),
    "twice": lambda b, x: b.arithmetic(
        "a2", Operator.SUB, b.arithmetic("a", Operator.ADD, x, OFFSETS * STEP), 5 * STEP),
    "reshaped": lambda b, x: b.arithmetic(
        "a", Operator.ADD, b.reshape("s", x, (1, CHANNELS)), OFFSETS * STEP),
}


@pytest.mark.parametrize("bias", [None, [1, -5, 0, 700]])
@pytest.mark.parametrize("name", ADDITIONS)
def test_whole_steps_move_and_leave_one_rounding_for_all(name, bias):
    b, _, last, x = layer(ADDITIONS[name], bias=bias)
    graph = b.build(last)
    compiled = compile_graph(graph)
    np.testing.assert_array_equal(compiled.graph.run({"x": x})[0][last],
                                  graph.run({"x": x})[0][last])
    assert [type(n) for n in compiled.graph.nodes][:2] == [MatMul, Rescale]
    assert compiled.report[0]["rows"] == 1
    expected = {"one for all": np.full(CHANNELS, 96), "twice": OFFSETS - 5}.get(name, OFFSETS)
    assert compiled.graph.nodes[0].inputs[2] == "fc_bias"
    np.testing.assert_array_equal(compiled.graph.tensors["fc_bias"].value,
                                  expected + (0 if bias is None else np.array(bias)))


@pytest.mark.parametrize("add", [
    lambda b, x: b.arithmetic("a", Operator.ADD, x, (OFFSETS + 0.5) * STEP),
    lambda b, x: b.arithmetic("a", Operator.ADD, x, [0.0, 0.0, 1e30, 0.0]),
    lambda b, x: b.arithmetic("a", Operator.SUB, x, OFFSETS * STEP, constant_first=True),
    lambda b, x: b.arithmetic("a", Operator.MUL, x, 3.0),
    lambda b, x: b.arithmetic("a", Operator.ADD, x, 0.0),
], ids=["half a step", "far away", "subtracted from", "multiplied", "nothing"])
def test_other_constants_stay(add):
    b, _, last, _ = layer(add)
    graph = b.build(last)
    assert absorb_offsets(graph) is graph


def test_it_stays_where_others_read_the_sum():
    b, real, last, _ = layer(ADDITIONS["added"])
    for outputs in ((last, real), (last, "fc.out"), (last, b.relu("again", "d.out"))):
        graph = b.build(*outputs)
        assert absorb_offsets(graph) is graph


def test_it_stays_where_float32_makes_a_difference():
    # 0.1 * 2**24 and sums near it lose the last bits, so that steps move.
    b, acc, _ = sweep_network(1, 26)
    scale = float(np.float32(0.1))
    real = b.arithmetic("a", Operator.ADD, b.dequantise("d", acc, scale), 2**23 * scale)
    graph = b.build(b.quantise("q", real, 730.7, IntFormat(12)))
    assert absorb_offsets(graph) is graph


def test_the_tail_keeps_its_order():
    b, acc, _ = sweep_network(CHANNELS, 10)
    graph = b.build(b.arithmetic("a", Operator.ADD, b.dequantise("d", acc, STEP), OFFSETS * STEP))
    compiled = compile_graph(graph).graph
    assert [type(n) for n in compiled.nodes][-1] is Arithmetic
    assert compiled.nodes[0].inputs == ("x", "fc.weights")


def test_two_steps_at_once_stay_thresholds_where_few():
    b, acc, x = sweep_network(CHANNELS, 10)
    real = b.arithmetic("a", Operator.ADD, b.dequantise("d", acc, STEP), OFFSETS * STEP)
    last = b.quantise("q", real, 0.25, IntFormat(2))
    graph = b.build(last)
    compiled = compile_graph(graph)
    assert [type(n) for n in compiled.graph.nodes] == [MatMul, MultiThreshold]
    assert compiled.report[0]["rows"] == 1
    np.testing.assert_array_equal(compiled.graph.run({"x": x})[0][last],
                                  graph.run({"x": x})[0][last])
