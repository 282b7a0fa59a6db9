"""QONNX models: the imported graph against qonnx, which runs the file node by node."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike

from gen.frontends.onnx_model import load
from sw_model.ops import ArgMax, Dequantise, MatMul, Quantise
from tests.support.onnx_models import (
    QONNX,
    imported,
    model_of,
    node,
    run_graph,
    run_qonnx,
)
from tests.support.qonnx_models import CONSTANTS, batch, check, quant

F = np.float32
MODES = ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"]


@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_tfc_equals_the_recording(data_dir: Path, name: str) -> None:
    graph = load(data_dir / "models" / "tfc" / f"{name}.onnx")
    recorded = np.load(data_dir / "models" / "tfc" / f"{name}.mnist100.ref.npz")
    images = (recorded["x"].astype(F) / F(255)).reshape(-1, 1, 28, 28)
    (scores,) = run_graph(graph, {"0": images})
    np.testing.assert_array_equal(scores.argmax(1), recorded["out"].argmax(1))
    np.testing.assert_array_equal(scores, recorded["out"])
    assert graph.name == name
    assert graph.inputs == ("0",)
    assert graph.outputs == ("74" if name == "TFC_1W1A" else "90",)
    assert len([n for n in graph.nodes if isinstance(n, MatMul)]) == 4
    narrow = "bipolar" if name == "TFC_1W1A" else "ternary"
    for product in (n for n in graph.nodes if isinstance(n, MatMul)):
        assert [str(t.format) for t in graph.input_tensors(product)] == [narrow, narrow]


@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_tfc_equals_qonnx_at_every_tensor(data_dir: Path, name: str) -> None:
    path = data_dir / "models" / "tfc" / f"{name}.onnx"
    graph = load(path)
    recorded = np.load(path.with_suffix(".mnist100.ref.npz"))
    images = (recorded["x"][:2].astype(F) / F(255)).reshape(-1, 1, 28, 28)
    mine = graph.trace({"0": images})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes
        model = ModelWrapper(str(path)).transform(InferShapes())
        for k, image in enumerate(images):
            theirs = execute_onnx(model, {"0": image[None]}, return_full_exec_context=True)
            common = sorted(set(mine) & set(theirs) - {"0"})
            assert len(common) >= 14
            for tensor in common:
                np.testing.assert_array_equal(mine[tensor][k], theirs[tensor][0], tensor)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("signed", "narrow"), [(1, 0), (1, 1), (0, 0), (0, 1)])
def test_quantiser_options(rng: np.random.Generator, tmp_path: Path, mode: str, signed: int,
                           narrow: int) -> None:
    """Every option, for activations and for constants, with odd scales and zero points."""
    constants: dict[str, ArrayLike] = {
        "odd": F(0.37), "channels": rng.uniform(0.1, 2, 6).astype(F), "z": F(1),
        "w": batch(rng, 1, 6)}
    nodes, outputs = [], []
    for bits in (1, 2, 3, 8):
        for scale in ("odd", "channels"):
            for zero in ("zero", "z") if bits > 1 else ("zero",):
                options: dict[str, Any] = {
                    "scale": scale, "zero": zero, "bits": "bits" + str(bits),
                    "signed": signed, "narrow": narrow, "mode": mode}
                tag = f"{bits}_{scale}_{zero}"
                nodes += [quant("x", f"a_{tag}", **options), quant("w", f"w_{tag}", **options),
                          node("Add", [f"a_{tag}", f"w_{tag}"], [f"y_{tag}"])]
                outputs.append(f"y_{tag}")
    graph = check(tmp_path, nodes, constants, batch(rng), outputs=outputs)
    assert sum(isinstance(n, Quantise) for n in graph.nodes) == len(outputs)


@pytest.mark.parametrize("domain", ["onnx.brevitas", QONNX])
@pytest.mark.parametrize("op", ["Quant", "IntQuant"])
def test_domains_and_names(rng: np.random.Generator, tmp_path: Path, domain: str, op: str) -> None:
    check(tmp_path, [quant("x", "y", scale="half", op=op, domain=domain)], {}, batch(rng))


def test_finn_domain(rng: np.random.Generator, tmp_path: Path) -> None:
    # qonnx itself no longer runs this domain.
    old = model_of([quant("x", "y", domain="finn.custom_op.general")], CONSTANTS)
    new = model_of([quant("x", "y")], CONSTANTS, inputs={"x": (9, 16)})
    x = batch(rng, 9, 16)
    np.testing.assert_array_equal(run_graph(imported(old, tmp_path), {"x": x})[0],
                                  run_qonnx(new, {"x": x})[0])


@pytest.mark.parametrize("scale", ["one", "half", "odd"])
def test_bipolar_quant(rng: np.random.Generator, tmp_path: Path, scale: str) -> None:
    x = batch(rng)
    x[0] = [0, -0.0, 1e-45, -1e-45, 3e38, -3e38]
    nodes = [node("BipolarQuant", ["x", scale], ["a"], domain=QONNX),
             node("BipolarQuant", ["w", scale], ["b"], domain=QONNX),
             node("Mul", ["a", "b"], ["y"])]
    check(tmp_path, nodes, {"odd": F(7.3), "w": x[1]}, x)


FORMATS = [  # bits, signed, narrow, format
    (1, 1, 0, "bipolar"), (1, 0, 0, "uint1"), (2, 1, 1, "ternary"), (2, 1, 0, "int2"),
    (2, 0, 0, "uint2"), (3, 1, 1, "int3"), (4, 0, 1, "uint4"), (8, 1, 0, "int8"),
    (17, 1, 0, "int17")]


@pytest.mark.parametrize(("bits", "signed", "narrow", "name"), FORMATS)
def test_products_keep_the_narrowest_format(rng: np.random.Generator, tmp_path: Path, bits: int,
                                            signed: int, narrow: int, name: str) -> None:
    options = {"bits": "b", "signed": signed, "narrow": narrow}
    nodes = [quant("x", "a", scale="half", **options), quant("w", "v", scale="quarter", **options),
             node("MatMul", ["a", "v"], ["y"])]
    graph = check(tmp_path, nodes, {"b": F(bits), "w": batch(rng, 6, 5)}, batch(rng))
    (product,) = (n for n in graph.nodes if isinstance(n, MatMul))
    codes, weights = graph.input_tensors(product)
    assert (str(codes.format), str(weights.format)) == (name, name)
    assert weights.shape == (5, 6)
    assert (codes.scale, codes.zero_point, weights.scale) == ((0.5,), 0, (0.25,))
    assert graph.tensors[product.outputs[0]].scale == (0.125,)


def test_zero_points_on_both_sides(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [quant("x", "a", scale="half", zero="z", signed=0),
             quant("w", "v", scale="quarter", zero="columns", signed=0),
             node("MatMul", ["a", "v"], ["y"])]
    graph = check(tmp_path, nodes, {"z": F(5), "columns": F([[0, 3, 7, 15, 1]]),
                                    "w": batch(rng, 6, 5)}, batch(rng))
    (product,) = (n for n in graph.nodes if isinstance(n, MatMul))
    codes, weights = graph.input_tensors(product)
    assert (product.zero_point, codes.zero_point) == (5, 5)
    assert str(weights.format) == "int5"  # -15 to 15


def test_scale_for_each_row_of_the_weights(rng: np.random.Generator, tmp_path: Path) -> None:
    w = batch(rng, 5, 6)
    nodes = [quant("x", "a", scale="half"), quant("w", "v", scale="rows"),
             node("Transpose", ["v"], ["t"], perm=[1, 0]), node("MatMul", ["a", "t"], ["y"])]
    graph = check(tmp_path, nodes, {"rows": F([[1], [0.5], [0.25], [2], [4]]), "w": w}, batch(rng))
    (real,) = (n for n in graph.nodes if isinstance(n, Dequantise))
    np.testing.assert_array_equal(graph.tensors[real.inputs[1]].value, [0.5, 0.25, 0.125, 1, 2])


def test_exact_where_float32_is_not(rng: np.random.Generator, tmp_path: Path) -> None:
    """Sums beyond 2**24 are exact integers; qonnx rounds on the way."""
    x, w = (rng.integers(-2**15, 2**15, size).astype(F) for size in ((8, 300), (300, 4)))
    nodes = [quant("x", "a", bits="b"), quant("w", "v", bits="b"),
             node("MatMul", ["a", "v"], ["y"])]
    model = model_of(nodes, {**CONSTANTS, "b": F(16), "w": w}, inputs={"x": x.shape})
    (mine,) = run_graph(imported(model, tmp_path), {"x": x})
    np.testing.assert_array_equal(mine, (x.astype(np.int64) @ w.astype(np.int64)).astype(F))
    assert (mine != run_qonnx(model, {"x": x})[0]).any()


GEMMS: list[dict[str, Any]] = [
    {}, {"transB": 1}, {"alpha": 0.5}, {"alpha": -2.0, "transB": 1}, {"c": "vector"},
    {"c": "row"}, {"c": "scalar"}, {"c": "vector", "beta": 0.25}, {"c": "run"},
    {"c": "run", "beta": -0.5, "alpha": 4.0, "transB": 1}, {"c": "vector", "alpha": 0.5}]


@pytest.mark.parametrize("options", GEMMS, ids=str)
def test_gemm(rng: np.random.Generator, tmp_path: Path, options: dict[str, Any]) -> None:
    options = dict(options)
    c = options.pop("c", None)
    w = batch(rng, 6, 6)
    nodes = [quant("x", "a", scale="half"), quant("w", "v", scale="half"),
             *([node("Mul", ["x", "two"], ["run"])] if c == "run" else []),
             node("Gemm", ["a", "v", *([c] if c else [])], ["y"], **options)]
    check(tmp_path, nodes, {"w": w, "vector": batch(rng, 6, 1)[:, 0], "row": batch(rng, 1, 6),
                            "scalar": F(3)}, batch(rng))


def chain(*between: onnx.NodeProto, last: str) -> list[onnx.NodeProto]:
    """Quant, then ``between`` from ``a`` to ``last``, then a product with quantised weights."""
    return [quant("x", "a", scale="half", bits="bits8"), *between, quant("w", "v", scale="half"),
            node("MatMul", [last, "v"], ["y"])]


BETWEEN: dict[str, tuple[list[onnx.NodeProto], tuple[int, ...], tuple[int, int]]] = {
    "reshape": ([node("Reshape", ["a", "flat"], ["b"])], (2, 3), (6, 4)),
    "flatten": ([node("Flatten", ["a"], ["b"])], (3, 2), (6, 4)),
    "transpose": ([node("Transpose", ["a"], ["b"], perm=[0, 2, 1])], (2, 3), (2, 4)),
    "mul": ([node("Mul", ["two", "a"], ["b"])], (6,), (6, 4)),
    "div": ([node("Div", ["a", "quarter"], ["b"])], (6,), (6, 4)),
    "relu": ([node("Relu", ["a"], ["b"])], (6,), (6, 4)),
    "relu of unsigned": ([quant("x", "c", scale="half", signed=0), node("Relu", ["c"], ["b"])],
                         (6,), (6, 4)),
    "identity": ([node("Identity", ["a"], ["b"])], (6,), (6, 4)),
    "dropout": ([node("Dropout", ["a"], ["b"])], (6,), (6, 4)),
    "squeeze": ([node("Unsqueeze", ["a", "axes"], ["u"]), node("Squeeze", ["u", "axes"], ["b"])],
                (6,), (6, 4)),
    "all": ([node("Relu", ["a"], ["r"]), node("Mul", ["r", "half"], ["m"]),
             node("Transpose", ["m"], ["t"], perm=[0, 2, 1]), node("Flatten", ["t"], ["f"]),
             node("Div", ["f", "two"], ["b"])], (2, 3), (6, 4)),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_codes_are_followed_to_the_product(rng: np.random.Generator, tmp_path: Path, name: str
                                           ) -> None:
    between, shape, weights = BETWEEN[name]
    graph = check(tmp_path, chain(*between, last="b"),
                  {"flat": np.array([0, -1]), "axes": np.array([1]), "w": batch(rng, *weights)},
                  batch(rng, 40, *shape))
    assert sum(isinstance(n, MatMul) for n in graph.nodes) == 1
    assert sum(isinstance(n, Dequantise) for n in graph.nodes) == 1  # of the sums alone


def test_quantising_twice_is_quantising_once(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [quant("x", "a", scale="odd"), quant("a", "y", scale="odd")]
    graph = check(tmp_path, nodes, {"odd": F(0.1)}, batch(rng))
    assert sum(isinstance(n, Quantise) for n in graph.nodes) == 1


@pytest.mark.parametrize("options", [{"mode": "FLOOR"}, {"narrow": 1}, {"bits": "bits3"},
                                     {"scale": "half"}, {"zero": "one"}], ids=str)
def test_another_grid_is_another_quantiser(rng: np.random.Generator, tmp_path: Path,
                                           options: dict[str, Any]) -> None:
    nodes = [quant("x", "a", scale="odd"), quant("a", "y", **{"scale": "odd", **options})]
    # A scale with which rounding down would not give every code back.
    graph = check(tmp_path, nodes, {"odd": F(0.052130327)}, batch(rng))
    assert sum(isinstance(n, Quantise) for n in graph.nodes) == 2


def test_arithmetic_between_layers(rng: np.random.Generator, tmp_path: Path) -> None:
    """Every float operator in a chain, constants first and last, scalars and channels."""
    nodes = [quant("x", "a", scale="half"), quant("w", "v", scale="half"),
             node("MatMul", ["a", "v"], ["m"]),
             node("BatchNormalization", ["m", "g", "b", "mean", "var"], ["n"], epsilon=1e-5),
             node("Relu", ["n"], ["r"]), node("Add", ["b", "r"], ["p"]),
             node("Sub", ["g", "p"], ["s"]), node("Mul", ["s", "mean"], ["u"]),
             node("Div", ["u", "var"], ["d"]), node("Pow", ["d", "two"], ["e"]),
             node("Add", ["e", "r"], ["f"]), quant("f", "y", scale="half", signed=0)]
    constants = {"w": batch(rng, 6, 5), **{n: rng.uniform(0.1, 3, 5).astype(F)
                                           for n in ("g", "b", "mean", "var")}}
    check(tmp_path, nodes, constants, batch(rng))


@pytest.mark.parametrize("operator", ["Mul", "Div"])
def test_weights_scaled_by_constants(rng: np.random.Generator, tmp_path: Path, operator: str
                                     ) -> None:
    """Positive factors, one for each row too, move into the scale."""
    nodes = [quant("x", "a", scale="half"), quant("w", "v", scale="half"),
             node(operator, ["v", "columns"], ["u"]), node("MatMul", ["a", "u"], ["y"])]
    check(tmp_path, nodes, {"w": batch(rng, 6, 3), "columns": F([2, 0.5, 1])}, batch(rng))


def test_argmax_of_codes_and_of_reals(rng: np.random.Generator, tmp_path: Path) -> None:
    x = batch(rng)
    nodes = [quant("x", "a", scale="half"), node("ArgMax", ["a"], ["i"], axis=1),
             node("Mul", ["a", "c"], ["m"]), node("ArgMax", ["m"], ["j"], axis=-1, keepdims=0)]
    model = model_of(nodes, {**CONSTANTS, "c": rng.standard_normal(6).astype(F)},
                     inputs={"x": x.shape}, outputs=("i", "j"), types={"i": 7, "j": 7})
    graph = imported(model, tmp_path)
    codes, reals = run_graph(graph, {"x": x})
    assert (codes.shape, reals.shape) == ((40, 1), (40,))
    for mine, want in zip((codes, reals), run_qonnx(model, {"x": x}), strict=True):
        np.testing.assert_array_equal(mine, want)
    first, _ = (n for n in graph.nodes if isinstance(n, ArgMax))
    assert str(graph.tensors[first.inputs[0]].format) == "int4"


def test_initialisers_listed_as_inputs_are_constants(rng: np.random.Generator, tmp_path: Path
                                                     ) -> None:
    model = model_of([quant("x", "y", scale="half")], CONSTANTS)
    for tensor in model.graph.initializer:
        model.graph.input.insert(0, onnx.helper.make_tensor_value_info(
            tensor.name, tensor.data_type, tensor.dims))
    assert imported(model, tmp_path).inputs == ("x",)
