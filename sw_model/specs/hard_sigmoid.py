"""A straight line between two ends: the hard sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..formats import IntFormat, covering
from .checks import indices, require_clamp, require_format
from .requantise import quotient, require_zero_point
from .rescale import MultiplyAddShiftSpec

__all__ = ["HardSigmoidSpec"]


@dataclass(frozen=True, kw_only=True)
class HardSigmoidSpec:
    """``clamp((x * multiplier + offset) >> shift, low, high)``.

    Parameters
    ----------
    source, target : IntFormat
        Of at most 16 bits.
    multiplier, offset : int
        Slope, and value at code 0 with a half for rounding, of ``shift`` fraction bits.
    shift : int
    low, high : int
        Codes of 0 and 1.
    """

    #: Fraction bits of the multiplier beyond those of the widest code.
    GUARD = 4

    source: IntFormat
    target: IntFormat
    multiplier: int
    offset: int
    shift: int
    low: int
    high: int

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name), IntFormat)
            if getattr(self, name).width > 16:
                raise ValueError(f"{name} must have at most 16 bits, not "
                                 f"{getattr(self, name).width}")
        indices(self, "multiplier", "offset", "shift", "low", "high")
        require_clamp(self.low, self.high, self.target)
        if not 0 <= self.shift <= 32 or max(abs(self.multiplier), abs(self.offset)) >= 2**46:
            raise ValueError(f"shift must be 0 to 32, multiplier and offset less than 2**46, not "
                             f"{self.shift}, {self.multiplier} and {self.offset}")

    @classmethod
    def of(cls, source: IntFormat, target: IntFormat, *, scale_in: float, scale_out: float,
           zero_in: int = 0, zero_out: int = 0, alpha: float = 0.2, beta: float = 0.5
           ) -> HardSigmoidSpec:
        """``max(0, min(1, alpha * x + beta))``: ONNX's HardSigmoid.

        >>> int8 = IntFormat(8)
        >>> HardSigmoidSpec.of(int8, int8, scale_in=0.1, scale_out=1 / 256, zero_out=-128).high
        127
        """
        require_zero_point("zero_in", zero_in, source)
        require_zero_point("zero_out", zero_out, target)
        quotient(product=(scale_in,), over=scale_out)
        shift = source.width + cls.GUARD
        slope = alpha * scale_in / scale_out
        start = beta / scale_out + zero_out - zero_in * slope + 0.5
        one = math.floor(1 / scale_out + 0.5) + zero_out
        return cls(source=source, target=target, shift=shift, low=zero_out,
                   multiplier=math.floor(slope * 2**shift + 0.5),
                   offset=math.floor(start * 2**shift + 0.5), high=min(target.max, one))

    @property
    def rescale(self) -> MultiplyAddShiftSpec:
        """The unit that does it, with :attr:`constants`."""
        return MultiplyAddShiftSpec(
            source=self.source, target=self.target, shift=self.shift, low=self.low,
            high=self.high, multiplier=covering(min(self.multiplier, 0), max(self.multiplier, 0)),
            offset=covering(min(self.offset, 0), max(self.offset, 0)))

    @property
    def constants(self) -> tuple[int, tuple[int, ...]]:
        """Multiplier and offset."""
        return self.multiplier, (self.offset,)
