"""A small network around each operation that there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sw_model.formats import Float32Format, IntFormat, TernaryFormat
from sw_model.graph import Graph
from sw_model.ops import (
    MultiplyAddShift,
    MultiThreshold,
    Operator,
    RescaleMode,
    Softmax,
    softmax_parameters,
)
from tests.support.graphs import NetworkBuilder

__all__ = ["OPERATIONS"]

INT8, FLOAT32 = IntFormat(8), Float32Format()
SHAPE = (2, 3)


def _multi_threshold(builder: NetworkBuilder, x: str) -> str:
    constants = [builder.constant("thresholds", [[-9, 0, 9], [-1, -1, 5], [1, 2, 3]], INT8),
                 builder.constant("steps", [[1, 1, 1], [-1, 0, -1], [1, -1, 1]], TernaryFormat()),
                 builder.constant("base", [-1, 2, 0], INT8)]
    return builder.node(MultiThreshold, "threshold", x, *constants, format=IntFormat(3))


def _multiply_add_shift(builder: NetworkBuilder, x: str) -> str:
    constants = [builder.constant("multiplier", [3, -5, 7], INT8),
                 builder.constant("offset", [[1, 2], [3, 4], [5, 6]], INT8)]
    return builder.node(MultiplyAddShift, "scale", x, *constants, format=INT8, shift=2, low=-99,
                        high=99)


def _softmax(builder: NetworkBuilder, x: str) -> str:
    multiplier, shift, diff_min = softmax_parameters(0.1, 1.0)
    return builder.node(Softmax, "softmax", x, multiplier=multiplier, shift=shift,
                        diff_min=diff_min)


#: The operation's name, the format of its input ``x``, and what makes its output.
_MAKERS: dict[str, tuple[IntFormat | Float32Format, Callable[[NetworkBuilder, str], str]]] = {
    "ArgMax": (INT8, lambda b, x: b.argmax("top", x)),
    "Arithmetic": (FLOAT32, lambda b, x: b.arithmetic(
        "arithmetic", Operator.SUB, x, [1, 2, 3], constant_first=True)),
    "BatchNormalisation": (FLOAT32, lambda b, x: b.batch_normalisation(
        "norm", x, [1, 2, 3], [0, 1, 2], [0, 0, 1], [1, 2, 3])),
    "Dequantise": (INT8, lambda b, x: b.dequantise("reals", x, [0.5, 0.25, 2], 3)),
    "MatMul": (INT8, lambda b, x: b.matmul("fc", x, [[1, 2, 3], [-4, 5, -6]], [7, -8],
                                           zero_point=5)),
    "MultiThreshold": (INT8, _multi_threshold),
    "MultiplyAddShift": (INT8, _multiply_add_shift),
    "Quantise": (FLOAT32, lambda b, x: b.quantise("codes", x, [0.5, 0.25, 2], zero_point=-3)),
    "Relu": (FLOAT32, lambda b, x: b.relu("relu", x)),
    "Rescale": (INT8, lambda b, x: b.rescale("rescale", x, [0.1, 0.02, 0.3],
                                             RescaleMode.TFLITE_DOUBLE, zero_point=4)),
    "Reshape": (INT8, lambda b, x: b.reshape("flat", x, (3, 1, 2))),
    "Softmax": (INT8, _softmax),
    "Table": (INT8, lambda b, x: b.table("table", x, np.arange(768).reshape(3, 256) % 251 - 125)),
    "Transpose": (INT8, lambda b, x: b.transpose("turned", x, (1, 0))),
}


def _network(form: IntFormat | Float32Format,
             make: Callable[[NetworkBuilder, str], str]) -> Graph:
    builder = NetworkBuilder()
    return builder.build(make(builder, builder.input("x", SHAPE, form)))


#: A network of one node, from ``x`` of shape (2, 3), for each operation by name.
OPERATIONS: dict[str, Graph] = {name: _network(*maker) for name, maker in _MAKERS.items()}
