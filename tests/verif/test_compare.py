"""The first difference in the network's order, whatever the order of what was seen."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import parse_format
from sw_model.graph import Graph, Tensor, build
from sw_model.ops import Reshape
from verif.compare import compare, first


@pytest.fixture
def graph() -> Graph:
    """Two reshapes in a row."""
    form = parse_format("int8")
    tensors = [Tensor("x", (6,), form), Tensor("zz", (2, 3), form), Tensor("a", (3, 2), form)]
    nodes = [Reshape(name="one", inputs=("x",), outputs=("zz",), shape=(2, 3)),
             Reshape(name="two", inputs=("zz",), outputs=("a",), shape=(3, 2))]
    return build("pair", tensors, nodes, ["x"], ["a"])


def test_equal_tensors(graph, rng):
    expected = graph.trace({"x": rng.integers(-128, 127, (5, 6))})
    compared = compare(graph, expected, {"a": expected["a"], "zz": expected["zz"]})
    assert [(c.tensor, c.layer, c.elements, c.differing) for c in compared] == [
        ("zz", "one", 30, 0), ("a", "two", 30, 0)]
    assert first(compared) is None


def test_first_difference_is_the_earliest_layer(graph, rng):
    expected = graph.trace({"x": rng.integers(-100, 100, (5, 6))})
    seen = {"a": expected["a"] + 1, "zz": expected["zz"].copy()}
    seen["zz"][4, 1, 2] += 1
    seen["zz"][4, 1, 1] -= 2
    compared = compare(graph, expected, seen, source="emulator", first_sample=1000)
    assert [c.differing for c in compared] == [2, 30]
    difference = first(compared)
    want = int(expected["zz"][4, 1, 1])
    assert (difference.layer, difference.tensor, difference.sample, difference.index,
            difference.expected, difference.seen) == ("one", "zz", 1004, (1, 1), want, want - 2)
    assert str(difference) == (
        f"layer 'one' (Reshape): tensor 'zz'[1][1] of sample 1004 is {want - 2}, "
        f"but must be {want} (emulator)")


def test_an_input_can_differ(graph):
    x = np.zeros((1, 6), np.int8)
    difference = first(compare(graph, graph.trace({"x": x}), {"x": x + 1}))
    assert (difference.layer, difference.operation) == ("x", "input")


def test_codes_outside_the_format_differ(graph):
    x = np.full((1, 6), -1, np.int8)
    difference = first(compare(graph, graph.trace({"x": x}), {"x": np.full((1, 6), 255)}))
    assert (difference.expected, difference.seen) == (-1, 255)


def test_unknown_tensor(graph):
    x = np.zeros((1, 6), np.int8)
    with pytest.raises(ValueError, match="does not have: q"):
        compare(graph, graph.trace({"x": x}), {"q": x})


def test_other_shape(graph):
    x = np.zeros((1, 6), np.int8)
    with pytest.raises(ValueError, match=r"'zz' has shape \(1, 6\), but must be \(1, 2, 3\)"):
        compare(graph, graph.trace({"x": x}), {"zz": x})
