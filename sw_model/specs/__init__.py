"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .block_sum import BlockSumSpec
from .delta_table import DeltaTableSpec
from .digit_serial import DivideSpec, IsqrtSpec
from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .exponential import Exp2Spec
from .jobs import RowJob, VectorJob
from .piecewise import PiecewiseSpec
from .reciprocal import ReciprocalSpec, RsqrtSpec
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec

__all__ = [
    "ArgMaxSpec", "BlockSumSpec", "DeltaTableSpec", "DivideSpec", "Exp2Spec",
    "FrameworkRescaleSpec", "IsqrtSpec", "MultiplyAddShiftSpec", "PiecewiseSpec",
    "ReciprocalSpec", "RowJob", "RsqrtSpec", "TableSpec", "ThresholdSpec", "VectorJob",
]
