"""TopK against ONNX's reference and Python's sort."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from sw_model.formats import FixedFormat, Float32Format, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import TopK, top_k
from sw_model.specs import TopKSpec

INT8 = IntFormat(8)


def sorted_places(row, k):
    return sorted(range(len(row)), key=lambda place: (-int(row[place]), place))[:k]


def test_every_row_of_narrow_codes():
    for length in (1, 2, 3, 5):
        rows = np.array(list(itertools.product(range(-2, 2), repeat=length)), np.int8)
        for k in range(1, length + 2):
            values, places = top_k(rows, k)
            for row, value, place in zip(rows, values, places, strict=True):
                wanted = sorted_places(row, k)
                assert place.tolist() == wanted
                assert value.tolist() == row[wanted].tolist()


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_extremes(kind):
    info = np.iinfo(kind)
    row = np.array([info.min, info.max, 0, info.max, info.min, 1], kind)
    values, places = top_k(row, 6)
    assert values.dtype == kind
    assert places.tolist() == sorted_places(row, 6)


def test_equals_onnx(rng):
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [None, None])
    k = helper.make_tensor_value_info("k", TensorProto.INT64, [1])
    outputs = [helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in "vi"]
    node = helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=-1, largest=1, sorted=1)
    model = helper.make_model(helper.make_graph([node], "top", [x, k], outputs),
                              opset_imports=[helper.make_opsetid("", 11)])
    evaluator = ReferenceEvaluator(model)
    for length, count in ((1, 1), (7, 3), (50, 50), (300, 8)):
        rows = rng.integers(-9, 9, (20, length))
        values, places = evaluator.run(None, {"x": rows, "k": np.array([count])})
        found = top_k(rows, count)
        np.testing.assert_array_equal(found[0], values)
        np.testing.assert_array_equal(found[1], places)


def test_node(rng):
    for format_ in (INT8, FixedFormat(8, 3)):
        codes = rng.integers(-3, 4, (4, 2, 17), dtype=np.int8)
        x = Tensor("x", (2, 17), format_)
        node = TopK(name="t", inputs=("x",), outputs=("v", "i"), k=5)
        assert node.infer([x]) == (((2, 5), format_), ((2, 5), IntFormat(5, signed=False)))
        values, places = node.run([x], [codes])
        assert (values.dtype, places.dtype) == (np.int8, IntFormat(5, signed=False).dtype)
        np.testing.assert_array_equal((values, places), top_k(codes, 5))
        assert node.from_json(node.as_json()) == node


@pytest.mark.parametrize(("tensor", "k", "message"), [
    (Tensor("x", (4,), INT8), 5, "k must be at most the 4 elements of a row, not 5"),
    (Tensor("x", (4,), INT8), 0, "k must be at least 1, not 0"),
    (Tensor("x", (), INT8), 1, "needs rows of one length"),
    (Tensor("x", (AtMost(4),), INT8), 1, "needs rows of one length"),
    (Tensor("x", (4,), Float32Format()), 1, "needs integer codes, not float32")])
def test_node_refuses(tensor, k, message):
    with pytest.raises(NodeError, match=message):
        TopK(name="t", inputs=("x",), outputs=("v", "i"), k=k).infer([tensor])


def test_spec_refuses():
    with pytest.raises(ValueError, match="longest must be at least 1, not 0"):
        TopKSpec(source=INT8, k=1, longest=0)
    with pytest.raises(TypeError, match="source must be a Format, not 8"):
        TopKSpec(source=8, k=1, longest=1)
