"""A real scale as TFLite keeps it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .checks import indices

__all__ = ["FixedMultiplier"]


@dataclass(frozen=True)
class FixedMultiplier:
    """``multiplier * 2**exponent``.

    Parameters
    ----------
    multiplier : int
        0 to ``2**31 - 1``; from ``2**30`` up where it comes from a scale.
    exponent : int
        -62 to -1; TFLite's ``shift`` is ``exponent + 31``.
    """

    multiplier: int
    exponent: int

    def __post_init__(self) -> None:
        indices(self, "multiplier", "exponent")
        if not 0 <= self.multiplier < 2**31:
            raise ValueError(f"multiplier must be 0 to {2**31 - 1}, not {self.multiplier}")
        if not -62 <= self.exponent <= -1:
            raise ValueError(f"exponent must be -62 to -1, not {self.exponent}")

    @classmethod
    def of(cls, scale: float) -> FixedMultiplier:
        """TFLite's QuantizeMultiplier: 31 bits, half up; 0 for what has none of them.

        Raises
        ------
        ValueError
            If the scale is negative, not finite, or ``2**30`` or more.

        >>> FixedMultiplier.of(0.25), FixedMultiplier.of(1.7)
        (FixedMultiplier(multiplier=1073741824, exponent=-32), \
FixedMultiplier(multiplier=1825361101, exponent=-30))
        """
        if not (math.isfinite(scale) and 0 <= scale < 2.0**30):
            raise ValueError(f"a scale must be 0 to {2**30 - 1}, not {scale!r}")
        fraction, shift = math.frexp(scale)
        multiplier = math.floor(fraction * 2.0**31 + 0.5)
        if multiplier == 2**31:
            multiplier, shift = 2**30, shift + 1
        return cls(multiplier, shift - 31) if multiplier and shift >= -31 else cls(0, -31)

    @property
    def shift(self) -> int:
        """Places to the left after the product's upper half, as TFLite counts."""
        return self.exponent + 31

    def holds(self, largest: int) -> bool:
        """Whether numbers up to ``largest`` in magnitude fit 32 bits after the left shift."""
        return largest << max(self.shift, 0) < 2**31
