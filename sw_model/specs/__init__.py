"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from .block_sum import BlockSumSpec
from .elementwise import ArgMaxSpec, TableSpec, ThresholdSpec
from .jobs import RowJob, VectorJob
from .rescale import FrameworkRescaleSpec, MultiplyAddShiftSpec

__all__ = [
    "ArgMaxSpec", "BlockSumSpec", "FrameworkRescaleSpec", "MultiplyAddShiftSpec", "RowJob",
    "TableSpec", "ThresholdSpec", "VectorJob",
]
