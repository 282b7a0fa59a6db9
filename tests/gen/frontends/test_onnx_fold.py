"""Constants that an ONNX file computes: folded as ONNX Runtime computes them, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from onnx import numpy_helper

from gen.frontends.limits import MAX_ELEMENTS
from sw_model.faults import InputFault
from sw_model.graph import Graph
from tests.support.onnx_models import (
    CONSTANTS,
    imported,
    model_of,
    node,
    quantised,
    run_graph,
    run_onnxruntime,
    shaped,
)

F = np.float32


def folded(tmp_path: Path, nodes: Sequence[onnx.NodeProto], constants: dict[str, ArrayLike],
           rng: np.random.Generator) -> Graph:
    """Add the constant ``k`` that ``nodes`` make to x; hold the result to ONNX Runtime."""
    model = shaped([*nodes, node("Add", ["x", "k"], ["b"])], constants, ("N", 6))
    graph = imported(model, tmp_path)
    x = rng.standard_normal((9, 6)).astype(F)
    np.testing.assert_array_equal(run_graph(graph, {"x": x})[0],
                                  run_onnxruntime(model, {"x": x}, fuse=False)[0])
    assert len(graph.nodes) == 3
    return graph


FOLDS: dict[str, list[onnx.NodeProto]] = {
    "arithmetic": [node("Add", ["a", "c"], ["d"]), node("Sub", ["d", "two"], ["e"]),
                   node("Mul", ["e", "a"], ["f"]), node("Div", ["f", "c"], ["k"])],
    "power and root": [node("Pow", ["p", "two"], ["d"]), node("Sqrt", ["d"], ["e"]),
                       node("Relu", ["e"], ["k"])],
    "gather": [node("Gather", ["m", "index"], ["k"], axis=1)],
    "gather, rows": [node("Gather", ["m", "row"], ["d"]), node("Squeeze", ["d", "zero"], ["e"]),
                     node("Gather", ["e", "index"], ["k"])],
    "concat": [node("Concat", ["a3", "a3"], ["d"], axis=1), node("Reshape", ["d", "flat"], ["k"])],
    "transpose": [node("Transpose", ["t"], ["d"]), node("Flatten", ["d"], ["e"], axis=0),
                  node("Squeeze", ["e", "zero"], ["k"])],
    "unsqueeze": [node("Unsqueeze", ["a", "zero"], ["k"])],
    "constant": [node("Constant", [], ["k"], value_floats=[1.5, 2, 3, 4, 5, 6])],
    "constant, one": [node("Constant", [], ["k"], value_float=1.5)],
    "constant, tensor": [node("Constant", [], ["k"], value=numpy_helper.from_array(
        np.arange(6, dtype=F)))],
    "identity": [node("Identity", ["a"], ["k"])],
    # [1, 6] - 3 = [-2, 3]; towards zero / 3 = [0, 1]; * 3 + 3 = [3, 6]; the last is [6].
    "shape arithmetic": [
        node("Shape", ["m"], ["d"]), node("Constant", [], ["three"], value_ints=[3, 3]),
        node("Sub", ["d", "three"], ["e"]), node("Div", ["e", "three"], ["f"]),
        node("Mul", ["f", "three"], ["g"]), node("Add", ["g", "three"], ["h"]),
        node("Gather", ["h", "last"], ["i"]), node("Reshape", ["t", "i"], ["k"])],
    "quantised": [node("QuantizeLinear", ["a", "s", "z"], ["d"]),
                  node("DequantizeLinear", ["d", "s", "z"], ["k"])],
}


@pytest.mark.parametrize("name", FOLDS)
def test_folding(rng: np.random.Generator, tmp_path: Path, name: str) -> None:
    constants: dict[str, ArrayLike] = {
        "a": rng.standard_normal(6).astype(F), "c": F(3), "p": rng.uniform(1, 2, 6).astype(F),
        "m": rng.standard_normal((1, 6)).astype(F), "index": np.array([5, -6, 0, 1, -1, 2]),
        "row": np.array([0]), "zero": np.array([0]), "a3": rng.standard_normal((1, 3)).astype(F),
        "flat": np.array([1, -1]), "last": np.array([-1]),
        "t": rng.standard_normal((2, 3)).astype(F)}
    folded(tmp_path, FOLDS[name], constants, rng)


def test_integers_divide_towards_zero(tmp_path: Path, rng: np.random.Generator) -> None:
    nodes = [node("Div", ["i", "j"], ["q"]), node("Gather", ["a", "q"], ["k"])]
    constants = {"i": np.array([-7, 7, -8, 8, 0, 1]), "j": np.array([2, -2, 3, 3, 5, 1]),
                 "a": np.arange(12, dtype=F)}
    folded(tmp_path, nodes, constants, rng)


@pytest.mark.parametrize(("nodes", "words"), [
    ([node("Gather", ["a", "far"], ["k"])], "an index is outside an axis of length 6"),
    ([node("Div", ["far", "zero"], ["q"]), node("Gather", ["a", "q"], ["k"])],
     "division of integers by zero"),
    ([node("Add", ["a", "far"], ["k"])], "operands of different types, float32 and int64"),
    ([node("Add", ["a", "b5"], ["k"])], r"operands of shapes \[6\] and \[5\] do not broadcast"),
    ([node("Concat", ["a", "b5"], ["k"], axis=1)], "axis 1 of a tensor with 1 axes"),
    ([node("Concat", ["a", "b5"], ["k"])], "attribute 'axis' is missing"),
    ([node("Concat", ["a", "m"], ["k"], axis=0)], "operands differ in shape beside the axis"),
    ([node("Reshape", ["a", "far"], ["k"])], r"shape \[7\] does not fit the 6 elements of \[6\]"),
    ([node("Reshape", ["a", "a"], ["k"])], "shape must be a vector of int64, not float32"),
    ([node("Reshape", ["a", "twice"], ["k"])], r"shape \[-1, -1\] does not fit"),
    ([node("Reshape", ["a", "copy"], ["k"])], r"shape \[0, 0\] copies axis 1 of a tensor with 1"),
    ([node("Unsqueeze", ["a", "twice"], ["k"])], "repeat"),
    ([node("Unsqueeze", ["a"], ["k"])], "axes are missing"),
    ([node("Squeeze", ["a", "zero"], ["k"])], r"axes \[0\] of \[6\] are not all of length 1"),
    ([node("Gather", ["a", "a"], ["k"])], "indices must be int32 or int64, not float32"),
    ([node("Gather", ["nought", "zero"], ["k"])], "cannot gather from a scalar"),
    ([node("Concat", ["a", ""], ["k"], axis=0)], "an input is missing"),
    ([node("Concat", ["a", "far"], ["k"], axis=0)], "operands are of different types"),
    ([node("Pow", ["far", "far"], ["k"])], "powers of integers are not folded"),
    ([node("Reshape", ["a", "long"], ["k"])], "shape has 20 elements, but at most 9 are allowed"),
    ([node("Transpose", ["m"], ["k"], perm=[0] * 20)], "'perm' has 20 elements, but at most 9"),
    ([node("Sqrt", ["a"], [""])], "'k', which nothing makes"),
    ([node("Transpose", ["m"], ["k"], perm=[0, 0])], r"perm \[0, 0\] does not permute 2 axes"),
    ([node("Transpose", ["m"], ["k"], perm=1)], "attribute 'perm' must be a list of integers"),
    ([node("Flatten", ["m"], ["k"], axis=3)], "axis 3 of a tensor with 2 axes"),
    ([node("Flatten", ["m"], ["k"], axis=1.5)], "attribute 'axis' must be of type int"),
    ([node("Sqrt", ["minus"], ["k"])], "the root of a negative number"),
    ([node("Sqrt", ["minus", "minus"], ["k"])], "needs 1 inputs, not 2"),
    ([node("Sqrt", [""], ["k"])], "needs 1 inputs, not 0"),
    ([node("Div", ["a", "nought"], ["k"])], "operand 'k' holds NaN or infinity"),
    ([node("Constant", [], ["k"])], "needs one attribute: its value"),
    ([node("Constant", [], ["k"], value_string="x")], "'value_string' is no dense tensor"),
    ([node("Constant", [], ["k"], value=numpy_helper.from_array(np.float64(3)))],
     "its value has element type DOUBLE; allowed are FLOAT, INT4"),
])
def test_faulty_constants(tmp_path: Path, nodes: list[onnx.NodeProto], words: str) -> None:
    constants = {"a": np.arange(6, dtype=F), "far": np.array([7]), "zero": np.array([0]),
                 "b5": np.ones(5, F), "m": np.ones((2, 3), F), "twice": np.array([-1, -1]),
                 "copy": np.array([0, 0]), "long": np.ones(20, np.int64),
                 "minus": F([-1]), "nought": F(0)}
    model = shaped([*nodes, node("Add", ["x", "k"], ["b"])], constants, ("N", 6))
    with pytest.raises(InputFault, match=words) as caught:
        imported(model, tmp_path)
    assert "\n" not in str(caught.value)


def test_results_must_not_explode(tmp_path: Path) -> None:
    """A product widens its input: the result is bounded too."""
    nodes = [*quantised("x", "a"), node("DequantizeLinear", ["w", "s", "z"], ["v"]),
             node("MatMul", ["a", "v"], ["y"])]
    model = model_of(nodes, {**CONSTANTS, "w": np.ones((2, 2**12), np.int8)},
                     inputs={"x": ("N", 2**15, 2)})
    with pytest.raises(InputFault, match=f"output of {2**27} elements, but at most {MAX_ELEMENTS}"):
        imported(model, tmp_path)


def test_constants_must_not_explode(tmp_path: Path) -> None:
    """A file of a few hundred bytes may not ask for gigabytes."""
    nodes = [node("Add", ["column", "row"], ["m"]), node("Add", ["m", "m"], ["b"])]
    constants = {"column": np.ones((4000, 1), F), "row": np.ones((1, 4000), F)}
    with pytest.raises(InputFault, match="constants grow beyond 64 times what the file holds"):
        imported(shaped(nodes, constants), tmp_path)
    constants = {"column": np.ones((2**14, 1), F), "row": np.ones((1, 2**14), F)}
    with pytest.raises(InputFault, match=f"268435456 elements, but at most {MAX_ELEMENTS}"):
        imported(shaped(nodes, constants), tmp_path)
