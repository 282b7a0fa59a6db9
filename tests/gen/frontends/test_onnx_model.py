"""ONNX files as such: order, shapes, folding, what is refused and in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from gen.frontends.onnx_model import load
from sw_model.faults import InputFault, Unsupported
from sw_model.graph import Graph
from sw_model.ops import MatMul, Reshape, Transpose
from tests.support.onnx_models import (
    CONSTANTS,
    imported,
    model_of,
    node,
    quantised,
    run_graph,
    run_onnxruntime,
    saved,
    shaped,
)

F = np.float32

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
