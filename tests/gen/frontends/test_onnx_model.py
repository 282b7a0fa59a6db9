"""ONNX files as such: order, shapes, folding, what is refused and in which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from onnx import TensorProto, numpy_helper

from gen.frontends.limits import MAX_ELEMENTS, MAX_NODES, MAX_TENSORS
from gen.frontends.onnx_model import load
from sw_model.faults import InputFault, Unsupported
from sw_model.graph import Graph
from sw_model.ops import MatMul, Reshape, Transpose
from tests.support.onnx_models import (
    FLOAT,
    imported,
    model_of,
    node,
    run_graph,
    run_onnxruntime,
    saved,
)

F = np.float32
CONSTANTS: dict[str, ArrayLike] = {"s": F(0.5), "z": np.int8(0), "one": F(1), "two": F(2)}


def quantised(x: str, y: str = "y") -> list[onnx.NodeProto]:
    """Quantise and back: what makes a model no float model."""
    return [node("QuantizeLinear", [x, "s", "z"], [f"{y}_q"]),
            node("DequantizeLinear", [f"{y}_q", "s", "z"], [y])]


def shaped(nodes: Sequence[onnx.NodeProto], constants: dict[str, ArrayLike] | None = None,
           shape: Sequence[int | str] = ("N", 2, 3, 4), **options: Any) -> onnx.ModelProto:
    """``nodes`` from x to b, then quantisers."""
    return model_of([*nodes, *quantised("b")], {**CONSTANTS, **(constants or {})},
                    inputs={"x": shape}, **options)


SHAPE_OF_BATCH = [node("Shape", ["x"], ["n"]), node("Gather", ["n", "zero"], ["g"]),
                  node("Unsqueeze", ["g", "axes"], ["u"]),
                  node("Concat", ["u", "rest"], ["c"], axis=0), node("Reshape", ["x", "c"], ["b"])]

RESHAPES: dict[str, tuple[list[onnx.NodeProto], list[int], tuple[int, ...]]] = {
    "[1, -1]": ([node("Reshape", ["x", "to"], ["b"])], [1, -1], (24,)),
    "[0, -1]": ([node("Reshape", ["x", "to"], ["b"])], [0, -1], (24,)),
    "[-1, 24]": ([node("Reshape", ["x", "to"], ["b"])], [-1, 24], (24,)),
    "[1, 24]": ([node("Reshape", ["x", "to"], ["b"])], [1, 24], (24,)),
    "[0, 4, -1, 0]": ([node("Reshape", ["x", "to"], ["b"])], [0, 3, -1, 0], (3, 2, 4)),
    "[-1, 1, 24]": ([node("Reshape", ["x", "to"], ["b"])], [-1, 1, 24], (1, 24)),
    "from Shape": (SHAPE_OF_BATCH, [-1], (24,)),
    "Flatten": ([node("Flatten", ["x"], ["b"])], [], (24,)),
    "Flatten, axis -3": ([node("Flatten", ["x"], ["b"], axis=-3)], [], (24,)),
    "Unsqueeze": ([node("Unsqueeze", ["x", "axes2"], ["b"])], [], (2, 1, 3, 4)),
}


@pytest.mark.parametrize("batch", [1, "N", -1, 0])
@pytest.mark.parametrize("name", RESHAPES)
def test_reshape_per_sample(rng: np.random.Generator, tmp_path: Path, name: str,
                            batch: int | str) -> None:
    """Whatever axis 0 is called, the import is the reshape of one sample."""
    nodes, to, want = RESHAPES[name]
    constants = {"to": np.array(to), "zero": np.array(0), "axes": np.array([0]),
                 "axes2": np.array([2]), "rest": np.array(to[:1])}
    graph = imported(shaped(nodes, constants, (batch, 2, 3, 4)), tmp_path)
    assert graph.tensors["x"].shape == (2, 3, 4)
    assert graph.tensors["y"].shape == want
    x = rng.standard_normal((7, 2, 3, 4)).astype(F)
    each = [run_onnxruntime(shaped(nodes, constants, (1, 2, 3, 4)), {"x": one[None]})[0][0]
            for one in x]
    np.testing.assert_array_equal(run_graph(graph, {"x": x})[0], each)


def test_batch_of_fixed_length(rng: np.random.Generator, tmp_path: Path) -> None:
    constants = {"to": np.array([5, 24]), "zero": np.array(0), "axes": np.array([0]),
                 "rest": np.array([-1])}
    for nodes in ([node("Reshape", ["x", "to"], ["b"])], SHAPE_OF_BATCH):
        model = shaped(nodes, constants, (5, 2, 3, 4))
        graph = imported(model, tmp_path)
        x = rng.standard_normal((5, 2, 3, 4)).astype(F)
        np.testing.assert_array_equal(run_graph(graph, {"x": x})[0],
                                      run_onnxruntime(model, {"x": x})[0])


@pytest.mark.parametrize(("nodes", "to", "words"), [
    ([node("Reshape", ["x", "to"], ["b"])], [24], r"makes \[24\] of \[1, 2, 3, 4\], which mixes"),
    ([node("Reshape", ["x", "to"], ["b"])], [2, 12], "mixes the samples of axis 0"),
    ([node("Flatten", ["x"], ["b"], axis=2)], [], r"makes \[2, 12\] of \[1, 2, 3, 4\]"),
    ([node("Transpose", ["x"], ["b"])], [], r"perm \[3, 2, 1, 0\] moves axis 0, the batch"),
    ([node("Squeeze", ["x"], ["b"])], [], "mixes the samples of axis 0"),
    ([node("Reshape", ["w", "x"], ["b"])], [], "Reshape: the shape is computed at run time"),
    ([node("ArgMax", ["x"], ["b"])], [], "it searches axis 0 of 4"),
    ([node("ArgMax", ["x"], ["b"], axis=3, select_last_index=1)], [], "the last of equal maxima"),
    ([node("Gather", ["x", "to"], ["b"])], [0], "Gather: it depends on the model's input"),
    ([node("Sqrt", ["x"], ["b"])], [], "only on constants is it supported"),
    ([node("Dropout", ["x", "one", "yes"], ["b"])], [], "it is in training mode"),
    ([node("Dropout", ["x"], ["b", "m"]), node("Identity", ["m"], ["i"])], [], ""),
    ([node("Dropout", ["x"], ["i", "m"]), node("Add", ["i", "m"], ["b"])], [],
     "output 'm' is used"),
    ([node("Add", ["x", "wide"], ["b"])], [], "operand 'wide' has 5 axes, more than its"),
    ([node("Flatten", ["x"], ["f"]), node("Add", ["x", "f"], ["b"])], [],
     "two run-time operands of different shapes"),
    ([node("BatchNormalization", ["x", "v", "v", "v", "v"], ["b"])], [],
     "it normalises axis 1 of a tensor with 4 axes"),
], ids=lambda value: str(value)[:30] if isinstance(value, str) else None)
def test_forms_that_are_not_supported(tmp_path: Path, nodes: list[onnx.NodeProto], to: list[int],
                                      words: str) -> None:
    constants = {"to": np.array(to, np.int64), "w": np.ones(24, F), "yes": np.array(True),
                 "wide": np.ones((9, 1, 2, 3, 4), F), "v": np.ones(2, F)}
    model = shaped(nodes, constants, ("N", 2, 3, 4), opset=13)
    if not words:
        assert imported(model, tmp_path).outputs == ("y",)  # an unused mask does no harm
        return
    with pytest.raises(Unsupported, match=words) as caught:
        imported(model, tmp_path)
    assert len(caught.value.obstacles) == 1


def test_operands_that_differ_between_samples(tmp_path: Path) -> None:
    model = shaped([node("Add", ["x", "w"], ["b"])], {"w": np.ones((4, 3), F)}, (4, 3))
    with pytest.raises(Unsupported, match="operand 'w' differs from sample to sample"):
        imported(model, tmp_path)
    model = shaped([node("Add", ["x", "w"], ["b"])], {"w": np.ones((4, 3), F)}, (1, 1, 3))
    with pytest.raises(Unsupported, match=r"operand 'w' of shape \[4, 3\] would widen \[1, 3\]"):
        imported(model, tmp_path)


def test_transpose_of_short_axes_is_a_reshape(rng: np.random.Generator, tmp_path: Path) -> None:
    x = rng.standard_normal((5, 1, 3, 4)).astype(F)
    for order, kind in (([0, 2, 3, 1], Reshape), ([0, 3, 1, 2], Transpose)):
        model = shaped([node("Transpose", ["x"], ["b"], perm=order)], None, ("N", 1, 3, 4))
        graph = imported(model, tmp_path)
        assert any(isinstance(n, kind) for n in graph.nodes)
        np.testing.assert_array_equal(run_graph(graph, {"x": x})[0],
                                      run_onnxruntime(model, {"x": x})[0])


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


def test_order_of_nodes_does_not_matter(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [node("Mul", ["x", "two"], ["a"]), node("Add", ["a", "one"], ["b"]), *quantised("b")]
    x = rng.standard_normal((4, 16)).astype(F)
    want = run_graph(imported(model_of(nodes, CONSTANTS), tmp_path), {"x": x})
    np.testing.assert_array_equal(
        run_graph(imported(model_of(nodes[::-1], CONSTANTS), tmp_path), {"x": x}), want)


def test_nodes_that_no_output_needs_are_left_out(tmp_path: Path) -> None:
    nodes = [*quantised("x"), node("Conv", ["x", "one"], ["c"]), node("Relu", ["y"], ["r"])]
    graph = imported(model_of(nodes, CONSTANTS), tmp_path)
    assert [type(n).__name__ for n in graph.nodes] == ["Quantise", "Dequantise"]


def test_outputs_in_the_files_order(rng: np.random.Generator, tmp_path: Path) -> None:
    """Outputs that are codes, another name for a tensor, or the input itself."""
    nodes = [*quantised("x"), node("Identity", ["y"], ["i"]), node("Identity", ["y_q"], ["j"]),
             node("Relu", ["i"], ["r"])]
    model = model_of(nodes, CONSTANTS, outputs=("r", "j", "i", "x", "y"),
                     types={"j": TensorProto.INT8})
    graph = imported(model, tmp_path)
    assert graph.outputs == ("r", "j", "i", "x", "y")
    x = rng.standard_normal((4, 16)).astype(F)
    for mine, want in zip(run_graph(graph, {"x": x}), run_onnxruntime(model, {"x": x}),
                          strict=True):
        np.testing.assert_array_equal(mine, want)


def test_several_inputs(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [node("Add", ["x2", "x1"], ["b"]), *quantised("b")]
    shapes = {"x1": ("N", 5), "unused": ("N", 2), "x2": (1, 5)}
    graph = imported(model_of(nodes, CONSTANTS, inputs=shapes), tmp_path)
    assert graph.inputs == ("x1", "unused", "x2")
    with pytest.raises(InputFault, match=r"axis 0 of all inputs is the batch and must have one "
                                         r"length, not 'x1' 3, 'x2' 4"):
        imported(model_of(nodes, CONSTANTS, inputs={"x1": (3, 5), "x2": (4, 5)}), tmp_path)


def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Names that repeat, are missing, or do not fit in a line."""
    nodes = [node("Relu", ["x"], ["a\nb"], name="same"), node("Relu", ["a\nb"], ["c"], name="same"),
             node("Relu", ["c"], ["b"]), *quantised("b")]
    path = saved(model_of(nodes, CONSTANTS), tmp_path, "1-bad name.onnx")
    graph = load(path)
    assert [n.name for n in graph.nodes] == ["same", "same_1", "Relu_2", "QuantizeLinear_3",
                                             "DequantizeLinear_4"]
    assert graph.nodes[0].outputs == (r"a\nb",)
    assert graph.name.isidentifier()


