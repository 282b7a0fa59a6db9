"""Block formats: elements that share a scale."""

from .base import BlockFormat, Fields
from .bfp import BFPFormat
from .channel_order import in_order, magnitude_order, restored
from .mx import MX_ELEMENTS, MX_INT8, MXFormat
from .nv import NV_SCALES, NVFormat
from .parse import BLOCK_SPELLINGS, parse_block_format
from .scale_rule import ScaleRule

__all__ = [
    "BFPFormat", "BLOCK_SPELLINGS", "BlockFormat", "Fields", "MXFormat", "MX_ELEMENTS", "MX_INT8",
    "NVFormat", "NV_SCALES", "ScaleRule", "in_order", "magnitude_order", "parse_block_format",
    "restored",
]
