"""Which chains are found, and that a chain's function is the network's own."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes.chain import LaneFunction, Refusal, find_chain
from sw_model.formats import Float32Format, IntFormat
from sw_model.ops import Arithmetic, Operator, RescaleMode
from tests.support.graphs import NetworkBuilder

ACCUMULATOR = IntFormat(16)


def names(chain) -> list[str]:
    return [node.name for node in chain.nodes]


def test_it_goes_back_to_the_accumulator_past_integers_that_nobody_else_reads():
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (4,), IntFormat(8)), np.ones((3, 4)))
    code = b.rescale("r", acc, [0.1], RescaleMode.TFLITE_DOUBLE)
    last = b.quantise("q", b.dequantise("d", b.reshape("s", code, (1, 3)), 0.5), 1.0)
    graph = b.build(last)
    chain = find_chain(graph, graph.nodes[-1])
    assert (chain.start.name, chain.end.name) == (acc, last)
    assert names(chain) == ["r", "s", "d", "q"]
    assert chain.cuts == (0,)
    near = find_chain(graph, graph.nodes[-1], longest=False)
    assert (near.start.name, names(near)) == ("s.out", ["d", "q"])


@pytest.mark.parametrize("also", ["output", "reader", "real reader"])
def test_it_stops_at_integers_that_others_need(also):
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (4,), IntFormat(8)), np.ones((3, 4)))
    code = b.rescale("r", acc, [0.1], RescaleMode.TFLITE_DOUBLE)
    real = b.dequantise("d", code, 0.5)
    last = b.quantise("q", real, 1.0)
    other = {"output": lambda: code, "reader": lambda: b.argmax("a", code),
             "real reader": lambda: b.relu("relu", real)}[also]()
    graph = b.build(last, other)
    chain = find_chain(graph, graph.producer(last))
    assert (chain.start.name, names(chain), chain.cuts) == (code, ["d", "q"], ())


def test_no_chain_from_a_real_input_or_two_operands():
    b = NetworkBuilder()
    head = b.quantise("q", b.input("real", (3,), Float32Format()), 0.1)
    graph = b.build(head)
    assert find_chain(graph, graph.nodes[-1]) is None
    first, second = (b.dequantise(name, head, 0.1) for name in ("d1", "d2"))
    total = b.node(Arithmetic, "sum", first, second, operator=Operator.ADD)
    last = b.quantise("q2", total, 0.1)
    graph = b.build(last)
    assert find_chain(graph, graph.nodes[-1]) is None


def test_the_function_is_the_networks_own(rng):
    b = NetworkBuilder()
    x = b.input("x", (2, 3), ACCUMULATOR)
    real = b.arithmetic("add", Operator.ADD, b.dequantise("d", x, [0.1, 0.2, 0.3]), 1.5)
    real = b.reshape("s", b.arithmetic("mul", Operator.MUL, real, [[-1.0, 0.5, 2.0]]), (6,))
    last = b.quantise("q", real, 0.25)
    graph = b.build(last)
    function, from_start = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    assert (function.lanes, from_start) == (3, True)
    codes = rng.integers(-999, 999, (50, 2, 3)).astype(np.int16)
    expected = graph.run({"x": codes})[0][last]
    np.testing.assert_array_equal(function(codes.reshape(-1, 3)).reshape(50, 6), expected)


def test_constants_on_another_axis_follow_the_end(rng):
    b = NetworkBuilder()
    x = b.input("x", (2, 3), ACCUMULATOR)
    real = b.reshape("s", b.dequantise("d", x, 0.1), (6,))
    last = b.quantise("q", b.arithmetic("add", Operator.ADD, real, np.arange(6.0)), 0.25)
    graph = b.build(last)
    function, from_start = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    assert (function.lanes, from_start) == (6, False)


def test_constants_that_follow_no_last_axis_are_refused():
    b = NetworkBuilder()
    x = b.input("x", (2, 3), ACCUMULATOR)
    real = b.arithmetic("add", Operator.ADD, b.dequantise("d", x, 0.1), [[1.0], [2.0]])
    graph = b.build(b.quantise("q", real, 0.25))
    with pytest.raises(Refusal, match=r"'add\.constant' varies along another axis"):
        LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))


def test_classes_are_lanes_with_equal_constants():
    b = NetworkBuilder()
    x = b.input("x", (4,), ACCUMULATOR)
    real = b.arithmetic("mul", Operator.MUL, b.dequantise("d", x, [1.0, 2.0, 1.0, 2.0]),
                        [3.0, 3.0, 3.0, 4.0])
    graph = b.build(b.quantise("q", real, 0.25))
    function, _ = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    first, lane_class = function.classes
    assert len(first) == 3
    np.testing.assert_array_equal(lane_class == lane_class[0], [True, False, True, False])
    codes = np.arange(-9, 9)[:, None].repeat(4, axis=1)
    np.testing.assert_array_equal(function.take(first)(codes[:, :3])[:, lane_class],
                                  function(codes))


def test_a_node_that_fails_is_named():
    b = NetworkBuilder()
    x = b.input("x", (1,), IntFormat(32))
    last = b.rescale("r", x, [3.0], RescaleMode.TFLITE_DOUBLE)
    graph = b.build(last)
    function, _ = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    with pytest.raises(Refusal, match=r"node 'r' \(Rescale\): .*32 bits"):
        function(np.array([[2**30]]))
