"""Block formats: elements that share a scale."""

from .base import BlockFormat, Fields
from .bfp import BFPFormat
from .bitmod import BitModFormat
from .channel_order import in_order, magnitude_order, restored
from .gguf import GGUF_FORMATS, GgufFormat
from .mx import MX_ELEMENTS, MX_INT8, MXFormat
from .nv import NV_SCALES, NVFormat
from .olive import OliveFormat
from .parse import BLOCK_SPELLINGS, parse_block_format
from .runs import RunFormat, Runs, RunScale, ScaleCodes, run_format, runs_of
from .scale_rule import ScaleRule
from .sherry import SherryFormat, STQ1_0Format

__all__ = [
    "BFPFormat", "BLOCK_SPELLINGS", "BitModFormat", "BlockFormat", "Fields", "GGUF_FORMATS",
    "GgufFormat", "MXFormat", "MX_ELEMENTS", "MX_INT8", "NVFormat", "NV_SCALES", "OliveFormat",
    "RunFormat", "RunScale", "Runs", "STQ1_0Format", "ScaleCodes", "ScaleRule", "SherryFormat",
    "in_order", "magnitude_order", "parse_block_format", "restored", "run_format", "runs_of",
]
