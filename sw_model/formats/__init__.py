"""Number formats: frozen value objects that the golden model and the hardware share."""

from .base import Format, Overflow, Rounding, as_index, round_real
from .binary import BipolarFormat, TernaryFormat
from .integer import FixedFormat, IntFormat, covering
from .parse import parse_format
from .real import Float32Format

__all__ = [
    "BipolarFormat", "FixedFormat", "Float32Format", "Format", "IntFormat", "Overflow",
    "Rounding", "TernaryFormat", "as_index", "covering", "parse_format", "round_real",
]
