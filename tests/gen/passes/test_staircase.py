"""Steps found by search equal those of the function itself, position by position."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from gen.passes import staircase as module
from gen.passes.chain import LaneFunction, Refusal, find_chain
from gen.passes.monotone import pieces
from gen.passes.staircase import extremes, staircase
from sw_model.formats import BipolarFormat, IntFormat, Rounding
from sw_model.ops import MultiplyAddShift, MultiThreshold, Operator, RescaleMode
from tests.support.graphs import NetworkBuilder

CHANNELS = 5
FLOATS = {
    "normalised": lambda b, x: b.batch_normalisation(
        "bn", x, [1.5, -0.7, 0.3, 0.0, -2.0], [0.1, 0.2, -0.3, 0.4, 0.5],
        [0.0, 1.0, -2.0, 0.3, 0.4], [1.0, 2.0, 0.5, 0.7, 0.1]),
    "rectified": lambda b, x: b.relu("relu", x),
    "squared": lambda b, x: b.arithmetic("pow", Operator.POW, x, 2.0),
    "cubed": lambda b, x: b.arithmetic("pow", Operator.POW, x, 3.0),
    "root": lambda b, x: b.arithmetic("pow", Operator.POW, b.relu("relu", x), 0.5),
    "reciprocal": lambda b, x: b.arithmetic(
        "inv", Operator.POW, b.arithmetic("add", Operator.ADD, x, 0.0043), -1.0),
    "reflected": lambda b, x: b.arithmetic("sub", Operator.SUB, x, [1.0, 2.0, 3.0, 0.0, -1.0],
                                           constant_first=True),
    "scaled": lambda b, x: b.arithmetic("mul", Operator.MUL, x, [1.0, -1.0, 0.0, 0.1, 3.0]),
    "divided": lambda b, x: b.arithmetic("div", Operator.DIV, x, -3.0),
    "inverted": lambda b, x: b.arithmetic(
        "inv", Operator.DIV, b.arithmetic("add", Operator.ADD, x, 0.0043), 1.7,
        constant_first=True),
    "humped": lambda b, x: b.arithmetic(
        "pow", Operator.POW, b.arithmetic("add", Operator.ADD, b.arithmetic(
            "first", Operator.POW, x, 2.0), -3.0), 2.0),
}
INTEGERS = {
    **{mode.value: lambda b, x, m=mode: b.rescale(
        "r", x, [0.031, 0.002, 0.25, 0.5, 0.0101], m, zero_point=3) for mode in RescaleMode},
    "negative": lambda b, x: b.rescale("r", x, [-0.031, 0.002, -0.25, 0.5, 0.0],
                                       RescaleMode.EXACT_HALF_EVEN),
    "offsets": lambda b, x: b.node(
        MultiplyAddShift, "mas", x, b.constant("m", [3], IntFormat(8)),
        b.constant("b", [[40, 400]], IntFormat(16)), format=IntFormat(8), shift=7, low=-100,
        high=100),
    "thresholds": lambda b, x: b.node(
        MultiThreshold, "mt", x, b.constant("t", [[-90, -5, -5, 3, 70, 71]], IntFormat(16)),
        b.constant("s", [[1, 1, -1, -1, 0, 1]], IntFormat(2)), b.constant("o", [-1], IntFormat(4)),
        format=IntFormat(8)),
}


#: Wide enough that steps are searched for.
WIDE = np.array([100_000] * CHANNELS)


def function_of(make, *, quantised: bool) -> LaneFunction:
    builder = NetworkBuilder()
    acc = builder.input("acc", (CHANNELS,), IntFormat(24))
    if quantised:
        real = make(builder, builder.dequantise("d", acc, 0.01))
        last = builder.quantise("q", real, 0.05, rounding=Rounding.HALF_AWAY)
    else:
        last = make(builder, acc)
    graph = builder.build(last)
    function, from_start = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    assert from_start
    return function


FUNCTIONS = {**{name: (make, True) for name, make in FLOATS.items()},
             **{name: (make, False) for name, make in INTEGERS.items()}}


@pytest.fixture(params=FUNCTIONS)
def function(request) -> LaneFunction:
    make, quantised = FUNCTIONS[request.param]
    return function_of(make, quantised=quantised)


def domain(function: LaneFunction) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array([-700, -64, -350, 3, -200]), np.array([600, 900, -2, 800, 200])
    return (low, high) if function.lanes > 1 else (low[:1], high[:1])


def by_definition(stair, x):
    steps = [(stair.steps * (at[:, None] >= stair.positions)).sum(axis=1) for at in x]
    return stair.base + np.array(steps)


@pytest.mark.parametrize("searched", [False, True])
def test_steps_give_the_function_back(function, searched):
    low, high = domain(function)
    limit = 0 if searched else module.EXHAUSTIVE_SPAN
    with mock.patch.object(module, "EXHAUSTIVE_SPAN", limit):
        stair = staircase(function, low, high)
    x = np.minimum(low + np.arange(int((high - low).max()) + 1)[:, None], high)
    values = function(x)
    np.testing.assert_array_equal(by_definition(stair, x), values)
    assert (np.diff(stair.positions, axis=1) >= 0).all()
    assert set(np.unique(stair.steps)) <= {-1, 0, 1}
    # No step is listed that another at the same place takes back.
    assert np.abs(stair.steps).sum() == np.abs(np.diff(values, axis=0)).sum()


def test_pieces_are_monotone_and_hold_the_extremes(function):
    low, high = domain(function)
    starts = pieces(function, low, high)
    x = np.minimum(low + np.arange(int((high - low).max()) + 1)[:, None], high)
    values = function(x)
    for lane in range(len(low)):
        begin = starts[starts[:, lane] <= high[lane], lane] - low[lane]
        for first, after in zip(begin, [*begin[1:], high[lane] - low[lane] + 1], strict=True):
            rise = np.diff(values[first:after, lane])
            assert (rise >= 0).all() or (rise <= 0).all()
    for limit in (0, module.FEW_POSITIONS):
        with mock.patch.object(module, "FEW_POSITIONS", limit):
            least, most = extremes(function, low, high)
        np.testing.assert_array_equal(least, values.min(axis=0))
        np.testing.assert_array_equal(most, values.max(axis=0))


def test_a_table_of_noise_is_enumerated_or_split(rng):
    builder = NetworkBuilder()
    x = builder.input("x", (3,), IntFormat(6))
    last = builder.table("t", x, rng.integers(-9, 9, (3, 64)))
    graph = builder.build(last)
    function, _ = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    low, high = np.array([-32, -20, 0]), np.array([31, 5, 9])
    both = []
    for limit in (0, module.EXHAUSTIVE_SPAN):
        with mock.patch.object(module, "EXHAUSTIVE_SPAN", limit):
            both.append(staircase(function, low, high))
    for name in ("base", "positions", "steps"):
        np.testing.assert_array_equal(getattr(both[0], name), getattr(both[1], name))


def test_slope():
    builder = NetworkBuilder()
    acc = builder.input("acc", (3,), IntFormat(24))
    last = builder.rescale("r", acc, [0.5, 0.0, -0.5], RescaleMode.FLOOR)
    graph = builder.build(last)
    function, _ = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    stair = staircase(function, np.full(3, -9), np.full(3, 9))
    np.testing.assert_array_equal(stair.slope, [1, 0, -1])
    assert (stair.least, stair.greatest) == (-5, 4)
    squared = function_of(FLOATS["squared"], quantised=True)
    assert staircase(squared, np.array([-99]), np.array([99])).slope is None


@pytest.mark.parametrize(("make", "reason"), [
    (lambda b, x: b.arithmetic("root", Operator.POW, x, 0.5), "'root'.*NaN or an infinity"),
    (lambda b, x: b.arithmetic("inv", Operator.DIV, x, 1.0, constant_first=True),
     "'inv'.*NaN or an infinity"),
    (lambda b, x: b.arithmetic("big", Operator.MUL, x, 3e38), "'big'.*NaN or an infinity"),
    (lambda b, x: b.arithmetic("pow", Operator.POW, x, 4.0), "'pow'.*same on every machine"),
    (lambda b, x: b.arithmetic("each", Operator.POW, x, [2.0] * CHANNELS), "'each'.*one exponent"),
    (lambda b, x: b.arithmetic("zero", Operator.DIV, x, 0.0), "'zero'.*NaN or an infinity"),
])
@pytest.mark.parametrize("reach", [2**10, 2**24])
def test_refusals_say_why(make, reason, reach):
    with pytest.raises(Refusal, match=reason):
        staircase(function_of(make, quantised=True), np.array([-reach]), np.array([reach]))


def test_bipolar_result():
    builder = NetworkBuilder()
    acc = builder.input("acc", (2,), IntFormat(24))
    real = builder.dequantise("d", acc, [0.5, 0.25])
    last = builder.quantise("q", builder.arithmetic("a", Operator.SUB, real, [3.1, -7.0]), 1.0,
                            BipolarFormat())
    graph = builder.build(last)
    function, _ = LaneFunction.of_chain(graph, find_chain(graph, graph.nodes[-1]))
    stair = staircase(function, np.full(2, -2**20), np.full(2, 2**20))
    np.testing.assert_array_equal(stair.positions, [[7], [-28]])
    np.testing.assert_array_equal(stair.base, [0, 0])


def test_nothing_steps():
    """A function that is constant on all of a range that is too wide to enumerate."""
    function = function_of(lambda b, x: b.rescale("r", x, [2.0**-40] * CHANNELS,
                                                  RescaleMode.EXACT_HALF_EVEN, zero_point=7),
                           quantised=False)
    found = staircase(function, -WIDE, WIDE)
    assert found.positions.shape == (CHANNELS, 0)
    assert found.base.tolist() == [7] * CHANNELS
    assert (found.least, found.greatest) == (7, 7)
