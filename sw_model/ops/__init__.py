"""Golden operations, one family per file; importing this package registers them all."""

from .absmax import AbsMaxQuantise, absmax_quantise
from .argmax import ArgMax, argmax
from .block_quantise import BlockQuantise, block_quantise
from .delta_table import DeltaTable, delta_table
from .divide import Divide, Isqrt, divide, isqrt
from .exp2 import Exp2, exp2
from .extended_exponential import extended_exponential
from .gated_product import GatedProduct, gated_product
from .hadamard import Hadamard, hadamard
from .hard_sigmoid import HardSigmoid, hard_sigmoid
from .hard_swish import HardSwish, hard_swish
from .integer_gelu import IntegerGelu, integer_gelu
from .integer_layer_norm import (
    IntegerLayerNorm,
    integer_layer_norm,
    integer_layer_norm_bias,
    integer_layer_norm_scale,
)
from .k_hot import KHotRescale, k_hot_rescale
from .l2_norm import L2Norm, l2_norm
from .logistic import logistic_table, tanh_table
from .matmul import MatMul, accumulator_range, matmul
from .norm import L1Norm, LayerNorm, RmsNorm, l1_norm, layer_norm, rms_norm
from .piecewise import Piecewise, piecewise
from .pooling import AveragePool, MaxPool, Mean, average_pool, max_pool, mean
from .quantise import Dequantise, Quantise, dequantise, quantise
from .real import Arithmetic, BatchNormalisation, Operator, Relu, batch_normalisation
from .reciprocal import Reciprocal, Rsqrt, reciprocal, rsqrt
from .requantise import Concatenate, Requantise, concatenate, requantise
from .rescale import MultiplyAddShift, Rescale, RescaleMode, multiply_add_shift, rescale
from .rescale_add import RescaleAdd, dyadic_scale, rescale_add
from .sampling import Sample, SeededSample, draw, nucleus, sample, xorshift32
from .shape import Reshape, Transpose
from .shift import ShiftRescale, shift_rescale
from .shift_gelu import ShiftGelu, shift_gelu
from .shiftmax import Shiftmax, shift_exponential, shiftmax
from .sigmoid import Sigmoid, sigmoid
from .softmax import Softmax, TfliteSoftmax, softmax, softmax_parameters
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
from .stochastic import StochasticShift, stochastic_shift
from .swish import Swish, swish
from .table import Table, table_lookup
from .threshold import MultiThreshold, multi_threshold
from .top_k import TopK, top_k
from .two_operands import Add, Multiply, add, multiply

__all__ = [
    "AbsMaxQuantise", "Add", "ArgMax", "Arithmetic", "AveragePool", "BatchNormalisation",
    "BlockQuantise", "Concatenate", "DeltaTable", "Dequantise", "Divide", "Exp2", "GatedProduct",
    "Hadamard", "HardSigmoid", "HardSwish", "IntegerGelu", "IntegerLayerNorm", "Isqrt",
    "KHotRescale", "L1Norm", "L2Norm", "LayerNorm", "MatMul", "MaxPool", "Mean", "MultiThreshold",
    "Multiply", "MultiplyAddShift", "OnlineSoftmax", "Operator", "Piecewise", "Quantise",
    "Reciprocal", "Relu", "Requantise", "Rescale", "RescaleAdd", "RescaleMode", "Reshape",
    "RmsNorm", "Rsqrt", "Sample", "SeededSample", "ShiftGelu", "ShiftRescale", "Shiftmax",
    "Sigmoid", "SinglePassSoftmax", "Softmax", "StochasticShift", "Swish", "Table", "TfliteSoftmax",
    "TopK", "Transpose", "TwoPassSoftmax", "UnifiedSoftmax", "absmax_quantise", "accumulator_range",
    "add", "argmax", "average_pool", "batch_normalisation", "block_quantise", "concatenate",
    "delta_table", "dequantise", "divide", "draw", "dyadic_scale", "exp2", "extended_exponential",
    "gated_product", "hadamard", "hard_sigmoid", "hard_swish", "integer_gelu", "integer_layer_norm",
    "integer_layer_norm_bias", "integer_layer_norm_scale", "isqrt", "k_hot_rescale", "l1_norm",
    "l2_norm", "layer_norm", "logistic_table", "matmul", "max_pool", "mean", "merge_states",
    "multi_threshold", "multiply", "multiply_add_shift", "needs_fallback", "nucleus",
    "online_softmax", "online_state", "piecewise", "quantise", "reciprocal", "requantise",
    "rescale", "rescale_add", "rms_norm", "rsqrt", "sample", "shift_exponential", "shift_gelu",
    "shift_rescale", "shiftmax", "sigmoid", "single_pass_softmax", "single_pass_statistics",
    "softmax", "softmax_parameters", "stochastic_shift", "swish", "table_lookup", "tanh_table",
    "top_k", "two_pass_softmax", "unified_softmax", "xorshift32",
]
