"""Where a network is cut into head, core and tail."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.faults import Unsupported
from sw_model.formats import Float32Format, IntFormat
from sw_model.graph import State, build
from sw_model.node import Tensor
from sw_model.ops import Operator, RescaleMode, Softmax
from sw_model.partition import core_graph, partition
from tests.support.graphs import NetworkBuilder

INT8 = IntFormat(8)


def layer(b: NetworkBuilder, name: str, x: str, rows: int = 4) -> str:
    """A layer of int8 on int8."""
    cols = b.tensors[x].shape[-1]
    acc = b.matmul(name, x, np.arange(rows * cols).reshape(rows, cols) % 7 - 3)
    return b.rescale(f"{name}_rescale", acc, [0.1], RescaleMode.TFLITE_DOUBLE)


def softmax(b: NetworkBuilder, name: str, x: str) -> str:
    return b.node(Softmax, name, x, multiplier=2**30, shift=22, diff_min=-500)


def where(graph) -> tuple[list[str], list[str], list[str]]:
    parts = partition(graph)
    return tuple([n.name for n in nodes] for nodes in (parts.head, parts.core, parts.tail))


def test_head_core_and_tail():
    b = NetworkBuilder()
    real = b.arithmetic("scale", Operator.MUL, b.input("x", (2, 2), Float32Format()), 3.0)
    code = b.reshape("flat", b.quantise("q", real, 0.1), (4,))
    code = layer(b, "fc2", b.reshape("middle", layer(b, "fc1", code), (1, 4)))
    last = b.relu("relu", b.dequantise("d", b.reshape("late", code, (4,)), 0.1))
    graph = b.build(last)
    assert where(graph) == (["scale", "q", "flat"],
                            ["fc1", "fc1_rescale", "middle", "fc2", "fc2_rescale"],
                            ["late", "d", "relu"])
    core = core_graph(graph)
    assert (core.inputs, core.outputs) == (("flat.out",), ("fc2_rescale.out",))
    assert all(not isinstance(t.format, Float32Format) for t in core.tensors.values())


def test_the_core_alone_computes_what_the_network_does(rng):
    b = NetworkBuilder()
    code = layer(b, "fc1", b.input("x", (3,), INT8))
    score = layer(b, "fc2", code)
    probability = softmax(b, "softmax", score)
    graph = b.build(probability, code, b.argmax("best", score))
    core = core_graph(graph)
    assert core.inputs == ("x",)
    assert core.outputs == (code, "best.out", score)
    x = {"x": rng.integers(-128, 128, (9, 3)).astype(np.int8)}
    whole = graph.trace(x)
    for name, values in core.run(x)[0].items():
        np.testing.assert_array_equal(values, whole[name], name)


def test_light_operations_follow_the_host():
    b = NetworkBuilder()
    x = b.table("first", b.input("x", (2, 2), INT8), np.zeros((1, 256)))
    x = b.reshape("flat", b.transpose("turn", x, (1, 0)), (4,))
    score = softmax(b, "softmax", layer(b, "fc", x))
    graph = b.build(b.rescale("again", score, [0.5], RescaleMode.FLOOR), b.argmax("best", score))
    assert where(graph) == (["first", "turn", "flat"], ["fc", "fc_rescale"],
                            ["softmax", "again", "best"])


def test_without_weights_every_operation_is_core():
    b = NetworkBuilder()
    real = b.input("x", (4,), Float32Format())
    code = b.reshape("shape", b.quantise("q", real, 0.1), (1, 4))
    code = b.reshape("back", b.table("t", code, np.zeros((1, 256))), (4,))
    assert where(b.build(b.dequantise("d", b.argmax("a", code), 1.0))) == (
        ["q", "shape"], ["t", "back", "a"], ["d"])


def test_every_host_node_between_layers_is_listed():
    b = NetworkBuilder()
    x = softmax(b, "softmax", layer(b, "fc1", b.input("x", (4,), INT8)))
    x = layer(b, "fc2", x)
    x = b.reshape("s", b.transpose("turn", b.reshape("r", x, (2, 2)), (1, 0)), (4,))
    last = b.dequantise("d", layer(b, "fc3", x), 0.5)
    with pytest.raises(Unsupported, match=r"network: 2 unsupported: softmax: .*; turn: ") as error:
        partition(b.build(last), {"turn": "it is a transpose"})
    assert [o.node for o in error.value.obstacles] == ["softmax", "turn"]
    assert error.value.obstacles[0].reason.startswith("Softmax runs on the host")
    assert error.value.obstacles[1].reason.endswith("it is a transpose")
    assert "before the first or behind the last layer" in error.value.obstacles[0].remedy


@pytest.mark.parametrize("shape_too", [False, True])
def test_a_network_without_integer_layers_is_refused(shape_too):
    b = NetworkBuilder()
    code = b.quantise("q", b.input("x", (4,), Float32Format()), 0.5)
    last = b.reshape("s", code, (2, 2)) if shape_too else b.dequantise("d", code, 0.5)
    with pytest.raises(Unsupported, match="network: 1 unsupported: q: the network has no integer"):
        core_graph(b.build(last))


def test_states_of_the_core_stay():
    b = NetworkBuilder()
    code = layer(b, "fc", b.input("x", (4,), INT8))
    b.tensors["kept"] = Tensor("kept", (4,), INT8)
    b.constant("zero", np.zeros(4), INT8)
    second = layer(b, "fc2", "kept")
    graph = build("recurrent", b.tensors.values(), b.nodes, b.inputs, [second],
                  [State("kept", "zero", code)])
    core = core_graph(graph)
    assert (core.inputs, core.outputs, core.states) == (("x",), (second,), graph.states)
