"""Number formats: frozen value objects that the golden model and the hardware share."""

from .base import Format, as_index
from .binary import BipolarFormat, TernaryFormat
from .integer import FixedFormat, IntFormat, covering
from .overflow import Overflow
from .parse import parse_format
from .real import Float32Format
from .rounding import Rounding, round_real

__all__ = [
    "BipolarFormat", "FixedFormat", "Float32Format", "Format", "IntFormat", "Overflow",
    "Rounding", "TernaryFormat", "as_index", "covering", "parse_format", "round_real",
]
