"""Small ONNX models made for tests, and the two interpreters that run them."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from gen.frontends.onnx_model import load
from sw_model.graph import Graph

__all__ = ["CONSTANTS", "FLOAT", "QONNX", "imported", "int_quant", "model_of", "node",
           "onnxruntime_operators", "quantised", "run_graph", "run_onnxruntime", "run_qonnx",
           "saved", "shaped"]

QONNX = "qonnx.custom_op.general"
FLOAT = TensorProto.FLOAT
F = np.float32

#: Of :func:`quantised` and of small models.
CONSTANTS: dict[str, ArrayLike] = {"s": F(0.5), "z": np.int8(0), "one": F(1), "two": F(2)}

node = helper.make_node


def model_of(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, ArrayLike], *,
             inputs: Mapping[str, Sequence[int | str]] | None = None,
             outputs: Sequence[str] = ("y",), opset: int = 13,
             types: Mapping[str, int] | None = None) -> onnx.ModelProto:
    """A model of ``nodes``.

    Parameters
    ----------
    constants : mapping of str to array
        Initialisers; those that no node reads are left out. A TensorProto stays as it is.
    inputs : mapping of str to shape, optional
        With the batch axis; ``{"x": ("N", 16)}`` if left out.
    types : mapping of str to element type, optional
        Of inputs and outputs that are not float32.
    """
    kind = dict(types or {})
    read = {name for one in nodes for name in one.input}
    given = {"x": ("N", 16)} if inputs is None else inputs
    graph = helper.make_graph(
        list(nodes), "g",
        [helper.make_tensor_value_info(name, kind.get(name, FLOAT), list(shape))
         for name, shape in given.items()],
        [helper.make_tensor_value_info(name, kind.get(name, FLOAT), None) for name in outputs],
        [value if isinstance(value, TensorProto) else numpy_helper.from_array(
            np.asarray(value), name) for name, value in constants.items() if name in read])
    domains = sorted({one.domain for one in nodes} - {""})
    model = helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)])
    model.ir_version = 8 if opset < 21 else 10
    return model


def quantised(x: str, y: str = "y") -> list[onnx.NodeProto]:
    """Quantise and back: what makes a model no float model."""
    return [node("QuantizeLinear", [x, "s", "z"], [f"{y}_q"]),
            node("DequantizeLinear", [f"{y}_q", "s", "z"], [y])]


def shaped(nodes: Sequence[onnx.NodeProto], constants: dict[str, ArrayLike] | None = None,
           shape: Sequence[int | str] = ("N", 2, 3, 4), **options: Any) -> onnx.ModelProto:
    """``nodes`` from x to b, then quantisers."""
    return model_of([*nodes, *quantised("b")], {**CONSTANTS, **(constants or {})},
                    inputs={"x": shape}, **options)


def saved(model: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    """The file of ``model`` in ``folder``."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def imported(model: onnx.ModelProto, folder: Path) -> Graph:
    """What the frontend makes of ``model``."""
    return load(saved(model, folder))


def run_graph(graph: Graph, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Outputs of the imported graph, in order."""
    outputs, _ = graph.run(inputs)
    return [outputs[name] for name in graph.outputs]


def _options(fuse: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if fuse else levels.ORT_DISABLE_ALL
    return options


def _session(model: onnx.ModelProto, options: onnxruntime.SessionOptions
             ) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def run_onnxruntime(model: onnx.ModelProto, inputs: Mapping[str, NDArray[Any]], *,
                    fuse: bool = True) -> list[NDArray[Any]]:
    """Outputs by ONNX Runtime, as by default or without any fusion of operators."""
    return list(_session(model, _options(fuse)).run(None, dict(inputs)))


def onnxruntime_operators(model: onnx.ModelProto) -> list[str]:
    """The operators that ONNX Runtime runs for ``model``, fused as by default."""
    with tempfile.TemporaryDirectory() as folder:
        options = _options(True)
        options.optimized_model_filepath = str(Path(folder) / "fused.onnx")
        _session(model, options)
        fused = onnx.load(options.optimized_model_filepath)
    return [one.op_type for one in fused.graph.node]


def run_qonnx(model: onnx.ModelProto, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Outputs by qonnx, node by node; shapes in the model must be those of ``inputs``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes
        wrapped = ModelWrapper(model).transform(InferShapes())
        outputs = execute_onnx(wrapped, dict(inputs))
    return [outputs[o.name] for o in model.graph.output]


def int_quant(x: NDArray[np.float32], scale: ArrayLike, zero_point: ArrayLike, bits: float, *,
              signed: bool, narrow: bool, rounding: str) -> NDArray[np.float32]:
    """qonnx's own function behind Quant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.custom_op.general.intquant import int_quant as function
        result = function(x, np.asarray(scale, np.float32), np.asarray(zero_point, np.float32),
                          np.asarray(bits, np.float32), signed, narrow, rounding)
    return np.asarray(result, np.float32)
