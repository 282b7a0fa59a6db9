"""Small TFLite models made for tests, and the two interpreters that run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import ArrayLike, NDArray

__all__ = ["TYPES", "ModelBuilder", "branching_model", "run_litert", "run_micro"]

#: NumPy's types by TFLite's.
TYPES: dict[str, Any] = {
    "FLOAT32": np.float32, "INT32": np.int32, "UINT8": np.uint8, "INT64": np.int64,
    "INT16": np.int16, "INT8": np.int8,
}


@dataclass
class ModelBuilder:
    """A model of one subgraph, operator by operator; ``build`` gives the file's bytes.

    ``model`` is the schema's own object, for tests that spoil it before it is packed.
    """

    model: Any = field(default_factory=schema.ModelT)

    def __post_init__(self) -> None:
        self.model.version = 3
        self.model.description = "made for tests"
        self.model.operatorCodes, self.model.buffers = [], [self._buffer(b"")]
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        self.model.subgraphs = [graph]

    @property
    def graph(self) -> Any:
        """The only subgraph."""
        return self.model.subgraphs[0]

    @staticmethod
    def _buffer(data: bytes) -> Any:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8) if data else None
        return buffer

    def tensor(self, name: str, shape: Sequence[int], kind: str = "INT8", *,
               scale: ArrayLike | None = None, zero_point: ArrayLike = 0, axis: int = 0,
               values: ArrayLike | None = None) -> int:
        """Add a tensor, constant if it has ``values``; returns its number."""
        made = schema.TensorT()
        made.name, made.shape = name, np.array(shape, np.int32)
        made.type = getattr(schema.TensorType, kind)
        if scale is not None:
            quantisation = schema.QuantizationParametersT()
            quantisation.scale = np.atleast_1d(np.asarray(scale, np.float32))
            zero = np.atleast_1d(np.asarray(zero_point, np.int64))
            quantisation.zeroPoint = np.broadcast_to(zero, quantisation.scale.shape).copy()
            quantisation.quantizedDimension = axis
            made.quantization = quantisation
        # As converters do: every tensor has a buffer, an empty one if it is not constant.
        made.buffer = len(self.model.buffers)
        data = b"" if values is None else np.asarray(values).astype(TYPES[kind]).tobytes()
        self.model.buffers.append(self._buffer(data))
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(self, kind: str, inputs: Sequence[int], outputs: Sequence[int],
                 options: Any = None) -> int:
        """Add an operator by its name in the schema; returns its number."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 4 if kind == "FULLY_CONNECTED" else 1
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes)
        made.inputs, made.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.model.operatorCodes.append(code)
        self.graph.operators.append(made)
        return len(self.graph.operators) - 1

    def fully_connected(self, x: int, weights: int, bias: int | None, y: int, *,
                        activation: str = "NONE", keep_num_dims: bool = False) -> int:
        """Add a FULLY_CONNECTED."""
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        options.keepNumDims = keep_num_dims
        return self.operator("FULLY_CONNECTED", [x, weights, -1 if bias is None else bias], [y],
                             options)

    def reshape(self, x: int, y: int, new_shape: Sequence[int] | None,
                shape_tensor: int | None = None) -> int:
        """Add a RESHAPE whose shape is an option, a tensor or both."""
        options = schema.ReshapeOptionsT()
        options.newShape = None if new_shape is None else np.array(new_shape, np.int32)
        return self.operator("RESHAPE", [x] if shape_tensor is None else [x, shape_tensor], [y],
                             options)

    def softmax(self, x: int, y: int, beta: float = 1.0) -> int:
        """Add a SOFTMAX."""
        options = schema.SoftmaxOptionsT()
        options.beta = beta
        return self.operator("SOFTMAX", [x], [y], options)

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file's bytes."""
        self.graph.inputs = np.array(inputs, np.int32)
        self.graph.outputs = np.array(outputs, np.int32)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def branching_model() -> bytes:
    """Float input to codes, a layer of three vectors, a flattening layer, three outputs."""
    rng = np.random.default_rng(7)
    build = ModelBuilder()
    real = build.tensor("serving_default_x:0", (1, 6, 2), "FLOAT32")
    codes = build.tensor("tfl.quantize", (1, 6, 2), scale=0.05, zero_point=-3)
    build.operator("QUANTIZE", [real], [codes])
    rows = build.tensor("net/reshape/Reshape", (1, 3, 4), scale=0.05, zero_point=-3)
    shape = build.tensor("net/shape", (3,), "INT32", values=[1, 3, -1])
    build.reshape(codes, rows, [1, 3, 4], shape)
    hidden = build.tensor("net/hidden/Relu;net/hidden/BiasAdd", (1, 3, 5), scale=0.04,
                          zero_point=-128)
    first = build.tensor("net/hidden/MatMul", (5, 4), scale=rng.uniform(0.01, 0.03, 5),
                         values=rng.integers(-127, 128, (5, 4)))
    build.fully_connected(rows, first, None, hidden, activation="RELU", keep_num_dims=True)
    scores = build.tensor("StatefulPartitionedCall:1", (1, 7), scale=0.1, zero_point=10)
    second = build.tensor("tfl.pseudo_qconst", (7, 15), scale=0.02,
                          values=rng.integers(-127, 128, (7, 15)))
    bias = build.tensor("tfl.pseudo_qconst1", (7,), "INT32", scale=0.0008,
                        values=rng.integers(-5000, 5000, 7))
    build.fully_connected(hidden, second, bias, scores)
    classes = build.tensor("StatefulPartitionedCall:0", (1, 7), scale=1 / 256, zero_point=-128)
    build.softmax(scores, classes)
    gate = build.tensor("net/gate/Sigmoid", (1, 7), scale=1 / 256, zero_point=-128)
    build.operator("LOGISTIC", [scores], [gate])
    out = build.tensor("StatefulPartitionedCall:2", (1, 7), "FLOAT32")
    build.operator("DEQUANTIZE", [gate], [out])
    return build.build([real], [classes, scores, out])


def run_micro(model: bytes, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
    """TFLite Micro's outputs for one sample, in the file's order."""
    from tflite_micro.python.tflite_micro import runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=8_000_000)
    outputs = schema.Model.GetRootAs(model, 0).Subgraphs(0).OutputsLength()
    for number, array in enumerate(inputs):
        interpreter.set_input(array, number)
    interpreter.invoke()
    return [interpreter.get_output(number) for number in range(outputs)]


def run_litert(model: bytes, *inputs: NDArray[Any], optimised: bool = False
               ) -> list[NDArray[Any]]:
    """The outputs of LiteRT's reference kernels (BUILTIN_REF), or of its optimised ones, one
    thread, no delegate."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    kernels = (OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if optimised
               else OpResolverType.BUILTIN_REF)
    interpreter = Interpreter(model_content=model, num_threads=1,
                              experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    for details, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(details["index"])
            for details in interpreter.get_output_details()]