def test_made_up_names_keep_clear_of_the_files(tmp_path: Path) -> None:
    """The file itself may call a tensor, or a later one, what the import would call the sums."""
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["y_sums"]),
             node("DequantizeLinear", ["y_sums", "s", "z"], ["y_scale"]),
             node("DequantizeLinear", ["w", "s", "z"], ["v"]),
             node("MatMul", ["y_scale", "v"], ["y"]), node("MatMul", ["y_scale", "v"], ["m"]),
             node("Relu", ["m"], ["m_sums"])]
    model = model_of(nodes, {**CONSTANTS, "w": np.ones((16, 3), np.int8)}, outputs=("y", "m_sums"))
    graph = imported(model, tmp_path)
    sums = [n.outputs[0] for n in graph.nodes if isinstance(n, MatMul)]
    assert sums == ["y_sums_2", "m_sums_2"]


def test_the_same_file_gives_the_same_graph(tmp_path: Path, data_dir: Path) -> None:
    path = data_dir / "models" / "tfc" / "TFC_2W2A.onnx"
    written = [[file.read_bytes() for file in load(path).save(tmp_path)] for _ in range(2)]
    assert written[0] == written[1]
    assert Graph.load(tmp_path).outputs == ("90",)


def test_all_unknown_operators_at_once(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "one"], ["a"], name="c1"), node("Softmax", ["a"], ["d"], name="s1"),
             node("Frobnicate", ["d"], ["e"], name="f1", domain="my.domain"),
             node("MatMul", ["x", "one"], ["m"], name="m1"), node("Add", ["e", "m"], ["b"]),
             node("Trunc", ["x"], ["t"], name="t1", domain="qonnx.custom_op.general"),
             *quantised("b")]
    model = model_of(nodes, CONSTANTS, outputs=("y", "t"))
    with pytest.raises(Unsupported, match="5 unsupported: c1: unknown operator Conv") as caught:
        imported(model, tmp_path)
    assert [o.node for o in caught.value.obstacles] == ["c1", "s1", "f1", "m1", "t1"]
    assert caught.value.obstacles[2].reason == "unknown operator my.domain.Frobnicate"
    assert caught.value.obstacles[1].remedy.startswith("end the model before it; ArgMax")
    assert caught.value.obstacles[3].reason.startswith("MatMul: not a product of two quantised")


