"""Number formats: frozen value objects that the golden model and the hardware share."""

from .base import Format, as_index
from .binary import BipolarFormat, TernaryFormat
from .codebook import CodebookFormat, KHotFormat
from .coded import CodedFormat
from .integer import FixedFormat, IntFormat, covering
from .minifloat import NAMED, MinifloatFormat, Specials
from .overflow import Overflow
from .parse import parse_format
from .posit import PositFormat
from .real import Float32Format
from .rounding import Rounding, round_real
from .scale import E8M0Format

__all__ = [
    "BipolarFormat", "CodebookFormat", "CodedFormat", "E8M0Format", "FixedFormat",
    "Float32Format", "Format", "IntFormat", "KHotFormat", "MinifloatFormat", "NAMED", "Overflow",
    "PositFormat", "Rounding", "Specials", "TernaryFormat", "as_index", "covering",
    "parse_format", "round_real",
]
