"""ONNX with QuantizeLinear and DequantizeLinear: the imported graph against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from gen.frontends.onnx_model import load
from gen.passes import compile_graph
from sw_model.graph import Graph
from sw_model.ops import Arithmetic, Dequantise, MatMul, MultiplyAddShift, Quantise, Rescale
from tests.support.onnx_models import (
    QONNX,
    imported,
    model_of,
    node,
    onnxruntime_operators,
    run_graph,
    run_onnxruntime,
    run_qonnx,
)
from tests.support.qdq_models import BIAS, HEAD, MATMUL, RELU_TAIL, TAIL, dq, gemm, q

F = np.float32
CODES = {np.int8: TensorProto.INT8, np.uint8: TensorProto.UINT8}

#: Models that ONNX Runtime computes in integers: nodes, fused operator.
FUSED: dict[str, tuple[list[onnx.NodeProto], str]] = {
    "gemm": ([*HEAD, gemm(), *TAIL], "QGemm"),
    "gemm, bias": ([*HEAD, BIAS, gemm("bd"), *TAIL], "QGemm"),
    "gemm, alpha": ([*HEAD, gemm(alpha=0.37), *TAIL], "QGemm"),
    "gemm, bias, relu": ([*HEAD, BIAS, gemm("bd", y="r"), *RELU_TAIL], "QGemm"),
    "gemm, bias, float output": ([*HEAD, BIAS, gemm("bd", y="y")], "QGemm"),
    "gemm, bias, identity": ([*HEAD, BIAS, gemm("bd", y="i"), node("Identity", ["i"], ["t"]),
                              *TAIL], "QGemm"),
    "matmul": ([*HEAD, MATMUL, *TAIL], "QLinearMatMul"),
    "matmul, relu": ([*HEAD, node("MatMul", ["xd", "wd"], ["r"]), *RELU_TAIL], "QLinearMatMul"),
    "matmul, float output": ([*HEAD, node("MatMul", ["xd", "wd"], ["y"])], "MatMulIntegerToFloat"),
    "matmul, add": ([*HEAD, BIAS, node("MatMul", ["xd", "wd"], ["m"]),
                     node("Add", ["m", "bd"], ["t"]), *TAIL], "QGemm"),
    "add, matmul, relu": ([*HEAD, BIAS, node("MatMul", ["xd", "wd"], ["m"]),
                           node("Add", ["bd", "m"], ["r"]), *RELU_TAIL], "QGemm"),
    "matmul, add, float output": ([*HEAD, BIAS, node("MatMul", ["xd", "wd"], ["m"]),
                                   node("Add", ["m", "bd"], ["y"])], "QGemm"),
    "flatten": ([q("x", "xq", "x"), dq("xq", "xe", "x"), node("Flatten", ["xe"], ["xf"]),
                 q("xf", "xg", "x"), dq("xg", "xd", "x"), HEAD[2], MATMUL, *TAIL],
                "QLinearMatMul"),
    "two layers": ([*HEAD, BIAS, gemm("bd"), q("t", "hq"), dq("hq", "hd"), dq("v", "vd", "w"),
                    node("MatMul", ["hd", "vd"], ["m"]), q("m", "yq", "low"), dq("yq", "y", "low")],
                   "QLinearMatMul"),
}


def parameters(rng: np.random.Generator, dtype: type, *, per_channel: bool = False,
               powers: bool = False, rows: int = 24) -> dict[str, ArrayLike]:
    """Scales, zero points, weights and a bias in units of the sums.

    Weights of 7 bits: on processors without VNNI, ONNX Runtime saturates sums of two products.
    """
    info = np.iinfo(dtype)

    def scale(low: float, high: float, *shape: int) -> NDArray[np.float32]:
        real = rng.uniform(low, high, shape).astype(F)
        return np.exp2(np.rint(np.log2(real))).astype(F) if powers else real

    sx, sw = scale(0.005, 0.05), scale(0.005, 0.05, *([rows] if per_channel else []))
    zeros = [rows] if per_channel else []
    return {
        "sx": sx, "zx": dtype(rng.integers(info.min, info.max + 1)),
        "w": rng.integers(-64, 65, (120, rows)).astype(np.int8), "sw": sw,
        "zw": np.zeros(zeros, np.int8), "v": rng.integers(-64, 65, (rows, 7)).astype(np.int8),
        "b": rng.integers(-20000, 20000, rows).astype(np.int32), "sb": F(sx * sw),
        "zb": np.zeros(zeros, np.int32), "sy": scale(0.02, 0.2),
        "zy": dtype(rng.integers(info.min, info.max + 1)), "slow": scale(0.02, 0.2),
        "zlow": dtype(info.min), "bf": rng.standard_normal(rows).astype(F)}


def inputs(rng: np.random.Generator, constants: Mapping[str, ArrayLike], samples: int = 50
           ) -> NDArray[np.float32]:
    return (rng.standard_normal((samples, 120)) * 60 * constants["sx"]).astype(F)


def with_codes(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, ArrayLike], dtype: type,
               shape: Sequence[int | str] = ("N", 120), **options: Any) -> onnx.ModelProto:
    """A model that gives the codes of every QuantizeLinear beside its output."""
    codes = [n.output[0] for n in nodes if n.op_type == "QuantizeLinear"]
    return model_of(nodes, constants, inputs={"x": shape}, outputs=("y", *codes),
                    types=dict.fromkeys(codes, CODES[dtype]), **options)


def compare(model: onnx.ModelProto, folder: Path, x: NDArray[np.float32], *, fuse: bool = True
            ) -> Graph:
    """Hold the import of ``model`` to ONNX Runtime, codes and reals; no code may differ."""
    graph = imported(model, folder)
    for name, mine, want in zip(graph.outputs, run_graph(graph, {"x": x}),
                                run_onnxruntime(model, {"x": x}, fuse=fuse), strict=True):
        assert mine.dtype == want.dtype
        np.testing.assert_array_equal(mine, want, name)
    return graph


DIGITS = "models/onnx_qdq/digits_mlp_qdq_s8s8"


def test_digits_equal_their_recording(data_dir: Path) -> None:
    """200 rows by ONNX Runtime: classes, scores and the codes behind these; 0 codes differ."""
    path = data_dir / f"{DIGITS}.onnx"
    recorded = np.load(path.with_suffix(".ref.npz"))
    graph = load(path)
    assert [type(n) for n in graph.nodes] == [Quantise, *[MatMul, Rescale] * 3, Dequantise]
    values = graph.trace({"x": recorded["x"]})
    np.testing.assert_array_equal(values["g2"].argmax(1), recorded["out"].argmax(1))
    np.testing.assert_array_equal(values["g2"], recorded["out"])
    scale, zero = (numpy_helper.to_array(one) for name in ("g2_scale", "g2_zero_point")
                   for one in onnx.load(path).graph.initializer if one.name == name)
    codes = np.rint(recorded["out"] / scale) + zero
    np.testing.assert_array_equal((codes - zero).astype(F) * scale, recorded["out"])
    assert int((values["g2_QuantizeLinear_Output"] != codes).sum()) == 0


def test_every_layer_of_digits_equals_onnxruntime(data_dir: Path) -> None:
    """The codes between the layers, which were not recorded: 0 differ."""
    path = data_dir / f"{DIGITS}.onnx"
    recorded = np.load(path.with_suffix(".ref.npz"))
    model = onnx.load(path)
    codes = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.INT8, None) for name in codes)
    # Asking for the codes does not stop ONNX Runtime from fusing.
    assert onnxruntime_operators(model).count("QGemm") == 3
    scores, *theirs = run_onnxruntime(model, {"x": recorded["x"]})
    if (scores != recorded["out"]).any():
        pytest.skip("ONNX Runtime differs from its own recording on this processor: without VNNI "
                    "it saturates")
    values = load(path).trace({"x": recorded["x"]})
    differing = {name: int((values[name] != want).sum())
                 for name, want in zip(codes, theirs, strict=True)}
    assert differing == {"x_QuantizeLinear_Output": 0, "r0_QuantizeLinear_Output": 0,
                         "r1_QuantizeLinear_Output": 0, "g2_QuantizeLinear_Output": 0}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("name", FUSED)
def test_fused_kernels(rng: np.random.Generator, tmp_path: Path, name: str, per_channel: bool,
                       dtype: type) -> None:
    """Scales of any size: what ONNX Runtime fuses is the same integer arithmetic here."""
    nodes, fused = FUSED[name]
    for _ in range(3):
        constants = parameters(rng, dtype, per_channel=per_channel and name != "two layers")
        # ONNX Runtime makes int8 codes uint8 to fuse a MatMul, unless they are outputs.
        model = (with_codes(nodes, constants, dtype) if dtype is np.uint8
                 else model_of(nodes, constants, inputs={"x": ("N", 120)}))
        graph = compare(model, tmp_path, inputs(rng, constants))
    assert fused in onnxruntime_operators(model)
    quantisers = [n for n in nodes if n.op_type == "QuantizeLinear"]
    rescaled = len(quantisers) - (2 if name == "flatten" else 1)
    assert sum(isinstance(n, Rescale) for n in graph.nodes) == rescaled
    assert sum(isinstance(n, Quantise) for n in graph.nodes) == 1


#: Models that ONNX Runtime computes in float32 between DequantizeLinear and QuantizeLinear.
UNFUSED: dict[str, list[onnx.NodeProto]] = {
    "float bias, no codes": [*HEAD, gemm("bf", y="y")],
    "beta": [*HEAD, BIAS, gemm("bd", beta=0.5), *TAIL],
    "alpha and bias": [*HEAD, BIAS, gemm("bd", alpha=0.5), *TAIL],
    "relu above the lowest code": [*HEAD, BIAS, gemm("bd", y="r"), node("Relu", ["r"], ["t"]),
                                   *TAIL],
    "sum read twice": [*HEAD, BIAS, gemm("bd"), q("t", "yq"), dq("yq", "yd"),
                       node("Add", ["t", "yd"], ["y"])],
    "sum passed on and read": [*HEAD, BIAS, gemm("bd"), node("Identity", ["t"], ["i"]),
                               q("i", "yq"), dq("yq", "yd"), node("Add", ["t", "yd"], ["y"])],
    "reshape between": [*HEAD, MATMUL, node("Unsqueeze", ["t", "axes"], ["u"]), q("u", "yq"),
                        dq("yq", "y")],
    "mul before": [*HEAD[:2], node("Mul", ["xd", "two"], ["xm"]), HEAD[2],
                   node("MatMul", ["xm", "wd"], ["t"]), *TAIL],
    "bias in int8": [*HEAD, MATMUL, q("t", "mq"), dq("mq", "md"), dq("b8", "b8d", "x"),
                     node("Add", ["md", "b8d"], ["o"]), q("o", "yq", "low"),
                     dq("yq", "y", "low")],
    "relu of codes": [*HEAD[:2], node("Relu", ["xd"], ["xr"]), HEAD[2],
                      node("MatMul", ["xr", "wd"], ["t"]), *TAIL],
}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("name", UNFUSED)
def test_float32_between_quantisers(rng: np.random.Generator, tmp_path: Path, name: str,
                                    dtype: type) -> None:
    """Scales are powers of two, so that ONNX Runtime's float32 products are exact too."""
    constants = parameters(rng, dtype, powers=True)
    constants.update(two=F(2), axes=np.array([1]), bf=F(constants["bf"] * 8).round() / F(8),
                     b8=rng.integers(0, 100, 24).astype(dtype))
    model = with_codes(UNFUSED[name], constants, dtype)
    graph = compare(model, tmp_path, inputs(rng, constants), fuse=False)
    # The bias in int8 is added behind a product that is fused by itself.
    assert sum(isinstance(n, Rescale) for n in graph.nodes) == (name == "bias in int8")


