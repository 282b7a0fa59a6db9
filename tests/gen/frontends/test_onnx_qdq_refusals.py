"""ONNX with QuantizeLinear and DequantizeLinear: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from sw_model.faults import InputFault, Unsupported
from tests.support.onnx_models import (
    imported,
    model_of,
    node,
    run_graph,
)
from tests.support.qdq_models import HEAD, MATMUL, dq, q

F = np.float32

BASE: dict[str, ArrayLike] = {
    "sx": F(0.5), "zx": np.int8(3), "sw": F(0.25), "zw": np.int8(0), "sy": F(1), "zy": np.int8(0),
    "w": np.ones((16, 5), np.int8), "f": np.ones((16, 5), F), "rows": F([1, 2, 3, 4, 5])}
SHORT = [*HEAD, MATMUL, q("t", "y")]

FAULTS: list[tuple[list[onnx.NodeProto], dict[str, ArrayLike], str]] = [
    (SHORT, {"sx": F(0)}, r"node 'QuantizeLinear_0' \(QuantizeLinear\): the scale is 0.0, but"),
    (SHORT, {"sy": F(-1)}, "the scale is -1.0, but every scale must be above 0"),
    (SHORT, {"sw": F(np.nan)}, "scale holds NaN or infinity"),
    (SHORT, {"zw": np.uint8(0)}, r"the zero point is uint8 \[\], but must be int8 \[\]"),
    (SHORT, {"zx": np.int8([1, 2])}, r"the zero point is int8 \[2\], but must be int8 \[\]"),
    (SHORT, {"sw": F([1, 2, 3]), "zw": np.zeros(3, np.int8)},
     r"scale has shape \[3\], but must be one number or \[5\], the length of axis 1"),
    (SHORT, {"zx": F(3)}, "its codes are float32, but must be integers of 4 to 16 bits"),
    (SHORT, {"zx": np.int32(3)}, "its codes are int32, but must be integers of 4 to 16 bits"),
    (SHORT, {"w": np.ones((15, 5), np.int8)}, r"weights of shape \[15, 5\] do not fit an input"),
    (SHORT, {"w": np.ones((16, 5), F)}, "its input is float32, but must be an integer"),
    ([q("x", "a", "x"), q("a", "y")], {}, "input 'a' is int8, but must be float32"),
    ([*HEAD[:2], dq("w", "wd", "w", axis=2), MATMUL, q("t", "y")],
     {"sw": F([1, 2, 3, 4, 5]), "zw": np.zeros(5, np.int8)}, "axis 2 of a tensor with 2 axes"),
    ([q("x", "a", "x"), node("Relu", ["a"], ["y"])], {}, "input 'a' is int8, but must be float32"),
    ([dq("x", "y", "x")], {}, "its input is float32, but must be an integer of 4 to 32 bits"),
]


@pytest.mark.parametrize(("nodes", "constants", "message"), FAULTS,
                         ids=[message[:40] for _, _, message in FAULTS])
def test_faulty_quantisers(tmp_path: Path, nodes: list[onnx.NodeProto],
                           constants: dict[str, ArrayLike], message: str) -> None:
    model = model_of(nodes, {**BASE, **constants})
    with pytest.raises(InputFault, match=message) as caught:
        imported(model, tmp_path)
    assert "\n" not in str(caught.value)


HINDRANCES: list[tuple[list[onnx.NodeProto], dict[str, ArrayLike], str]] = [
    ([node("QuantizeLinear", ["x", "sx", "zx"], ["y"], block_size=4)], {},
     "it has a scale for each block"),
    ([node("QuantizeLinear", ["x", "sx", "zx"], ["y"])],
     {"sx": F(np.ones(16)), "zx": np.arange(16, dtype=np.int8)},
     "the zero point differs from channel to channel"),
    ([HEAD[2], *HEAD[:2], node("MatMul", ["x", "wd"], ["t"]), q("t", "y")], {},
     "not a product of two quantised operands: input 'x' is float"),
    (SHORT, {"sx": F(1e-25), "sw": F(1e-25)}, "MatMul: the product of the operands' scales leaves"),
    (SHORT, {"sx": F(1e-20), "sw": F(1e-10), "sy": F(1e20)},
     "QuantizeLinear: the ratio of the scales leaves float32"),
]


@pytest.mark.parametrize(("nodes", "constants", "message"), HINDRANCES,
                         ids=[message[:40] for _, _, message in HINDRANCES])
def test_unsupported_forms(tmp_path: Path, nodes: list[onnx.NodeProto],
                           constants: dict[str, ArrayLike], message: str) -> None:
    with pytest.raises(Unsupported, match=message) as caught:
        imported(model_of(nodes, {**BASE, **constants}, opset=21), tmp_path)
    assert len(caught.value.obstacles) == 1


def test_scale_along_another_axis(tmp_path: Path) -> None:
    nodes = [node("QuantizeLinear", ["x", "sx", "zx"], ["y"], axis=1)]
    constants = {"sx": F([1, 2]), "zx": np.zeros(2, np.int8)}
    with pytest.raises(Unsupported, match="a scale for each index of an axis that is not the last"):
        imported(model_of(nodes, constants, inputs={"x": (1, 2, 16)}), tmp_path)


def test_constants_survive_numpy(tmp_path: Path) -> None:
    """Initialisers stored as raw bytes and as lists of numbers are the same."""
    model = model_of(SHORT, BASE)
    want = run_graph(imported(model, tmp_path), {"x": np.ones((1, 16), F)})
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, array.shape,
                                           array.ravel().tolist()))
        assert not tensor.HasField("raw_data")
    np.testing.assert_array_equal(
        run_graph(imported(model, tmp_path), {"x": np.ones((1, 16), F)}), want)
