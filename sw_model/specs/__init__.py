"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .block_sum import BlockSumSpec
from .delta_table import DeltaTableSpec
from .digit_serial import DivideSpec, IsqrtSpec
from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .exponential import Exp2Spec
from .integer_norm import IntegerLayerNormSpec, L2NormSpec
from .jobs import RowJob, VectorJob
from .norm import L1NormSpec, LayerNormSpec, NormSpec, RmsNormSpec
from .piecewise import PiecewiseSpec
from .reciprocal import ReciprocalSpec, RsqrtSpec
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec

__all__ = [
    "ArgMaxSpec", "BlockSumSpec", "DeltaTableSpec", "DivideSpec", "Exp2Spec",
    "FrameworkRescaleSpec", "IntegerLayerNormSpec", "IsqrtSpec", "L1NormSpec", "L2NormSpec",
    "LayerNormSpec", "MultiplyAddShiftSpec", "NormSpec", "PiecewiseSpec", "ReciprocalSpec",
    "RmsNormSpec", "RowJob", "RsqrtSpec", "TableSpec", "ThresholdSpec", "VectorJob",
]