@pytest.mark.parametrize("fused", ["gemm, bias", "matmul, add"])
def test_fused_kernels_next_to_ties(rng: np.random.Generator, tmp_path: Path, fused: str) -> None:
    """Sums about every half of the output: here the order of float32 operations decides."""
    halves = np.arange(-128, 128) + 0.5
    for _ in range(8):
        constants = parameters(rng, np.uint8)
        sx, sw, sy = (F(rng.uniform(1, 2) * 1e-3) for _ in range(3))
        exact = float(sx) * float(sw) / float(sy)
        sums = np.rint(halves / (exact * 0.01))[:, None] + [-1, 0, 1]
        constants.update(sx=F(sx / 10), sw=F(sw / 10), sb=F(F(sx / 10) * F(sw / 10)), sy=sy,
                         zy=np.uint8(128), b=sums.ravel().astype(np.int32),
                         w=np.zeros((120, sums.size), np.int8))
        model = with_codes(FUSED[fused][0], constants, np.uint8)
        compare(model, tmp_path, np.zeros((1, 120), F))


def test_bias_on_another_scale_keeps_its_meaning(rng: np.random.Generator, tmp_path: Path) -> None:
    """ONNX Runtime's QGemm adds such a bias as if it were on the sum's scale; ONNX does not."""
    constants = parameters(rng, np.int8, powers=True)
    constants["sb"] = F(constants["sb"] * F(4))
    model = with_codes([*HEAD, BIAS, gemm("bd"), *TAIL], constants, np.int8)
    graph = compare(model, tmp_path, inputs(rng, constants), fuse=False)
    assert any(isinstance(n, Arithmetic) for n in graph.nodes)


