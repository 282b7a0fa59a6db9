"""Golden operations, one family per file; importing this package registers them all."""

from .argmax import ArgMax
from .logistic import logistic_table
from .matmul import MatMul, accumulator_range, matmul
from .quantise import Dequantise, Quantise, dequantise, quantise
from .real import Arithmetic, BatchNormalisation, Operator, Relu, batch_normalisation
from .rescale import MultiplyAddShift, Rescale, RescaleMode, multiply_add_shift, rescale
from .shape import Reshape, Transpose
from .softmax import Softmax, softmax, softmax_parameters
from .table import Table, table_lookup
from .threshold import MultiThreshold, multi_threshold

__all__ = [
    "ArgMax", "Arithmetic", "BatchNormalisation", "Dequantise", "MatMul", "MultiThreshold",
    "MultiplyAddShift", "Operator", "Quantise", "Relu", "Rescale", "RescaleMode", "Reshape",
    "Softmax", "Table", "Transpose", "accumulator_range", "batch_normalisation", "dequantise",
    "logistic_table", "matmul", "multi_threshold", "multiply_add_shift", "quantise", "rescale",
    "softmax", "softmax_parameters", "table_lookup",
]
