"""What the check of a network lets pass and what it does not, message by message."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.graph import Graph, GraphError, NodeError, State, Tensor, build
from sw_model.ops import ArgMax
from tests.support.networks import counter, two_layers

INT8 = IntFormat(8)


def changed(graph: Graph, name: str, **changes) -> Graph:
    """With another tensor."""
    return replace(graph, tensors={**graph.tensors,
                                   name: replace(graph.tensors[name], **changes)})


def with_node(graph: Graph, name: str, **changes) -> Graph:
    """With another node."""
    return replace(graph, nodes=tuple(replace(n, **changes) if n.name == name else n
                                      for n in graph.nodes))


def test_a_network_that_makes_sense():
    graph = two_layers()
    assert graph.check() is graph
    assert graph.producer("fc.out").name == "fc"
    assert graph.producer("x") is None
    assert [n.name for n in graph.readers("x")] == ["fc", "beside"]
    assert [t.name for t in graph.input_tensors(graph.nodes[0])] == ["x", "fc.weights", "fc.bias"]
    assert graph.rename("other") == replace(graph, name="other")


def without(graph: Graph, name: str) -> Graph:
    return replace(graph, tensors={k: t for k, t in graph.tensors.items() if k != name})


def with_state(graph: Graph, *states: State) -> Graph:
    return replace(graph, states=states)


LOOSE = Tensor("loose", (2,), INT8)

FAULTS = {
    "key": (lambda g: replace(g, tensors={**g.tensors, "y": g.tensors["x"]}),
            "tensor 'x' is listed as 'y'"),
    "empty": (lambda g: changed(g, "x", shape=(3, 0)), "tensor 'x' has no elements"),
    "scales": (lambda g: changed(g, "fc.out", scale=(1.0, 2.0, 3.0)),
               "tensor 'fc.out' has 3 scales for 2 channels"),
    "no input": (lambda g: without(g, "x"), "no tensor 'x', which is an input or a state"),
    "input twice": (lambda g: replace(g, inputs=("x", "x")),
                    "tensor 'x' is constant or listed twice as input or state"),
    "constant input": (lambda g: replace(g, inputs=("x", "fc.bias")),
                       "tensor 'fc.bias' is constant or listed twice as input or state"),
    "node twice": (lambda g: replace(g, nodes=(*g.nodes, g.nodes[0])),
                   "node 'fc' (MatMul): a second node of this name"),
    "no tensor to read": (lambda g: with_node(g, "top", inputs=("flot",)),
                          "node 'top' (ArgMax): no tensor 'flot'"),
    "order": (lambda g: replace(g, nodes=g.nodes[::-1]),
              "node 'top' (ArgMax): nothing before it makes 'flat.out'"),
    "cycle": (lambda g: with_node(g, "flat", inputs=("top.out",)),
              "node 'flat' (Reshape): nothing before it makes 'top.out'"),
    "input not listed": (lambda g: replace(g, inputs=()),
                         "node 'fc' (MatMul): nothing before it makes 'x'"),
    "infer": (lambda g: changed(g, "x", shape=(4,)),
              "node 'fc' (MatMul): input 'x' of shape (4,) does not fit 3 columns"),
    "outputs": (lambda g: with_node(g, "top", outputs=("top.out", "more")),
                "node 'top' (ArgMax): makes 1 outputs, but lists 2"),
    "made twice": (lambda g: with_node(g, "beside", outputs=("fc.out",)),
                   "node 'beside' (Table): 'fc.out' is made twice"),
    "input made": (lambda g: with_node(g, "beside", outputs=("x",)),
                   "node 'beside' (Table): 'x' is made twice"),
    "constant made": (lambda g: with_node(g, "beside", outputs=("fc.bias",)),
                      "node 'beside' (Table): 'fc.bias' is made twice"),
    "no tensor to make": (lambda g: without(g, "fc.out"),
                          "node 'fc' (MatMul): no tensor 'fc.out'"),
    "other shape": (lambda g: changed(g, "flat.out", shape=(1, 2)),
                    "node 'flat' (Reshape): makes 'flat.out' as int32 ['2', '1'], but it is "
                    "declared as int32 ['1', '2']"),
    "other format": (lambda g: changed(g, "fc.out", format=IntFormat(31)),
                     "node 'fc' (MatMul): makes 'fc.out' as int32 ['2'], but it is declared as "
                     "int31 ['2']"),
    "no output": (lambda g: replace(g, outputs=("z",)), "nothing makes output 'z'"),
    "output twice": (lambda g: replace(g, outputs=("fc.out", "x", "fc.out")),
                     "output 'fc.out' is listed twice"),
    "loose tensor": (lambda g: replace(g, tensors={**g.tensors, "loose": LOOSE}),
                     "nothing makes tensor 'loose'"),
    "loose output": (lambda g: replace(g, tensors={**g.tensors, "loose": LOOSE},
                                       outputs=("loose",)), "nothing makes output 'loose'"),
    "no state": (lambda g: with_state(g, State("h", "fc.bias", "fc.out")),
                 "no tensor 'h', which is an input or a state"),
    "constant state": (lambda g: with_state(g, State("fc.bias", "fc.bias", "fc.out")),
                       "tensor 'fc.bias' is constant or listed twice as input or state"),
    "input as state": (lambda g: with_state(g, State("x", "fc.bias", "fc.out")),
                       "tensor 'x' is constant or listed twice as input or state"),
    "made state": (lambda g: with_state(g, State("fc.out", "fc.bias", "fc.out")),
                   "node 'fc' (MatMul): 'fc.out' is made twice"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault):
    change, message = FAULTS[fault]
    with pytest.raises(GraphError) as caught:
        change(two_layers()).check()
    assert str(caught.value) == message
    assert isinstance(caught.value, NodeError) == message.startswith("node ")


@pytest.mark.parametrize(("state", "message"), [
    (State("count", "next", "next"),
     "state 'count': initial value 'next' is not a constant tensor"),
    (State("count", "none", "next"),
     "state 'count': initial value 'none' is not a constant tensor"),
    (State("count", "start", "none"), "state 'count': nothing makes its update 'none'"),
    (State("count", "entries", "next"), "state 'count' and 'entries' differ in shape or format"),
    (State("count", "start", "entries"), "state 'count' and 'entries' differ in shape or format"),
])
def test_faults_of_states(state, message):
    with pytest.raises(GraphError) as caught:
        counter(states=(state,)).check()
    assert str(caught.value) == message


def test_states_in_another_format():
    graph = counter()
    with pytest.raises(GraphError, match=r"^state 'count' and 'start' differ in shape or format$"):
        changed(graph, "start", format=IntFormat(9)).check()
    with pytest.raises(GraphError, match="constant or listed twice"):
        counter(states=graph.states * 2).check()


def test_nodes_of_constants_alone_are_refused():
    """Nobody could tell the result's first axis from the samples."""
    weights = Tensor("w", (3,), INT8, value=np.array([1, 2, 3]))
    top = Tensor("top", (1,), IntFormat(2, signed=False))
    with pytest.raises(NodeError, match=r"^node 'a' \(ArgMax\): all its inputs are constant$"):
        build("g", [weights, top], [ArgMax(name="a", inputs=("w",), outputs=("top",))], [],
              ["top"])


def test_tensors_listed_twice():
    with pytest.raises(GraphError, match=r"^tensor 'x' is listed twice$"):
        build("g", [Tensor("x", (1,), INT8), Tensor("x", (2,), INT8)], [], ["x"], ["x"])