def test_bias_that_leaves_32_bits_is_no_part_of_the_sum(rng: np.random.Generator, tmp_path: Path
                                                        ) -> None:
    """ONNX Runtime's QGemm would wrap; what ONNX defines is compiled."""
    constants = parameters(rng, np.int8, powers=True)
    constants["b"] = np.full(24, 2**31 - 1, np.int32)
    for nodes in ([*HEAD, BIAS, node("MatMul", ["xd", "wd"], ["m"]),
                   node("Add", ["m", "bd"], ["t"]), *TAIL], [*HEAD, BIAS, gemm("bd"), *TAIL]):
        graph = compare(with_codes(nodes, constants, np.int8), tmp_path, inputs(rng, constants),
                        fuse=False)
        assert not any(isinstance(n, Rescale) for n in graph.nodes)
        compile_graph(graph)


def test_bias_scale_from_float64(rng: np.random.Generator, tmp_path: Path) -> None:
    """A scale that is off by a rounding is still that of the sums."""
    constants = parameters(rng, np.int8)
    for direction in (0, 1):
        constants["sb"] = np.nextafter(F(constants["sx"] * constants["sw"]), F(direction))
        model = with_codes([*HEAD, BIAS, gemm("bd"), *TAIL], constants, np.int8)
        graph = compare(model, tmp_path, inputs(rng, constants))
        assert sum(isinstance(n, Rescale) for n in graph.nodes) == 1


