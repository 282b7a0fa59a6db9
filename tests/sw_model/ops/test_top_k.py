"""TopK against ONNX Runtime and Python's sort."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onnx import helper

from sw_model.formats import FixedFormat, Float32Format, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import TopK, top_k
from sw_model.specs import TopKSpec
from tests.support.onnx_models import model_of, node, run_onnxruntime

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


@pytest.mark.parametrize(("kind", "least", "most"), [
    (np.int64, -9, 9), (np.int32, -2**31, 2**31 - 1), (np.int8, -128, 127)])
def test_equals_onnxruntime(kind, least, most, rng):
    """50,000 rows of several lengths, many elements equal."""
    number = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    for length, count, rows in ((1, 1, 1000), (2, 1, 9000), (7, 3, 20_000), (50, 50, 5000),
                                (300, 8, 5000), (33, 32, 10_000)):
        x = rng.integers(least, most, (rows, length), dtype=kind, endpoint=True)
        x[::2] //= rng.integers(1, max(most // 2, 2), (len(x[::2]), 1), dtype=kind)
        model = model_of([node("TopK", ["x", "k"], ["v", "i"], axis=-1, largest=1, sorted=1)],
                         {"k": np.array([count])}, inputs={"x": ("N", length)},
                         outputs=("v", "i"), types={"x": number, "v": number, "i": 7})
        values, places = run_onnxruntime(model, {"x": x})
        found = top_k(x, count)
        np.testing.assert_array_equal(found[0], values)
        np.testing.assert_array_equal(found[1], places)


def test_node(rng):
    for format_ in (INT8, FixedFormat(8, 3)):
        codes = rng.integers(-3, 4, (4, 2, 17), dtype=np.int8)
        x = Tensor("x", (2, 17), format_)
        one = TopK(name="t", inputs=("x",), outputs=("v", "i"), k=5)
        assert one.infer([x]) == (((2, 5), format_), ((2, 5), IntFormat(5, signed=False)))
        values, places = one.run([x], [codes])
        assert (values.dtype, places.dtype) == (np.int8, IntFormat(5, signed=False).dtype)
        np.testing.assert_array_equal((values, places), top_k(codes, 5))
        assert one.from_json(one.as_json()) == one


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
