"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .jobs import RowJob, VectorJob
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec

__all__ = [
    "ArgMaxSpec", "FrameworkRescaleSpec", "MultiplyAddShiftSpec", "RowJob", "TableSpec",
    "ThresholdSpec", "VectorJob",
]