def test_zero_points_of_weights_and_bias(rng: np.random.Generator, tmp_path: Path) -> None:
    constants = parameters(rng, np.uint8, powers=True)
    constants.update(w=rng.integers(67, 195, (120, 24)).astype(np.uint8), zw=np.uint8(131),
                     zb=np.int32(77))
    for nodes, fuse in (([*HEAD, MATMUL, *TAIL], True), ([*HEAD, BIAS, gemm("bd"), *TAIL], False)):
        graph = compare(with_codes(nodes, constants, np.uint8), tmp_path, inputs(rng, constants),
                        fuse=fuse)
        (product,) = (n for n in graph.nodes if isinstance(n, MatMul))
        assert str(graph.tensors[product.inputs[1]].format) == "int9"  # -131 to 124


def test_bytes_of_both_kinds(rng: np.random.Generator, tmp_path: Path) -> None:
    """uint8 in, int8 out: ONNX Runtime fuses that too."""
    constants = {**parameters(rng, np.uint8), "zy": np.int8(-5)}
    model = model_of([*HEAD, BIAS, gemm("bd"), *TAIL], constants, inputs={"x": ("N", 120)},
                     outputs=("y", "yq"), types={"yq": TensorProto.INT8})
    compare(model, tmp_path, inputs(rng, constants))


