"""Golden operations, one family per file; importing this package registers them all."""

from .argmax import ArgMax
from .delta_table import DeltaTable, delta_table
from .divide import Divide, Isqrt, divide, isqrt
from .exp2 import Exp2, exp2
from .extended_exponential import extended_exponential
from .integer_layer_norm import (
    IntegerLayerNorm,
    integer_layer_norm,
    integer_layer_norm_bias,
    integer_layer_norm_scale,
)
from .l2_norm import L2Norm, l2_norm
from .logistic import logistic_table
from .matmul import MatMul, accumulator_range, matmul
from .norm import L1Norm, LayerNorm, RmsNorm, l1_norm, layer_norm, rms_norm
from .piecewise import Piecewise, piecewise
from .quantise import Dequantise, Quantise, dequantise, quantise
from .real import Arithmetic, BatchNormalisation, Operator, Relu, batch_normalisation
from .reciprocal import Reciprocal, Rsqrt, reciprocal, rsqrt
from .rescale import MultiplyAddShift, Rescale, RescaleMode, multiply_add_shift, rescale
from .shape import Reshape, Transpose
from .shiftmax import Shiftmax, shift_exponential, shiftmax
from .softmax import Softmax, softmax, softmax_parameters
from .softmax_online import (
    OnlineSoftmax,
    TwoPassSoftmax,
    merge_states,
    online_softmax,
    online_state,
    two_pass_softmax,
)
from .softmax_single_pass import SinglePassSoftmax, single_pass_softmax, single_pass_statistics
from .softmax_unified import UnifiedSoftmax, needs_fallback, unified_softmax
from .table import Table, table_lookup
from .threshold import MultiThreshold, multi_threshold

__all__ = [
    "ArgMax", "Arithmetic", "BatchNormalisation", "DeltaTable", "Dequantise", "Divide", "Exp2",
    "IntegerLayerNorm", "Isqrt", "L1Norm", "L2Norm", "LayerNorm", "MatMul", "MultiThreshold",
    "MultiplyAddShift", "OnlineSoftmax", "Operator", "Piecewise", "Quantise", "Reciprocal", "Relu",
    "Rescale", "RescaleMode", "Reshape", "RmsNorm", "Rsqrt", "Shiftmax", "SinglePassSoftmax",
    "Softmax", "Table", "Transpose", "TwoPassSoftmax", "UnifiedSoftmax", "accumulator_range",
    "batch_normalisation", "delta_table", "dequantise", "divide", "exp2", "extended_exponential",
    "integer_layer_norm", "integer_layer_norm_bias", "integer_layer_norm_scale", "isqrt", "l1_norm",
    "l2_norm", "layer_norm", "logistic_table", "matmul", "merge_states", "multi_threshold",
    "multiply_add_shift", "needs_fallback", "online_softmax", "online_state", "piecewise",
    "quantise", "reciprocal", "rescale", "rms_norm", "rsqrt", "shift_exponential", "shiftmax",
    "single_pass_softmax", "single_pass_statistics", "softmax", "softmax_parameters",
    "table_lookup", "two_pass_softmax", "unified_softmax",
]
