"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .absmax import AbsMaxSpec
from .block_dot import BlockDotSpec
from .block_quantise import BlockQuantiseSpec
from .block_sum import BlockSumSpec
from .delta_table import DeltaTableSpec
from .digit_serial import DivideSpec, IsqrtSpec
from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .exponential import Exp2Spec
from .extended_exponential import ExtendedExponentialSpec, PowerTable
from .gelu import GatedProductSpec, IntegerGeluSpec, ShiftGeluSpec, SwishSpec
from .hadamard import HadamardSpec
from .hard_sigmoid import HardSigmoidSpec
from .integer_norm import IntegerLayerNormSpec, L2NormSpec
from .integer_softmax import ShiftmaxSpec, TfliteSoftmaxSpec
from .jobs import RowJob, VectorJob
from .k_hot import KHotSpec
from .multiplier import FixedMultiplier
from .norm import L1NormSpec, LayerNormSpec, NormSpec, RmsNormSpec
from .piecewise import PiecewiseSpec
from .reciprocal import ReciprocalSpec, RsqrtSpec
from .requantise import ACTIVATIONS, ConcatSpec, RequantiseSpec, activation_range
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec
from .rescale_add import RescaleAddSpec
from .sampling import SamplerSpec, TopKSpec
from .shift import ShiftSpec, StochasticShiftSpec
from .sigmoid import HardSwishSpec, SigmoidSpec
from .softmax import (
    OnlineSoftmaxSpec,
    ProbabilitySpec,
    SinglePassSoftmaxSpec,
    TwoPassSoftmaxSpec,
    UnifiedSoftmaxSpec,
)
from .two_operands import AddSpec, MultiplySpec, TwoOperandSpec
from .window import MeanSpec, PoolSpec, WindowAxis

__all__ = [
    "ACTIVATIONS", "AbsMaxSpec", "AddSpec", "ArgMaxSpec", "BlockDotSpec", "BlockQuantiseSpec",
    "BlockSumSpec", "ConcatSpec", "DeltaTableSpec", "DivideSpec", "Exp2Spec",
    "ExtendedExponentialSpec", "FixedMultiplier", "FrameworkRescaleSpec", "GatedProductSpec",
    "HadamardSpec", "HardSigmoidSpec", "HardSwishSpec", "IntegerGeluSpec", "IntegerLayerNormSpec",
    "IsqrtSpec", "KHotSpec", "L1NormSpec", "L2NormSpec", "LayerNormSpec", "MeanSpec",
    "MultiplyAddShiftSpec", "MultiplySpec", "NormSpec", "OnlineSoftmaxSpec", "PiecewiseSpec",
    "PoolSpec", "PowerTable", "ProbabilitySpec", "ReciprocalSpec", "RequantiseSpec",
    "RescaleAddSpec", "RmsNormSpec", "RowJob", "RsqrtSpec", "SamplerSpec", "ShiftGeluSpec",
    "ShiftSpec", "ShiftmaxSpec", "SigmoidSpec", "SinglePassSoftmaxSpec", "StochasticShiftSpec",
    "SwishSpec", "TableSpec", "TfliteSoftmaxSpec", "ThresholdSpec", "TopKSpec", "TwoOperandSpec",
    "TwoPassSoftmaxSpec", "UnifiedSoftmaxSpec", "VectorJob", "WindowAxis", "activation_range",
]