def test_vectors_in_rows(rng: np.random.Generator, tmp_path: Path) -> None:
    """(batch, time, channels): the product is fused, the bias stays a float32 addition."""
    constants = parameters(rng, np.uint8, powers=True)
    x = inputs(rng, constants, 60).reshape(12, 5, 120)
    for nodes in ([*HEAD, MATMUL, *TAIL],
                  [*HEAD, BIAS, node("MatMul", ["xd", "wd"], ["m"]),
                   node("Add", ["m", "bd"], ["t"]), *TAIL]):
        graph = compare(with_codes(nodes, constants, np.uint8, ("N", 5, 120)), tmp_path, x)
        assert any(isinstance(n, Arithmetic) for n in graph.nodes) == (len(nodes) == 8)


def test_weights_transposed(rng: np.random.Generator, tmp_path: Path) -> None:
    constants = parameters(rng, np.uint8, per_channel=True)
    constants["w"] = np.ascontiguousarray(np.asarray(constants["w"]).T)
    nodes = [*HEAD[:2], dq("w", "wd", "w", axis=0), BIAS, gemm("bd", transB=1), *TAIL]
    compare(with_codes(nodes, constants, np.uint8), tmp_path, inputs(rng, constants))


def test_relu_of_codes_is_a_clamp(rng: np.random.Generator, tmp_path: Path) -> None:
    constants = {**parameters(rng, np.int8), "zx": np.int8(9)}
    nodes = [*HEAD[:2], node("Relu", ["xd"], ["xr"]), q("xr", "xs", "x"), dq("xs", "xe", "x"),
             HEAD[2], node("MatMul", ["xe", "wd"], ["t"]), *TAIL]
    graph = compare(with_codes(nodes, constants, np.int8), tmp_path, inputs(rng, constants))
    (clamp,) = (n for n in graph.nodes if isinstance(n, MultiplyAddShift))
    assert (clamp.low, clamp.high) == (9, 127)


def test_codes_in_and_out(rng: np.random.Generator, tmp_path: Path) -> None:
    """A model whose input and output are codes: nothing runs on the host."""
    constants = parameters(rng, np.int8)
    nodes = [dq("x", "xd", "x"), HEAD[2], MATMUL, q("t", "y")]
    model = model_of(nodes, constants, inputs={"x": (1, 120)},
                     types={"x": TensorProto.INT8, "y": TensorProto.INT8})
    graph = imported(model, tmp_path)
    x = rng.integers(-128, 128, (30, 120)).astype(np.int8)
    want = [run_onnxruntime(model, {"x": row[None]})[0][0] for row in x]
    np.testing.assert_array_equal(run_graph(graph, {"x": x})[0], want)
    assert graph.tensors["x"].scale == (float(F(constants["sx"])),)
    assert graph.tensors["x"].zero_point == constants["zx"]
    assert graph.tensors["y"].scale == (float(F(constants["sy"])),)


def test_weights_stored_as_floats(rng: np.random.Generator, tmp_path: Path) -> None:
    """QuantizeLinear of a float initialiser is folded."""
    constants = parameters(rng, np.uint8)
    folded = with_codes([*HEAD, MATMUL, *TAIL], constants, np.uint8)
    constants["wf"] = (np.asarray(constants["w"]) * F(constants["sw"])).astype(F)
    nodes = [*HEAD[:2], q("wf", "wq", "w"), dq("wq", "wd", "w"), MATMUL, *TAIL]
    model = model_of(nodes, constants, inputs={"x": ("N", 120)})
    x = inputs(rng, constants)
    (mine,) = run_graph(imported(model, tmp_path), {"x": x})
    np.testing.assert_array_equal(mine, run_onnxruntime(folded, {"x": x})[0])


@pytest.mark.parametrize("kind", [TensorProto.INT4, TensorProto.UINT4, TensorProto.INT16,
                                  TensorProto.UINT16])
