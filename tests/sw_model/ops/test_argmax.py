"""ArgMax against Python's own maximum and ONNX Runtime; the lowest index wins ties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onnx import helper

from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    Float32Format,
    IntFormat,
    TernaryFormat,
)
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import ArgMax, argmax
from tests.support.onnx_models import model_of, node, run_onnxruntime

INT8, FLOAT32 = IntFormat(8), Float32Format()


def top(x, form=INT8):
    """The node's result for samples ``x``, and its format."""
    node = ArgMax(name="a", inputs=("x",), outputs=("y",))
    tensors = [Tensor("x", x.shape[1:], form)]
    (result,), ((shape, kind),) = node.run(tensors, [x]), node.infer(tensors)
    assert shape == (*x.shape[1:-1], 1)
    assert result.shape == (len(x), *shape)
    assert result.dtype == kind.dtype
    return result, kind


def first_largest(values) -> int:
    values = list(values)
    return values.index(max(values))


@pytest.mark.parametrize("form", [TernaryFormat(), BipolarFormat(), IntFormat(2, signed=False)],
                         ids=str)
def test_every_vector_of_narrow_codes(form):
    codes = range(form.min, form.max + 1)
    for length in (1, 2, 3, 5):
        x = np.array(list(itertools.product(codes, repeat=length)), form.dtype)
        result, _ = top(x, form)
        assert result[:, 0].tolist() == [first_largest(row) for row in x.tolist()]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.float32])
def test_equals_onnxruntime(kind, rng):
    """50,000 rows of several lengths, many elements equal."""
    number = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    for length, rows in ((1, 1000), (2, 9000), (7, 20_000), (33, 15_000), (300, 5000)):
        x = rng.integers(0, 256, (rows, length)) // rng.integers(1, 99, (rows, 1))
        x = (x if kind is np.uint8 else x - 128).astype(kind)
        model = model_of([node("ArgMax", ["x"], ["y"], axis=-1, keepdims=1)], {},
                         inputs={"x": ("N", length)}, types={"x": number, "y": 7})
        (expected,) = run_onnxruntime(model, {"x": x})
        np.testing.assert_array_equal(argmax(x), expected)


def test_further_axes(rng):
    x = rng.integers(-3, 3, (4, 2, 5, 6), dtype=np.int8)
    result, _ = top(x)
    for place in np.ndindex(4, 2, 5):
        assert result[place][0] == first_largest(x[place].tolist())


def test_extremes_and_ties():
    assert top(np.array([[-128, -128], [-128, 127], [127, 127]], np.int8))[0].tolist() \
        == [[0], [1], [0]]
    wide = np.array([[2**62, 2**62 + 1, 2**62]])
    assert top(wide, IntFormat(64))[0].tolist() == [[1]]
    assert top(np.array([[3, 200, 199]], np.uint8), IntFormat(8, signed=False))[0].tolist() == [[1]]
    assert top(np.array([[1, -4]], np.int8), FixedFormat(8, 3))[0].tolist() == [[0]]


def test_reals():
    inf = np.inf
    x = np.array([[-0.0, 0.0, -1.0], [-inf, -inf, -inf], [1.0, inf, inf], [1e-45, 0.0, -1e-45]],
                 np.float32)
    assert top(x, FLOAT32)[0].tolist() == [[0], [0], [1], [0]]


@pytest.mark.parametrize(("length", "width"), [(1, 1), (2, 1), (3, 2), (256, 8), (257, 9)])
def test_the_narrowest_format(length, width):
    x = np.zeros((1, length), np.int8)
    x[0, -1] = 1
    result, kind = top(x)
    assert kind == IntFormat(width, signed=False)
    assert result.tolist() == [[length - 1]]


def test_run_time_lengths():
    node = ArgMax(name="a", inputs=("x",), outputs=("y",))
    tensor = Tensor("x", (2, AtMost(9)), INT8)
    assert node.infer([tensor]) == (((2, 1), IntFormat(4, signed=False)),)
    (result,) = node.run([tensor], [np.array([[[1, 2], [2, 1]]], np.int8)])
    assert result.tolist() == [[[1], [0]]]
    tensor = Tensor("x", (AtMost(9), 3), INT8)
    assert node.infer([tensor]) == (((AtMost(9), 1), IntFormat(2, signed=False)),)


@pytest.mark.parametrize(("shapes", "message"), [
    ([()], "needs at least one axis"), ([(2, 0)], "needs at least one element"),
    ([], "needs 1 input, not 0"), ([(1,), (1,)], "needs 1 input, not 2")])
def test_node_refuses(shapes, message):
    node = ArgMax(name="a", inputs=("x",), outputs=("y",))
    with pytest.raises(NodeError, match=rf"^node 'a' \(ArgMax\): {message}$"):
        node.infer([Tensor("x", shape, INT8) for shape in shapes])
