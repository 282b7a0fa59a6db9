"""A small network around each operation that there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sw_model.formats import Float32Format, IntFormat, TernaryFormat
from sw_model.graph import Graph
from sw_model.ops import (
    DeltaTable,
    Divide,
    Exp2,
    Isqrt,
    MultiplyAddShift,
    MultiThreshold,
    Operator,
    Piecewise,
    Reciprocal,
    RescaleMode,
    Rsqrt,
    Softmax,
    softmax_parameters,
)
from tests.support.elementwise import NETWORKS as ELEMENTWISE
from tests.support.gelus import NETWORKS as GELUS
from tests.support.graphs import NetworkBuilder
from tests.support.norms import NETWORKS as NORMS
from tests.support.scalings import NETWORKS as SCALINGS
from tests.support.softmaxes import NETWORKS as SOFTMAXES

__all__ = ["OPERATIONS"]

INT8, UINT8, FLOAT32 = IntFormat(8), IntFormat(8, signed=False), Float32Format()
SHAPE = (2, 3)
#: Where it is another.
SHAPES = {"Divide": (3, 2), "Hadamard": (3, 2), "Sample": (6,)}
#: Parameters of both reciprocals.
NORMALISED = {"index_bits": 3, "entry_bits": 6, "newton_steps": 1, "fraction": 10}


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


def _delta_table(builder: NetworkBuilder, x: str) -> str:
    entries = builder.constant("entries", [0, 20, 11, 3, 0], UINT8)
    return builder.node(DeltaTable, "gelu", x, entries, step_bits=0, fraction=7,
                        target_fraction=7)


def _piecewise(builder: NetworkBuilder, x: str) -> str:
    coefficients = builder.constant("coefficients", [[-80, -50, 20, 61], [30, 71, 40, 9]], INT8)
    return builder.node(Piecewise, "sigmoid", x, coefficients, format=INT8, low=-128, high=127,
                        offset_bits=6, guard=1, saturates=True)


#: The operation's name, the format of its input ``x``, and what makes its output.
_MAKERS: dict[str, tuple[IntFormat | Float32Format, Callable[[NetworkBuilder, str], str]]] = {
    "ArgMax": (INT8, lambda b, x: b.argmax("top", x)),
    "Arithmetic": (FLOAT32, lambda b, x: b.arithmetic(
        "arithmetic", Operator.SUB, x, [1, 2, 3], constant_first=True)),
    "BatchNormalisation": (FLOAT32, lambda b, x: b.batch_normalisation(
        "norm", x, [1, 2, 3], [0, 1, 2], [0, 0, 1], [1, 2, 3])),
    "DeltaTable": (INT8, _delta_table),
    "Dequantise": (INT8, lambda b, x: b.dequantise("reals", x, [0.5, 0.25, 2], 3)),
    "Divide": (UINT8, lambda b, x: b.node(Divide, "quotient", x)),
    **ELEMENTWISE,
    "Exp2": (INT8, lambda b, x: b.node(
        Exp2, "power", x, multiplier=9000, index_bits=3, fraction=12, constant_fraction=16,
        interpolation_bits=8)),
    "Isqrt": (UINT8, lambda b, x: b.node(Isqrt, "root", x)),
    "MatMul": (INT8, lambda b, x: b.matmul("fc", x, [[1, 2, 3], [-4, 5, -6]], [7, -8],
                                           zero_point=5)),
    "MultiThreshold": (INT8, _multi_threshold),
    "MultiplyAddShift": (INT8, _multiply_add_shift),
    **GELUS,
    **NORMS,
    "Piecewise": (INT8, _piecewise),
    "Quantise": (FLOAT32, lambda b, x: b.quantise("codes", x, [0.5, 0.25, 2], zero_point=-3)),
    "Reciprocal": (UINT8, lambda b, x: b.node(Reciprocal, "reciprocal", x, **NORMALISED)),
    "Relu": (FLOAT32, lambda b, x: b.relu("relu", x)),
    "Rescale": (INT8, lambda b, x: b.rescale("rescale", x, [0.1, 0.02, 0.3],
                                             RescaleMode.TFLITE_DOUBLE, zero_point=4)),
    "Reshape": (INT8, lambda b, x: b.reshape("flat", x, (3, 1, 2))),
    "Rsqrt": (UINT8, lambda b, x: b.node(Rsqrt, "rsqrt", x, **NORMALISED)),
    **SCALINGS,
    "Softmax": (INT8, _softmax),
    **SOFTMAXES,
    "Table": (INT8, lambda b, x: b.table("table", x, np.arange(768).reshape(3, 256) % 251 - 125)),
    "Transpose": (INT8, lambda b, x: b.transpose("turned", x, (1, 0))),
}


def _network(name: str) -> Graph:
    builder, (form, make) = NetworkBuilder(), _MAKERS[name]
    return builder.build(make(builder, builder.input("x", SHAPES.get(name, SHAPE), form)))


#: A network of one node, from ``x`` of shape (2, 3) or (3, 2), for each operation by name.
OPERATIONS: dict[str, Graph] = {name: _network(name) for name in _MAKERS}