def test_other_widths(rng: np.random.Generator, tmp_path: Path, kind: int) -> None:
    """4- and 16-bit codes, against ONNX's reference evaluator."""
    bits = 4 if kind in (TensorProto.INT4, TensorProto.UINT4) else 16
    low = -(1 << bits - 1) if kind in (TensorProto.INT4, TensorProto.INT16) else 0
    w = rng.integers(low, low + (1 << bits), (6, 5))
    constants: dict[str, ArrayLike] = {
        "sx": F(0.25), "sw": F(0.5),
        "zx": helper.make_tensor("zx", kind, [], [low + 3]),
        "zw": helper.make_tensor("zw", kind, [], [low + 5]),
        "w": helper.make_tensor("w", kind, w.shape, w.ravel())}
    nodes = [*HEAD[:2], dq("w", "wd", "w"), node("MatMul", ["xd", "wd"], ["y"])]
    model = model_of(nodes, constants, inputs={"x": (20, 6)}, opset=21)
    x = (rng.integers(-200, 200, (20, 6)) / 8).astype(F)
    graph = imported(model, tmp_path)
    (want,) = ReferenceEvaluator(model).run(None, {"x": x})
    np.testing.assert_array_equal(run_graph(graph, {"x": x})[0], want)
    assert graph.tensors["xq"].format.width == bits
    # Without zero points the stored type is kept.
    for name in ("zx", "zw"):
        constants[name] = helper.make_tensor(name, kind, [], [0])
    graph = imported(model_of(nodes, constants, inputs={"x": (20, 6)}, opset=21), tmp_path)
    (product,) = (n for n in graph.nodes if isinstance(n, MatMul))
    assert len({str(t.format) for t in graph.input_tensors(product)}) == 1
    assert graph.tensors["w"].format.width == bits


def test_default_output_is_uint8(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [node("QuantizeLinear", ["x", "s"], ["c"]), node("DequantizeLinear", ["c", "s"], ["y"])]
    model = model_of(nodes, {"s": F(0.1)}, inputs={"x": ("N", 3)})
    graph = compare(model, tmp_path, rng.standard_normal((9, 3)).astype(F))
    assert str(graph.tensors["c"].format) == "uint8"


def test_output_type_as_attribute(tmp_path: Path) -> None:
    nodes = [node("QuantizeLinear", ["x", "s"], ["c"], output_dtype=TensorProto.INT4),
             node("DequantizeLinear", ["c", "s"], ["y"])]
    graph = imported(model_of(nodes, {"s": F(0.1)}, opset=21), tmp_path)
    assert str(graph.tensors["c"].format) == "int4"


def test_microsofts_domain(rng: np.random.Generator, tmp_path: Path) -> None:
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["c"], domain="com.microsoft"),
             node("DequantizeLinear", ["c", "s", "z"], ["y"], domain="com.microsoft")]
    model = model_of(nodes, {"s": F(0.1), "z": np.uint16(1000)}, inputs={"x": ("N", 3)})
    compare(model, tmp_path, rng.standard_normal((9, 3)).astype(F))


def test_both_kinds_of_quantiser_in_one_file(rng: np.random.Generator, tmp_path: Path) -> None:
    """With a Quant in the file, QuantizeLinear is not fused: qonnx runs node by node."""
    constants = parameters(rng, np.int8, powers=True)
    constants.update(one=F(1), zero=F(0), bits=F(8))
    nodes = [*HEAD, BIAS, gemm("bd"), q("t", "hq"), dq("hq", "hd"),
             node("Quant", ["hd", "sy", "zero", "bits"], ["y"], domain=QONNX, signed=1, narrow=0)]
    x = inputs(rng, constants, 20)
    model = model_of(nodes, constants, inputs={"x": x.shape})
    graph = imported(model, tmp_path)
    np.testing.assert_array_equal(run_graph(graph, {"x": x})[0], run_qonnx(model, {"x": x})[0])
    assert not any(isinstance(n, Rescale) for n in graph.nodes)
