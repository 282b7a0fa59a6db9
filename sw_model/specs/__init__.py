"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .block_sum import BlockSumSpec
from .delta_table import DeltaTableSpec
from .digit_serial import DivideSpec, IsqrtSpec
from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .exponential import Exp2Spec
from .extended_exponential import ExtendedExponentialSpec, PowerTable
from .integer_norm import IntegerLayerNormSpec, L2NormSpec
from .integer_softmax import ShiftmaxSpec, TfliteSoftmaxSpec
from .jobs import RowJob, VectorJob
from .norm import L1NormSpec, LayerNormSpec, NormSpec, RmsNormSpec
from .piecewise import PiecewiseSpec
from .reciprocal import ReciprocalSpec, RsqrtSpec
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec
from .softmax import (
    OnlineSoftmaxSpec,
    ProbabilitySpec,
    SinglePassSoftmaxSpec,
    TwoPassSoftmaxSpec,
    UnifiedSoftmaxSpec,
)

__all__ = [
    "ArgMaxSpec", "BlockSumSpec", "DeltaTableSpec", "DivideSpec", "Exp2Spec",
    "ExtendedExponentialSpec", "FrameworkRescaleSpec", "IntegerLayerNormSpec", "IsqrtSpec",
    "L1NormSpec", "L2NormSpec", "LayerNormSpec", "MultiplyAddShiftSpec", "NormSpec",
    "OnlineSoftmaxSpec", "PiecewiseSpec", "PowerTable", "ProbabilitySpec", "ReciprocalSpec",
    "RmsNormSpec", "RowJob", "RsqrtSpec", "ShiftmaxSpec", "SinglePassSoftmaxSpec", "TableSpec",
    "TfliteSoftmaxSpec", "ThresholdSpec", "TwoPassSoftmaxSpec", "UnifiedSoftmaxSpec", "VectorJob",
]