def test_float_models_are_told_so(tmp_path: Path) -> None:
    model = model_of([node("MatMul", ["x", "w"], ["y"])], {"w": np.ones((16, 2), F)})
    with pytest.raises(InputFault, match="a float model: it has no Quant or BipolarQuant"):
        imported(model, tmp_path)


def test_real_files_truncated_anywhere(data_dir: Path, tmp_path: Path) -> None:
    data = (data_dir / "models" / "tfc" / "TFC_1W1A.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in [0, 1, 7, *range(100, len(data), 7919), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(InputFault, match=r"cut\.onnx: "):
            load(path)


def test_files_that_are_no_onnx(tmp_path: Path) -> None:
    path = tmp_path / "f.onnx"
    for data in (b"", b"TFL3" * 40, b"\x08\x08" * 9, bytes(range(256)) * 8):
        path.write_bytes(data)
        with pytest.raises(InputFault, match="no ONNX file, or a truncated one"):
            load(path)
    with pytest.raises(InputFault, match="cannot be read: No such file"):
        load(tmp_path / "nothing.onnx")


def spoil(change: Callable[[onnx.ModelProto], object]) -> Callable[[], onnx.ModelProto]:
    """A small sound model with ``change`` done to it."""
    def make() -> onnx.ModelProto:
        model = model_of([node("Mul", ["x", "two"], ["b"]), *quantised("b")], CONSTANTS)
        change(model)
        return model
    return make


def constant_of(model: onnx.ModelProto, name: str) -> TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


def external(model: onnx.ModelProto) -> None:
    tensor = constant_of(model, "two")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def dimension(k: int, value: int) -> Callable[[onnx.ModelProto], object]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[k].dim_value = value
    return change


def constant_shape(*dims: int) -> Callable[[onnx.ModelProto], object]:
    return lambda model: constant_of(model, "two").dims.extend(dims)


def typed(kind: int, **values: Any) -> Callable[[onnx.ModelProto], object]:
    def change(model: onnx.ModelProto) -> None:
        tensor = constant_of(model, "two")
        tensor.ClearField("raw_data")
        tensor.data_type = kind
        for name, value in values.items():
            getattr(tensor, name).extend(value)
    return change


def long_name(model: onnx.ModelProto) -> None:
    model.graph.node[0].name = "n" * 5000


SPOILT: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "external data": (external, "initialiser 'two' keeps its values in another file"),
    "too many bytes": (lambda m: setattr(constant_of(m, "two"), "raw_data", b"12345"),
                       r"initialiser 'two' holds 5 bytes, but its shape \[\] needs 4"),
    "huge": (constant_shape(2**40), f"1099511627776 elements, but at most {MAX_ELEMENTS}"),
    "huge product": (constant_shape(2**20, 2**20), "1099511627776 elements, but at most"),
    "negative": (constant_shape(-1), r"has shape \[-1\], but every axis must be at least 1"),
    "many axes": (constant_shape(*[1] * 9), "has 9 axes, but at most 8 are allowed"),
    "few values": (typed(FLOAT, float_data=[]), r"does not hold the 1 values that its shape \[\]"),
    "wrong kind": (typed(TensorProto.DOUBLE, double_data=[2.0]), "has element type DOUBLE"),
    "unknown kind": (typed(77), "has element type 77; allowed are FLOAT"),
    "strings": (typed(TensorProto.STRING, string_data=[b"2"]), "has element type STRING"),
    "no opset": (lambda m: m.ClearField("opset_import"), "does not say which ONNX operator set"),
    "old opset": (lambda m: setattr(m.opset_import[0], "version", 6),
                  "operator set 6, but 7 to 25 are supported"),
    "new opset": (lambda m: setattr(m.opset_import[0], "version", 2**40), "operator set 1099511"),
    "no graph": (lambda m: m.ClearField("graph"), "it holds no graph with nodes"),
    "no nodes": (lambda m: m.graph.ClearField("node"), "it holds no graph with nodes"),
    "no outputs": (lambda m: m.graph.ClearField("output"), "the graph has no outputs"),
    "no inputs": (lambda m: m.graph.ClearField("input"), "the graph has no inputs"),
    "output twice": (lambda m: m.graph.output.append(m.graph.output[0]),
                     "output 'y' is listed twice"),
    "input twice": (lambda m: m.graph.input.append(m.graph.input[0]), "input 'x' is listed twice"),
    "output of nothing": (lambda m: setattr(m.graph.output[0], "name", "q"),
                          "nothing makes output 'q'"),
    "constant output": (lambda m: setattr(m.graph.output[0], "name", "two"),
                        "output 'two' depends on no input"),
    "constant twice": (lambda m: m.graph.initializer.append(m.graph.initializer[0]),
                       "two initialisers are called 's'"),
    "no name": (lambda m: setattr(constant_of(m, "two"), "name", ""), "an initialiser has no name"),
    "sparse": (lambda m: m.graph.sparse_initializer.add(), "sparse initialisers"),
    "missing": (lambda m: m.graph.node[0].input.__setitem__(1, "gone"),
                "node 'Mul_0' reads 'gone', which nothing makes"),
    "made twice": (lambda m: m.graph.node[1].output.__setitem__(0, "b"),
                   "node 'QuantizeLinear_1' makes 'b', which exists already"),
    "overwritten input": (lambda m: m.graph.node[0].output.__setitem__(0, "x"),
                          "node 'Mul_0' makes 'x', which exists already"),
    "much in all": (lambda m: m.graph.initializer.extend(
        TensorProto(name=f"i{k}", dims=[2**25], data_type=FLOAT) for k in range(3)),
        f"100663299 elements in constants, but at most {MAX_ELEMENTS}"),
    "many tensors": (lambda m: m.graph.initializer.extend(
        TensorProto(name=f"i{k}", dims=[1], data_type=FLOAT) for k in range(MAX_TENSORS)),
        f"more than {MAX_TENSORS} tensors"),
    "segment": (lambda m: setattr(constant_of(m, "two").segment, "begin", 1), "stored in segments"),
    "no output": (lambda m: m.graph.node[1].ClearField("output"), "'y_q', which nothing makes"),
    "cycle": (lambda m: m.graph.node[0].input.__setitem__(1, "y"),
              "the graph has a cycle; node 'Mul_0' is on it or behind it"),
    "own input": (lambda m: m.graph.node[0].input.__setitem__(1, "b"), "the graph has a cycle"),
    "no batch": (lambda m: m.graph.input[0].type.tensor_type.shape.ClearField("dim"),
                 "input 'x' has 0 axes, but 1 to 9 are allowed"),
    "no shape": (lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
                 "input 'x' is no tensor of a declared shape"),
    "open axis": (dimension(1, 0), "axis 1 has length 0, but every axis except the batch"),
    "negative axis": (dimension(1, -5), "axis 1 has length -5"),
    "huge input": (dimension(1, 2**62), "4611686018427387904 elements, but at most"),
    "huge batch": (dimension(0, 2**60), "elements, but at most"),
    "input of strings": (lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 8),
                         "input 'x' has element type STRING; allowed are FLOAT"),
    "long name": (long_name, "a name of 5000 characters, but at most 1000 are allowed"),
    "many nodes": (lambda m: m.graph.node.extend([m.graph.node[0]] * MAX_NODES),
                   f"{MAX_NODES + 3} nodes, but at most {MAX_NODES} are allowed"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_files(tmp_path: Path, name: str) -> None:
    change, words = SPOILT[name]
    path = saved(spoil(change)(), tmp_path)
    with pytest.raises(InputFault, match=words) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    data = saved(spoil(lambda m: None)(), tmp_path).read_bytes()
    path = tmp_path / "bytes.onnx"
    path.write_bytes(data.replace(b"Mul", b"M\xff\xfe"))
    with pytest.raises(InputFault, match="damaged: a name is not UTF-8"):
        load(path)


def test_sound_before_it_is_spoilt(tmp_path: Path) -> None:
    assert imported(spoil(lambda m: None)(), tmp_path).outputs == ("y",)
