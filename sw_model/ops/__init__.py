"""Golden operations, one family per file; importing this package registers them all."""

from .argmax import ArgMax
from .delta_table import DeltaTable, delta_table
from .divide import Divide, Isqrt, divide, isqrt
from .exp2 import Exp2, exp2
from .logistic import logistic_table
from .matmul import MatMul, accumulator_range, matmul
from .piecewise import Piecewise, piecewise
from .quantise import Dequantise, Quantise, dequantise, quantise
from .real import Arithmetic, BatchNormalisation, Operator, Relu, batch_normalisation
from .reciprocal import Reciprocal, Rsqrt, reciprocal, rsqrt
from .rescale import MultiplyAddShift, Rescale, RescaleMode, multiply_add_shift, rescale
from .shape import Reshape, Transpose
from .softmax import Softmax, softmax, softmax_parameters
from .table import Table, table_lookup
from .threshold import MultiThreshold, multi_threshold

__all__ = [
    "ArgMax", "Arithmetic", "BatchNormalisation", "DeltaTable", "Dequantise", "Divide", "Exp2",
    "Isqrt", "MatMul", "MultiThreshold", "MultiplyAddShift", "Operator", "Piecewise", "Quantise",
    "Reciprocal", "Relu", "Rescale", "RescaleMode", "Reshape", "Rsqrt", "Softmax", "Table",
    "Transpose", "accumulator_range", "batch_normalisation", "delta_table", "dequantise",
    "divide", "exp2", "isqrt", "logistic_table", "matmul", "multi_threshold",
    "multiply_add_shift", "piecewise", "quantise", "reciprocal", "rescale", "rsqrt", "softmax",
    "softmax_parameters", "table_lookup",
]
