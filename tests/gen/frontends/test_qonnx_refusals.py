"""QONNX models: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike

from sw_model.faults import InputFault, Unsupported
from tests.support.onnx_models import (
    QONNX,
    imported,
    model_of,
    node,
)
from tests.support.qonnx_models import CONSTANTS, batch, quant

F = np.float32

FAULTS: list[tuple[dict[str, Any], dict[str, ArrayLike], str]] = [
    ({"scale": "s"}, {"s": F(0)}, "the scale is 0.0, but every scale must be above 0"),
    ({"scale": "s"}, {"s": F(-2)}, "the scale is -2.0, but every scale"),
    ({"scale": "s"}, {"s": F(np.nan)}, "scale holds NaN or infinity"),
    ({"scale": "s"}, {"s": F(np.inf)}, "scale holds NaN or infinity"),
    ({"scale": "s"}, {"s": F([1, 2, 3])}, r"scale of shape \[3\] does not broadcast to \[16\]"),
    ({"scale": "s"}, {"s": np.int8(3)}, "scale must be float32, not int8"),
    ({"scale": "s"}, {"s": np.zeros(0, F)}, "scale is empty"),
    ({"scale": "s"}, {"s": np.float64(1)}, "'s' has element type DOUBLE; allowed are FLOAT, "),
    ({"x": "w", "scale": "s"}, {"s": F([1, 2, 3]), "w": F([1, 2])},
     r"scale of shape \[3\] does not broadcast to \[2\]"),
    ({"zero": "z"}, {"z": F(8)}, "zero point 8 is not a whole number from -8 to 7"),
    ({"zero": "z"}, {"z": F(0.5)}, "zero point 0.5 is not a whole number from -8 to 7"),
    ({"zero": "z", "signed": 0}, {"z": F(-1)}, "zero point -1 is not a whole number from 0 to 15"),
    ({"zero": "z", "bits": "bits1"}, {"z": F(-1)}, "the zero point of one signed bit must be 0"),
    ({"bits": "b"}, {"b": F(0)}, "bit width 0 is not a whole number from 1 to 32"),
    ({"bits": "b"}, {"b": F(33)}, "bit width 33 is not a whole number from 1 to 32"),
    ({"bits": "b"}, {"b": F(2.5)}, "bit width 2.5 is not a whole number"),
    ({"signed": 2}, {}, "attribute 'signed' is 2, but must be 0 or 1"),
    ({"mode": "STOCHASTIC"}, {}, "rounding_mode is 'STOCHASTIC'; there are ROUND, HALF_EVEN, CEIL"),
    ({"scale": "nothing"}, {}, "node 'Quant_0' reads 'nothing', which nothing makes"),
    ({"zero": ""}, {}, r"node 'Quant_0' \(Quant\): needs 4 inputs, not 3"),
]


@pytest.mark.parametrize(("options", "constants", "message"), FAULTS,
                         ids=[message[:30] for _, _, message in FAULTS])
def test_faulty_quantisers(tmp_path: Path, options: dict[str, Any],
                           constants: dict[str, ArrayLike], message: str) -> None:
    options = dict(options)
    nodes = [quant(options.pop("x", "x"), "c", **options), node("Add", ["x", "c"], ["y"])]
    model = model_of(nodes, {**CONSTANTS, **constants})
    with pytest.raises(InputFault, match=message) as caught:
        imported(model, tmp_path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_flags_must_be_there(tmp_path: Path) -> None:
    bare = node("Quant", ["x", "one", "zero", "bits"], ["y"], domain=QONNX, narrow=0)
    with pytest.raises(InputFault, match="attribute 'signed' is missing; it must be 0 or 1"):
        imported(model_of([bare], CONSTANTS), tmp_path)


W = batch(np.random.default_rng(0), 16, 5)
HINDRANCES: list[tuple[list[onnx.NodeProto], dict[str, ArrayLike], str]] = [
    ([quant("w", "v"), node("MatMul", ["x", "v"], ["y"])], {"w": W},
     "MatMul_1: MatMul: not a product of two quantised operands: input 'x' is float"),
    ([quant("x", "a"), node("MatMul", ["a", "w"], ["y"])], {"w": W}, "weights 'w' is float"),
    ([node("MatMul", ["x", "w"], ["b"]), quant("b", "y")], {"w": W},
     "input 'x' and weights 'w' are float"),
    ([quant("x", "a", scale="s"), quant("w", "v"), node("MatMul", ["a", "v"], ["y"])],
     {"w": W, "s": F([*range(1, 17)])}, "input 'a' has a scale for each column"),
    ([quant("x", "a"), quant("w", "v", scale="s"), node("MatMul", ["a", "v"], ["y"])],
     {"w": W, "s": F([*range(1, 17)])[:, None]}, "scale differs along the summed axis"),
    ([quant("x", "a"), node("MatMul", ["a", "a"], ["y"])], {},
     "operands are computed at run time and computed at run time"),
    ([quant("x", "a"), quant("w", "v"), node("Gemm", ["a", "v"], ["y"], transA=1)], {"w": W},
     "transA moves axis 0, the batch"),
    ([quant("x", "a"), quant("w", "v"), node("MatMul", ["a", "v"], ["y"])], {"w": W[None]},
     r"weights of shape \[1, 16, 5\] and an input of \[1, 16\]"),
    ([quant("x", "a", bits="b"), quant("w", "v", bits="b"), node("MatMul", ["a", "v"], ["y"])],
     {"w": W * F(1e8), "b": F(32)}, r"its sums need 6\d bits"),
    ([node("BipolarQuant", ["x", "one"], ["a"], domain=QONNX), node("Relu", ["a"], ["r"]),
      quant("w", "v"), node("MatMul", ["r", "v"], ["y"])], {"w": W}, "input 'r' is float"),
    ([quant("x", "a", scale="s"), node("Reshape", ["a", "split"], ["r"]), quant("w", "v"),
      node("MatMul", ["r", "v"], ["y"])],
     {"w": W, "split": np.array([1, 2, 8]), "s": F([*range(1, 17)])}, "input 'r' is float"),
    ([quant("x", "a"), quant("w", "v"), node("Mul", ["v", "minus"], ["u"]),
      node("MatMul", ["a", "u"], ["y"])], {"w": W, "minus": F(-1)}, "weights 'u' is float"),
    ([quant("x", "a"), node("Div", ["two", "a"], ["b"]), quant("w", "v"),
      node("MatMul", ["b", "v"], ["y"])], {"w": W}, "input 'b' is float"),
    ([quant("x", "a"), node("Add", ["two", "a"], ["b"]), quant("w", "v"),
      node("MatMul", ["b", "v"], ["y"])], {"w": W}, "input 'b' is float"),
    ([quant("x", "a"), quant("w", "v"), node("Add", ["v", "one"], ["u"]),
      node("MatMul", ["a", "u"], ["y"])], {"w": W}, "weights 'u' is float"),
    ([quant("x", "a"), quant("w", "v"), node("Gemm", ["a", "v", "x"], ["y"])], {"w": W},
     r"C of shape \[16\] is not as long as the result, 5"),
    ([quant("x", "a"), node("ArgMax", ["w"], ["i"], axis=1), node("Add", ["a", "i"], ["y"])],
     {"w": W}, "operand 'w' is constant where one computed at run time is needed"),
    ([node("BatchNormalization", ["x", "v", "v", "v", "v"], ["b"], training_mode=1),
      quant("b", "y")], {"v": np.ones(16, F)}, "it is in training mode or not spatial"),
    ([quant("x", "a", zero="z")], {"z": F([*range(-8, 8)])},
     "the zero point differs from channel to channel"),
    ([quant("x", "a", bits="b")], {"b": F([*range(1, 17)])},
     "the bit width differs from element to element"),
    ([node("Mul", ["x", "two"], ["s"]), quant("x", "a", scale="s")], {},
     "scale 's' is computed at run time"),
    ([quant("x", "a", scale="s")], {"s": F(np.ones((1, 1, 1)))},
     "scale has 3 axes, more than its operand"),
    ([quant("x", "a", scale="tiny"), quant("w", "v", scale="tiny"),
      node("MatMul", ["a", "v"], ["y"])], {"w": W, "tiny": F(1e-30)},
     "the product of the operands' scales leaves float32"),
]


@pytest.mark.parametrize(("nodes", "constants", "message"), HINDRANCES,
                         ids=[message[:40] for _, _, message in HINDRANCES])
def test_unsupported_forms(tmp_path: Path, nodes: list[onnx.NodeProto],
                           constants: dict[str, ArrayLike], message: str) -> None:
    model = model_of(nodes, {**CONSTANTS, **constants}, outputs=(nodes[-1].output[0],))
    with pytest.raises(Unsupported, match=message) as caught:
        imported(model, tmp_path)
    assert len(caught.value.obstacles) == 1


@pytest.mark.parametrize(("length", "variance", "message"), [
    (15, 1.0, r"scale has shape \[15\], but must be \[16\]"),
    (16, -1.0, r"'n' \(BatchNormalisation\): variance \+ epsilon must be positive"),
    (16, np.inf, "variance holds NaN or infinity")])
def test_faulty_normalisation(tmp_path: Path, length: int, variance: float, message: str) -> None:
    nodes = [node("BatchNormalization", ["x", "g", "v", "v", "v"], ["b"], name="n"),
             quant("b", "y")]
    nodes[0].input[2:4] = ["g16", "g16"]
    model = model_of(nodes, {**CONSTANTS, "g": np.ones(length, F), "g16": np.ones(16, F),
                             "v": np.full(16, variance, F)})
    with pytest.raises(InputFault, match=message):
        imported(model, tmp_path)


def test_faulty_products(tmp_path: Path) -> None:
    nodes = [quant("x", "a"), quant("w", "v"), node("MatMul", ["a", "v"], ["y"])]
    with pytest.raises(InputFault, match=r"'MatMul_2' \(MatMul\): weights of shape \[15, 5\] "
                                         r"do not fit an input of \[1, 16\]"):
        imported(model_of(nodes, {**CONSTANTS, "w": W[:15]}), tmp_path)
    nodes[2] = node("Gemm", ["a", "v", "c"], ["y"])
    with pytest.raises(InputFault, match=r"C of shape \[4\] does not broadcast to \[5\]"):
        imported(model_of(nodes, {**CONSTANTS, "w": W, "c": F([1, 2, 3, 4])}), tmp_path)
    nodes[2] = node("Gemm", ["a", "v", "c"], ["y"], beta=1e38)
    with pytest.raises(InputFault, match=r"beta \* C leaves float32"):
        imported(model_of(nodes, {**CONSTANTS, "w": W, "c": F(9)}), tmp_path)
    nodes[2] = node("Gemm", ["a", "v"], ["y"], alpha=float("inf"))
    with pytest.raises(InputFault, match="attribute 'alpha' is inf, but must be finite"):
        imported(model_of(nodes, {**CONSTANTS, "w": W}), tmp_path)
    nodes[2] = node("Gemm", ["a", "v", "c"], ["y"])
    with pytest.raises(InputFault, match="its input has 3 axes, but must have 2"):
        imported(model_of(nodes, {**CONSTANTS, "w": W, "c": F(1)}, inputs={"x": (1, 2, 16)}),
                 tmp_path)
