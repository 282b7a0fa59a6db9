"""Reachable codes against every input there is, and against the golden model's own bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gen.passes.reach import Range, accumulator_reach, reach, reshaped
from sw_model.faults import Unsupported
from sw_model.formats import BipolarFormat, Float32Format, IntFormat
from sw_model.node import Tensor
from sw_model.ops import Operator, RescaleMode, accumulator_range
from tests.support.graphs import NetworkBuilder


def test_accumulators_as_the_golden_bound(rng):
    weights, bias = rng.integers(-128, 128, (7, 9)), rng.integers(-1000, 1000, 7)
    for low, high in ((-128, 127), (3, 200), (-5, -5)):
        expected = accumulator_range(weights, low, high, bias)
        seen = accumulator_reach(weights, np.array([low]), np.array([high]), bias)
        np.testing.assert_array_equal(seen, np.array(expected, dtype=np.int64))


def test_accumulators_with_a_range_for_each_column(rng):
    weights = rng.integers(-3, 4, (5, 3))
    low, high = np.array([-2, 0, 1]), np.array([1, 3, 1])
    inputs = np.array(list(itertools.product(*(range(a, b + 1) for a, b in
                                               zip(low, high, strict=True)))))
    sums = inputs @ weights.T
    least, most = accumulator_reach(weights, low, high)
    np.testing.assert_array_equal(least, sums.min(axis=0))
    np.testing.assert_array_equal(most, sums.max(axis=0))


def test_accumulators_beyond_float64_stay_exact():
    weights = np.array([[2**40 + 1, -(2**40) - 1]])
    least, most = accumulator_reach(weights, np.array([-(2**15)]), np.array([2**15 + 1]))
    assert int(most[0]) == (2**40 + 1) * (2**16 + 1)
    assert int(least[0]) == -int(most[0])


def test_every_tensor_of_a_network_is_reached_exactly():
    b = NetworkBuilder()
    x = b.input("x", (2,), IntFormat(4))
    acc = b.matmul("fc", x, [[1, -2], [3, 1], [0, 0]], [1, -50, 4])
    real = b.batch_normalisation("bn", b.dequantise("d", acc, 0.1), [1.0, -1.0, 2.0], [0.0] * 3,
                                 [0.0] * 3, [1.0] * 3)
    code = b.quantise("q", b.relu("relu", real), 0.25, IntFormat(4, signed=False))
    table = b.table("t", b.reshape("s", code, (1, 3)), (np.arange(16)[None] - 8) ** 2)
    last = b.argmax("a", table)
    graph = b.build(last)
    codes = np.array(list(itertools.product(range(-8, 8), repeat=2)), dtype=np.int8)
    trace = graph.trace({"x": codes})
    found = reach(graph)
    assert set(found) == {"x", acc, code, "s.out", table, last}
    for name in (acc, code, "s.out", table):
        axes = tuple(range(trace[name].ndim - 1))
        np.testing.assert_array_equal(found[name].low, trace[name].min(axis=axes), name)
        np.testing.assert_array_equal(found[name].high, trace[name].max(axis=axes), name)
    assert found[last].hull == (0, 2)
    assert reach(graph, fresh={table})[table].hull == (-128, 127)


def test_what_the_host_makes_reaches_its_whole_format():
    b = NetworkBuilder()
    real = b.input("x", (2,), Float32Format())
    code = b.quantise("q", real, 0.5, IntFormat(8), narrow=True)
    bits = b.quantise("s", b.arithmetic("a", Operator.ADD, real, 1.0), 0.5, BipolarFormat())
    acc = b.matmul("fc", bits, [[3, -4]])
    found = reach(b.build(code, acc))
    assert found[code].hull == (-128, 127)
    assert found[bits].hull == (0, 1)
    assert found[acc].hull == (-7, 7)


def test_the_clamp_counts_not_the_format():
    b = NetworkBuilder()
    acc = b.matmul("fc", b.input("x", (4,), IntFormat(8)), np.ones((2, 4)))
    code = b.rescale("r", acc, [0.5], RescaleMode.FLOOR, low=-3, high=9)
    again = b.matmul("fc2", code, [[2, -1]])
    assert reach(b.build(again))[again].hull == (-15, 21)


def test_reshapes_keep_channels_where_the_order_allows():
    given = Range(np.array([0, 1, 2]), np.array([3, 4, 5]))
    tensors = {shape: Tensor("t", shape, IntFormat(8)) for shape in ((2, 3), (6,), (3, 2), (1, 3))}
    np.testing.assert_array_equal(reshaped(given, tensors[2, 3], tensors[6,]).low,
                                  [0, 1, 2, 0, 1, 2])
    assert reshaped(given, tensors[2, 3], tensors[1, 3]) is given
    assert reshaped(given, tensors[2, 3], tensors[3, 2]).hull == (0, 5)
    assert len(reshaped(given, tensors[2, 3], tensors[3, 2]).low) == 1


def test_an_accumulator_beyond_the_machine_is_refused():
    b = NetworkBuilder()
    x = b.input("x", (2,), IntFormat(40))
    acc = b.matmul("fc", x, [[2**30, 1]], format_=IntFormat(32))
    with pytest.raises(Unsupported, match="fc: its accumulator needs more than 63 bits"):
        reach(b.build(acc))
