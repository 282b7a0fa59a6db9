"""Tensors and nodes by themselves: what they refuse, equality, and plain data."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from sw_model.formats import BipolarFormat, FixedFormat, Float32Format, IntFormat, TernaryFormat
from sw_model.node import (
    AtMost,
    GraphError,
    Node,
    NodeError,
    Tensor,
    channels,
    extent,
    fixed,
    per_channel,
)
from sw_model.ops import ArgMax, Reshape, Table
from tests.support.operations import OPERATIONS

INT8 = IntFormat(8)


def test_run_time_dimensions():
    assert AtMost(np.int8(5)) == AtMost(5)
    assert str(AtMost(5)) == "<=5"
    assert extent((2, AtMost(5), 3)) == 30
    assert extent(()) == 1
    assert (channels((2, 3)), channels((2, AtMost(4))), channels(())) == (3, AtMost(4), 1)
    with pytest.raises(ValueError, match=r"^maximum must be at least 1, not 0$"):
        AtMost(0)
    for wrong in (True, 2.0, "3"):
        with pytest.raises(TypeError, match=r"^maximum must be an integer, not "):
            AtMost(wrong)


def test_shapes_that_a_tensor_accepts():
    tensor = Tensor("x", (AtMost(3), 2), INT8)
    assert tensor.elements == 6
    assert [n for n in range(6) if tensor.accepts((n, 2))] == [1, 2, 3]
    for shape in ((3,), (3, 3), (2, 2, 2), (), (2, 3)):
        assert not tensor.accepts(shape)
    assert Tensor("x", (), INT8).accepts(())


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"shape": (AtMost(2), AtMost(3))}, GraphError, "'x': more than one run-time dimension"),
    ({"shape": (2, -1)}, GraphError, "'x': a dimension must be at least 0, not -1"),
    ({"shape": (2.0,)}, TypeError, r"a dimension of tensor 'x' must be an integer, not 2\.0"),
    ({"shape": (True,)}, TypeError, "a dimension of tensor 'x' must be an integer, not True"),
    ({"shape": ("<=2",)}, TypeError, "a dimension of tensor 'x' must be an integer"),
    ({"format": "int8"}, TypeError, "tensor 'x': format must be a Format, not 'int8'"),
    ({"name": 5}, TypeError, "the name of a tensor must be a string, not 5"),
    ({"zero_point": 0.5}, TypeError, r"zero_point must be an integer, not 0\.5"),
    ({"scale": (0.5, math.nan)}, GraphError, r"'x': scale must be finite numbers, not \(0\.5, nan"),
    ({"scale": ()}, GraphError, r"'x': scale must be finite numbers, not \(\)"),
    ({"value": np.zeros(3, np.int8)}, GraphError,
     r"'x': value has shape \(3,\), but the tensor \[2\]"),
    ({"value": np.array([1, 128])}, ValueError,
     r"'x': value\[1\] is 128, but int8 holds -128 to 127"),
    ({"value": np.zeros(2)}, TypeError, "'x': value must hold integers for int8, not float64"),
    ({"value": [1, 2]}, TypeError, r"'x': value must be an array, not \[1, 2\]"),
    ({"shape": (AtMost(2),), "value": np.zeros(2, np.int8)}, GraphError, r"but the tensor \[<=2\]"),
])
def test_tensor_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        Tensor(**{"name": "x", "shape": (2,), "format": INT8, **changes})


def test_values_are_normalised_and_safe():
    given = np.array([[1, -2], [3, 4]], np.int64)
    tensor = Tensor("w", [np.int64(2), 2], INT8, [np.float32(0.5)], np.int8(3), given)
    assert tensor.value.dtype == np.int8
    given[0, 0] = 99
    assert tensor.value.tolist() == [[1, -2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        tensor.value[0, 0] = 5
    assert (tensor.shape, tensor.scale, tensor.zero_point) == ((2, 2), (0.5,), 3)
    assert [type(d) for d in (*tensor.shape, *tensor.scale, tensor.zero_point)] \
        == [int, int, float, int]
    # Nothing is copied where nothing can change.
    assert dataclasses.replace(tensor, name="v").value is tensor.value
    # A view that cannot be written to may still change with what it views.
    base = np.array([1, 2], np.int8)
    (view := base[:]).flags.writeable = False
    safe = Tensor("v", (2,), INT8, value=view)
    base[0] = 9
    assert safe.value.tolist() == [1, 2]


def test_equality_minds_every_field():
    value = np.array([1, 2], np.int8)
    tensor = Tensor("w", (2,), INT8, (0.5,), 1, value)
    assert tensor == Tensor("w", (2,), INT8, (0.5,), 1, value.astype(np.int64))
    assert hash(tensor) == hash(Tensor("w", (2,), INT8, (0.5,), 1, value))
    for changes in ({"name": "v"}, {"format": IntFormat(9)}, {"scale": None}, {"zero_point": 0},
                    {"value": np.array([1, 3])}, {"value": None},
                    {"shape": (2, 1), "value": value[:, None]}):
        other = dataclasses.replace(tensor, **changes)
        assert tensor != other
        assert other != tensor
    assert tensor != "w"


@pytest.mark.parametrize("tensor", [
    Tensor("x", (), INT8), Tensor("<=5", (AtMost(5), 3), TernaryFormat(), (0.1, 0.2, 0.3), -1),
    Tensor("w", (2, 0), FixedFormat(9, -3), value=np.empty((2, 0), np.int16)),
    Tensor("r", (2,), Float32Format(), value=np.array([-0.0, np.inf], np.float32))],
    ids=lambda t: t.name)
def test_tensor_round_trip(tensor):
    plain = json.loads(json.dumps(tensor.as_json()))
    assert Tensor.from_json(plain, {"w": np.empty((2, 0), np.int16),
                                    "r": np.array([-0.0, np.inf], np.float32)}) == tensor


@pytest.mark.parametrize(("changes", "message"), [
    ({"shape": None}, "shape must be a list, not None"),
    ({"shape": "ab"}, "shape must be a list, not 'ab'"),
    ({"shape": ["5"]}, "a dimension must be a number or like '<=8', not '5'"),
    ({"shape": ["x=5"]}, "a dimension must be a number or like '<=8', not 'x=5'"),
    ({"shape": ["<= 5"]}, "a dimension must be a number or like '<=8', not '<= 5'"),
    ({"shape": ["<=²"]}, "a dimension must be a number or like '<=8'"),
    ({"shape": ["<=0"]}, "maximum must be at least 1, not 0"),
    ({"shape": [2.0]}, r"a dimension must be an integer, not 2\.0"),
    ({"shape": [-1]}, "a dimension must be at least 0, not -1"),
    ({"format": "int99"}, "width of a signed integer must be 1 to 64, not 99"),
    ({"format": None}, "a format must be spelt as a string, not None"),
    ({"scale": 0.5}, r"scale must be a list, not 0\.5"),
    ({"scale": ["x"]}, "scale must be a number, not 'x'"),
    ({"zero_point": 1.5}, r"zero_point must be an integer, not 1\.5"),
    ({"constant": 1}, "constant must be a bool, not 1"),
    ({"constant": True}, "its value is missing"), ({"name": 7}, "name must be a str, not 7"),
    ({"names": 7}, "unknown field 'names'; there are constant, format, name, scale, shape, zero"),
])
def test_tensor_from_json_refuses(changes, message):
    plain = {**Tensor("x", (2,), INT8).as_json(), **changes}
    with pytest.raises(GraphError, match=rf"^tensor .*: {message}"):
        Tensor.from_json(plain, {})


def test_tensor_from_json_refuses_what_is_missing():
    plain = Tensor("x", (2,), INT8).as_json()
    for key in plain:
        with pytest.raises(GraphError, match=rf"^tensor .*: '{key}' is missing$"):
            Tensor.from_json({k: v for k, v in plain.items() if k != key}, {})
    with pytest.raises(GraphError, match=r"^tensor None: must be a mapping, not list$"):
        Tensor.from_json([], {})


def test_names_of_a_node():
    node = ArgMax(name="a", inputs=["x"], outputs=["y"])
    assert (node.inputs, node.outputs) == (("x",), ("y",))
    for wrong in ("x", (1,), (None,)):
        with pytest.raises(TypeError, match=r"^inputs must be names of tensors, not "):
            ArgMax(name="a", inputs=wrong, outputs=("y",))


def test_node_errors_name_the_node():
    node = ArgMax(name="a", inputs=(), outputs=())
    with pytest.raises(NodeError, match=r"^node 'a' \(ArgMax\): needs 1 or 2 inputs, not 0$") as e:
        node.arity([], 1, 2)
    assert e.value.node is node
    node.require(True, "unused")


def test_every_operation_has_an_example():
    assert set(OPERATIONS) == set(Node.registry)


@pytest.mark.parametrize("name", OPERATIONS)
def test_node_round_trip(name):
    (node,) = OPERATIONS[name].nodes
    plain = json.loads(json.dumps(node.as_json()))
    again = Node.from_json(plain)
    assert again == node
    assert type(again) is type(node)
    assert list(again.as_json()) == list(plain)


def test_names_are_no_dimensions():
    node = ArgMax(name="a", inputs=("<=5",), outputs=("<=6",))
    assert Node.from_json(node.as_json()) == node


def test_parameters_may_be_numpys():
    node = Reshape(name="r", inputs=("x",), outputs=("y",), shape=(np.int64(2), np.int8(3)))
    assert Node.from_json(json.loads(json.dumps(node.as_json()))) == node


def test_defaults_may_be_left_out():
    plain = OPERATIONS["Dequantise"].nodes[0].as_json()
    assert plain.pop("zero_point") == 3
    assert Node.from_json(plain).zero_point == 0


@pytest.mark.parametrize(("changes", "message"), [
    ({"op": "Conv"}, "unknown operation 'Conv'; there are A"),
    ({"op": None}, "unknown operation None"), ({"op": ["Table"]}, r"unknown operation \['Table'\]"),
    ({"format": "int"}, r"node 'table' \(Table\): unknown format 'int'"),
    ({"format": 8}, r"node 'table' \(Table\): a format must be spelt as a string, not 8"),
    ({"width": 8}, r"node 'table' \(Table\): unknown field 'width'; there are format, inputs, "),
    ({"registry": {}}, r"node 'table' \(Table\): unknown field 'registry'"),
    ({"inputs": "x"}, r"node 'table' \(Table\): inputs must be a list, not 'x'"),
    ({"inputs": [1]}, r"node 'table' \(Table\): inputs must be a str, not 1"),
    ({"name": None}, r"node None \(Table\): name must be a str, not None"),
])
def test_node_from_json_refuses(changes, message):
    with pytest.raises(GraphError, match=f"^{message}"):
        Node.from_json({**OPERATIONS["Table"].nodes[0].as_json(), **changes})


@pytest.mark.parametrize(("name", "changes", "message"), [
    ("Rescale", {"mode": "nearest"}, "mode must be one of tflite_double, .*, not 'nearest'"),
    ("Rescale", {"low": -1.5}, r"low must be an integer, not -1\.5"),
    ("Rescale", {"low": True}, "low must be an integer, not True"),
    ("Quantise", {"zero_point_inside": 1}, "zero_point_inside must be a bool, not 1"),
    ("BatchNormalisation", {"epsilon": "0"}, "epsilon must be a number, not '0'"),
    ("Reshape", {"shape": [2.5, 2]}, r"shape must be an integer, not 2\.5"),
    ("Reshape", {"shape": 6}, "shape must be a list, not 6"),
    ("Transpose", {"permutation": [False, 1]}, "permutation must be an integer, not False"),
])
def test_parameters_of_the_wrong_kind(name, changes, message):
    with pytest.raises(GraphError, match=rf"^node '.*' \({name}\): {message}$"):
        Node.from_json({**OPERATIONS[name].nodes[0].as_json(), **changes})


def test_node_from_json_refuses_what_is_missing():
    plain = OPERATIONS["Rescale"].nodes[0].as_json()
    for key in plain:
        reason = "unknown operation None" if key == "op" else f": '{key}' is missing$"
        with pytest.raises(GraphError, match=reason):
            Node.from_json({k: v for k, v in plain.items() if k != key})
    for wrong in (None, [], "Table", 5):
        with pytest.raises(GraphError, match=r"^unknown operation None"):
            Node.from_json(wrong)


def test_two_operations_of_one_name():
    with pytest.raises(TypeError, match=r"^there are two operations called Table, in "
                                        r"sw_model\.ops\.table and "):
        type("Table", (Node,), {"__module__": __name__})
    assert Node.registry["Table"] is Table


def test_parameters_by_channel():
    assert per_channel(np.zeros((1, 4)), 3)
    assert per_channel(np.zeros(3), 3)
    assert per_channel(np.zeros(1), AtMost(3))
    assert not per_channel(np.zeros(3), AtMost(3))
    assert not per_channel(np.zeros(2), 3)
    assert not per_channel(np.zeros(()), 1)


def test_values_on_the_grid():
    codes = np.array([0, 1, 1], np.uint8)
    assert fixed(Tensor("x", (3,), BipolarFormat()), codes).tolist() == [-1, 1, 1]
    for form in (INT8, TernaryFormat(), FixedFormat(8, 3)):
        assert fixed(Tensor("x", (3,), form), codes) is codes
