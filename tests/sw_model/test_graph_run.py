"""Networks that run: batches, overrides, states and run-time lengths."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Float32Format, IntFormat
from sw_model.graph import Graph, NodeError, State, Tensor, build
from sw_model.node import AtMost, Node
from sw_model.ops import Arithmetic, MatMul, Operator, Relu, RescaleMode, Reshape
from tests.support.graphs import NetworkBuilder
from tests.support.networks import ENTRIES, WEIGHTS, counter, two_layers
from tests.support.operations import OPERATIONS

INT8, INT32, FLOAT32 = IntFormat(8), IntFormat(32), Float32Format()


def test_trace_and_run(rng):
    x = rng.integers(-128, 128, (5, 3), dtype=np.int8)
    graph = two_layers()
    sums = x.astype(int) @ WEIGHTS.T + [10, -20]
    values = graph.trace({"x": x})
    assert set(values) == {"x", "fc.out", "flat.out", "top.out", "beside.out"}
    np.testing.assert_array_equal(values["fc.out"], sums)
    np.testing.assert_array_equal(values["beside.out"], ENTRIES[0][x.astype(int) + 128])
    outputs, state = graph.run({"x": x})
    assert state == {}
    assert list(outputs) == list(graph.outputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(outputs[name], values[name])
    # The argmax of one element is the first.
    assert not outputs["top.out"].any()


def test_inputs_are_copied(rng):
    x = rng.integers(-128, 128, (2, 3), dtype=np.int8)
    values = two_layers().trace({"x": x})
    before = x.copy()
    values["x"][:] = 0
    np.testing.assert_array_equal(x, before)


def test_wider_types_are_taken_if_the_values_fit():
    values = two_layers().trace({"x": [[1, 2, 3]]})
    assert values["x"].dtype == np.int8
    assert values["fc.out"].tolist() == [[16, -32]]


@pytest.mark.parametrize(("inputs", "error", "message"), [
    ({}, ValueError, "missing input 'x'"),
    ({"x": [[1, 2, 3]], "z": [[1]]}, ValueError, "unknown input 'z'; there are x"),
    ({"x": [[1, 2]]}, ValueError, r"input 'x' has shape \(1, 2\), but must be \(samples, 3\)"),
    ({"x": [1, 2, 3]}, ValueError, r"input 'x' has shape \(3,\), but must be \(samples, 3\)"),
    ({"x": 5}, ValueError, r"input 'x' has shape \(\), but must be \(samples, 3\)"),
    ({"x": [[1, 2, 128]]}, ValueError, r"input 'x'\[0, 2\] is 128, but int8 holds -128 to 127"),
    ({"x": [[1.0, 2.0, 3.0]]}, TypeError, "input 'x' must hold integers for int8, not float64"),
    ({"x": [["1", "2", "3"]]}, TypeError, "input 'x' must hold integers for int8, not <U1"),
])
def test_wrong_inputs(inputs, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        two_layers().trace(inputs)


def test_wrong_reals():
    graph = OPERATIONS["Relu"]
    good = np.zeros((1, 2, 3), np.float32)
    graph.trace({"x": good - np.inf})
    with pytest.raises(TypeError, match=r"^input 'x' must be float32, not float64$"):
        graph.trace({"x": good.astype(float)})
    with pytest.raises(ValueError, match=r"^input 'x' holds NaN$"):
        graph.trace({"x": good * np.nan})


def test_numbers_of_samples_agree():
    builder = NetworkBuilder()
    a, b = builder.input("a", (2,), FLOAT32), builder.input("b", (2,), FLOAT32)
    graph = builder.build(builder.node(Arithmetic, "sum", a, b, operator=Operator.ADD))
    ones = np.ones((3, 2), np.float32)
    assert graph.run({"a": ones, "b": ones})[0]["sum.out"].tolist() == [[2, 2]] * 3
    with pytest.raises(ValueError, match=r"^different numbers of samples: \[1, 3\]$"):
        graph.run({"a": ones, "b": ones[:1]})


def some_codes(tensor, rng):
    """Four samples, of numbers that most formats have; none is 0 where 0 is no state."""
    if tensor.format == FLOAT32:
        return rng.normal(size=(4, *tensor.shape)).astype(np.float32) * 30
    least = max(-128, tensor.format.min) if tensor.name == "x" else 1
    return rng.integers(least, min(127, tensor.format.max), (4, *tensor.shape), endpoint=True,
                        dtype=tensor.format.dtype)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_takes_any_number_of_samples(name, rng):
    """None, one, several: each sample alone gives the same, in the declared type."""
    graph = OPERATIONS[name]
    output = graph.tensors[graph.outputs[0]]
    given = {each: some_codes(graph.tensors[each], rng) for each in graph.inputs}
    alone = []
    for samples in (slice(0), slice(4), *(slice(k, k + 1) for k in range(4))):
        result = graph.run({each: x[samples] for each, x in given.items()})[0][output.name]
        assert result.dtype == output.format.dtype
        assert result.shape == (len(range(4)[samples]), *output.shape)
        output.format.check("result", result)
        alone.append(result)
    # A generator goes on from sample to sample, and begins anew in every run.
    if name not in ("SeededSample", "StochasticShift"):
        np.testing.assert_array_equal(np.concatenate(alone[2:]), alone[1])


def test_overrides_stand_for_nodes(rng, monkeypatch):
    graph = two_layers()
    x = rng.integers(-100, 100, (2, 3))
    ran = []
    for node in graph.nodes:
        monkeypatch.setattr(type(node), "run", _noting(type(node).run, ran))
    sums = np.array([[7, 8], [9, 10]])
    values = graph.trace({"x": x}, overrides={"fc.out": sums})
    assert sorted(ran) == ["beside", "flat", "top"]
    np.testing.assert_array_equal(values["fc.out"], sums)
    np.testing.assert_array_equal(values["flat.out"], sums[..., None])
    assert values["fc.out"].dtype == np.int32
    # What only an overridden node needs is not computed, nor asked for.
    ran.clear()
    values = graph.trace({}, overrides={"fc.out": sums}, wanted=["top.out"])
    assert ran == ["flat", "top"]
    assert set(values) == {"fc.out", "flat.out", "top.out"}
    ran.clear()
    graph.trace({}, overrides={"fc.out": sums, "flat.out": sums[..., None]}, wanted=["top.out"])
    assert ran == ["top"]
    # Inputs may be overridden, too.
    ran.clear()
    assert graph.trace({"x": x}, overrides={"x": x + 1}, wanted=["x"])["x"].tolist() \
        == (x + 1).tolist()
    assert ran == []


def _noting(run, ran):
    def noting(node, *arguments):
        ran.append(node.name)
        return run(node, *arguments)
    return noting


def test_overriding_one_of_two_outputs(monkeypatch):
    """The other is computed, the given one stays."""
    monkeypatch.setattr(Node, "registry", dict(Node.registry))

    class Halves(Node):
        def infer(self, inputs):
            return (((2,), INT8),) * 2

        def run(self, inputs, values):
            return values[0] + 1, values[0] - 1

    graph = build("g", [Tensor(name, (2,), INT8) for name in "xab"],
                  [Halves(name="h", inputs=("x",), outputs=("a", "b"))], ["x"], ["a", "b"])
    given = {"x": [[0, 10]]}
    values = graph.trace(given, overrides={"a": [[5, 5]]})
    assert [values[name].tolist() for name in "ab"] == [[[5, 5]], [[-1, 9]]]
    values = graph.trace(given, overrides={"a": [[5, 5]], "b": [[6, 6]]})
    assert [values[name].tolist() for name in "ab"] == [[[5, 5]], [[6, 6]]]


@pytest.mark.parametrize(("overrides", "error", "message"), [
    ({"fc.put": [[1, 2]]}, ValueError, "unknown override 'fc.put'; there are x, fc.out, "),
    ({"fc.bias": [1, 2]}, ValueError, "unknown override 'fc.bias'; there are"),
    ({"fc.out": [1, 2]}, ValueError, r"override 'fc.out' has shape \(2,\), but must be \(samples"),
    ({"fc.out": [[1, 2**31]]}, ValueError, r"override 'fc.out'\[0, 1\] is 2147483648, but int32"),
    ({"fc.out": [[1.0, 2.0]]}, TypeError, "override 'fc.out' must hold integers for int32"),
    ({"fc.out": [[1, 2]] * 2}, ValueError, r"different numbers of samples: \[1, 2\]"),
])
def test_wrong_overrides(overrides, error, message):
    with pytest.raises(error, match=f"^{message}"):
        two_layers().trace({"x": [[1, 2, 3]]}, overrides=overrides)


def test_wanted():
    graph = two_layers()
    x = {"x": [[1, 2, 3]]}
    assert set(graph.trace(x, wanted=["fc.out"])) == {"x", "fc.out"}
    assert set(graph.trace(x, wanted=[])) == {"x"}
    assert graph.trace(x, wanted=["fc.bias"])["fc.bias"].tolist() == [[10, -20]]
    with pytest.raises(ValueError, match=r"^no tensor 'none' to compute$"):
        graph.trace(x, wanted=["none"])
    with pytest.raises(ValueError, match=r"^missing input 'x'$"):
        graph.trace({}, wanted=["top.out"])
    with pytest.raises(ValueError, match=r"^missing input 'x'$"):
        graph.trace({}, wanted=["x"])


def test_outputs_that_are_inputs_or_constants():
    bias = np.array([4, -5])
    graph = build("g", [Tensor("x", (3,), INT8), Tensor("b", (2,), INT8, value=bias)], [],
                  ["x"], ["b", "x"])
    for samples in (0, 1, 3):
        x = np.full((samples, 3), 9)
        outputs, _ = graph.run({"x": x})
        np.testing.assert_array_equal(outputs["x"], x)
        np.testing.assert_array_equal(outputs["b"], np.tile(bias, (samples, 1)))
        np.testing.assert_array_equal(graph.trace({"x": x})["b"], outputs["b"])
        # A result may be changed; the network stays as it is.
        outputs["b"][:] = 0
    alone = build("g", [Tensor("b", (2,), INT8, value=bias)], [], [], ["b"])
    assert alone.run({})[0]["b"].tolist() == [[4, -5]]
    assert graph.tensors["b"].value.tolist() == [4, -5]


def recurrent() -> Graph:
    """``h' = relu(W h + V x)`` with a read-out ``argmax(h')``; all reals are small integers."""
    builder = NetworkBuilder("recurrent")
    x = builder.input("x", (3,), INT8)
    builder.tensors["h"] = Tensor("h", (2,), INT8)
    builder.constant("h0", [3, -1], INT8)
    old = builder.dequantise("old", builder.matmul("recur", "h", [[1, 1], [-1, 0]]), 1)
    new = builder.dequantise("new", builder.matmul("feed", x, WEIGHTS), 1)
    both = builder.node(Arithmetic, "both", old, new, operator=Operator.ADD)
    update = builder.quantise("update", builder.relu("relu", both), 1)
    top = builder.argmax("top", update)
    return build("recurrent", builder.tensors.values(), builder.nodes, builder.inputs, [top],
                 [State("h", "h0", update)])


def test_five_steps_against_plain_numpy(rng):
    graph = recurrent()
    x = rng.integers(-9, 10, (5, 4, 3))
    h = np.tile([3, -1], (4, 1))
    state = None
    for step in range(5):
        h = np.clip(np.maximum(h @ np.array([[1, -1], [1, 0]]) + x[step] @ WEIGHTS.T, 0), None, 127)
        outputs, state = graph.run({"x": x[step]}, state)
        np.testing.assert_array_equal(state["h"], h)
        np.testing.assert_array_equal(outputs["top.out"][:, 0], np.argmax(h, axis=1))
    assert len(np.unique(h, axis=0)) > 1
    # A reset begins anew, and samples do not mix.
    again, _ = graph.run({"x": x[0, :1]}, graph.initial_state(1))
    first, _ = graph.run({"x": x[0]})
    np.testing.assert_array_equal(again["top.out"], first["top.out"][:1])


def test_a_state_is_read_before_it_is_updated():
    graph = counter()
    state = None
    expected = np.array([[0, 5]] * 3)
    for _ in range(4):
        outputs, state = graph.run({"x": np.zeros((3, 2), np.int8)}, state)
        np.testing.assert_array_equal(outputs["count"], expected)
        expected = ENTRIES[0][expected + 128]
        np.testing.assert_array_equal(state["count"], expected)


def test_initial_state():
    graph = counter()
    for batch in (0, 1, 3):
        start = graph.initial_state(batch)["count"]
        assert start.tolist() == [[0, 5]] * batch
        start[:] = 9
    assert graph.initial_state(1)["count"].tolist() == [[0, 5]]


def test_states_say_how_many_samples_there_are():
    """Inputs that nothing needs may be left out, also where that leaves none."""
    graph = counter()
    outputs, state = graph.run({}, {"count": [[1, 2], [3, 4], [5, 6]]})
    assert outputs["count"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert len(state["count"]) == 3
    assert len(graph.run({})[1]["count"]) == 1
    assert graph.trace({}, overrides={"count": [[7, 8]] * 2})["count"].tolist() == [[7, 8]] * 2


def test_states_that_stay_or_are_constant():
    stays = counter(states=(State("count", "start", "count"),))
    outputs, state = stays.check().run({}, {"count": [[1, 2]]})
    assert state["count"].tolist() == outputs["count"].tolist() == [[1, 2]]
    resets = counter(states=(State("count", "start", "start"),))
    _, state = resets.check().run({"x": [[0, 0]] * 2})
    assert state["count"].tolist() == [[0, 5]] * 2


@pytest.mark.parametrize(("state", "error", "message"), [
    ({}, ValueError, "missing state 'count'"),
    ({"count": [[1, 2]], "other": [[1]]}, ValueError, "unknown state 'other'; there are count"),
    ({"count": [1, 2]}, ValueError, r"state 'count' has shape \(2,\), but must be \(samples, 2\)"),
    ({"count": [[1, 128]]}, ValueError, r"state 'count'\[0, 1\] is 128, but int8 holds"),
    ({"count": [[1.0, 2.0]]}, TypeError, "state 'count' must hold integers for int8"),
    ({"count": [[1, 2]] * 2}, ValueError, r"different numbers of samples: \[1, 2\]"),
])
def test_wrong_states(state, error, message):
    with pytest.raises(error, match=f"^{message}"):
        counter().run({"x": [[0, 0]]}, state)


def sequence(length: int | AtMost) -> Graph:
    """Four channels along a time axis, through most operations of hardware and some of the host."""
    builder = NetworkBuilder("sequence")
    x = builder.input("x", (length, 4), INT8)
    sums = builder.matmul("fc", x, np.arange(12).reshape(3, 4) - 5, [1, 2, 3])
    narrow = builder.rescale("scale", sums, [0.01, 0.02, 0.03], RescaleMode.TFLITE_DOUBLE)
    table = builder.table("table", narrow, ENTRIES)
    real = builder.arithmetic("arithmetic", Operator.MUL, builder.dequantise("reals", table, 0.5),
                              [1, -2, 3])
    codes = builder.quantise("codes", builder.relu("relu", real), 0.25)
    turned = builder.transpose("turned", codes, (1, 0))
    return builder.build(builder.argmax("top", codes), builder.argmax("when", turned), turned)


def test_bounded_lengths(rng):
    """Every length from 1 to the most gives what a network of that very length gives."""
    graph = sequence(AtMost(5))
    assert [str(d) for d in graph.tensors["turned.out"].shape] == ["3", "<=5"]
    x = rng.integers(-128, 128, (6, 5, 4), dtype=np.int8)
    for length in range(1, 6):
        ours, _ = graph.run({"x": x[:, :length]})
        fixed, _ = sequence(length).run({"x": x[:, :length]})
        for name, array in fixed.items():
            np.testing.assert_array_equal(ours[name], array, strict=True)
    for length in (0, 6):
        with pytest.raises(ValueError, match=r"^input 'x' has shape .*must be \(samples, <=5, 4\)"):
            graph.run({"x": np.zeros((1, length, 4), np.int8)})


def test_lengths_agree():
    builder = NetworkBuilder()
    a, b = (builder.input(name, (AtMost(4), 2), FLOAT32) for name in "ab")
    graph = builder.build(builder.node(Arithmetic, "sum", a, b, operator=Operator.ADD))
    ones = np.ones((2, 3, 2), np.float32)
    assert graph.run({"a": ones, "b": ones})[0]["sum.out"].shape == (2, 3, 2)
    with pytest.raises(ValueError, match=r"^different lengths of a dimension <=4: \[2, 3\]$"):
        graph.run({"a": ones, "b": ones[:, :2]})


def test_run_time_dimensions_do_not_mix():
    builder = NetworkBuilder()
    a, b = builder.input("a", (AtMost(4),), FLOAT32), builder.input("b", (4,), FLOAT32)
    with pytest.raises(NodeError, match="do not broadcast"):
        builder.node(Arithmetic, "sum", a, b, operator=Operator.ADD)
    with pytest.raises(NodeError, match="cannot reshape a run-time dimension"):
        builder.node(Reshape, "flat", a, shape=(4,))
    with pytest.raises(NodeError, match="does not fit 4 columns"):
        builder.node(MatMul, "fc", builder.input("c", (AtMost(4),), INT8),
                     builder.constant("w", np.ones((1, 4)), INT8), format=INT32)
    assert builder.tensors[builder.node(Relu, "relu", a)].shape == (AtMost(4),)
