"""Exponentials as mantissa and exponent, which no argument overflows."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format, require_least

__all__ = ["ExtendedExponentialSpec", "PowerTable"]

#: Most bits of the position between two entries that interpolation uses.
_BETWEEN_BITS = 12


class PowerTable(enum.Enum):
    """Where the entries of a table of powers stand, and what happens between them."""

    #: At the left edge of each interval: never above the power.
    LEFT = "left"
    #: At the middle of each interval, which halves the error.
    MIDDLE = "middle"
    #: At both edges, with linear interpolation: a multiplication.
    LINEAR = "linear"


@dataclass(frozen=True, kw_only=True)
class ExtendedExponentialSpec:
    """``exp(scale * x) = mantissa * 2**-fraction * 2**exponent``, the mantissa in [1, 2).

    Parameters
    ----------
    source : Format
        Of ``x``: codes are integers, with or without sign.
    multiplier : int
        ``scale * log2(e)`` in units of ``2**-constant_fraction``, above 0; see
        :meth:`from_scale`.
    constant_fraction : int
    position_bits : int
        Fraction bits of the binary logarithm that are kept.
    index_bits : int
        Leading ones of those, which select one of ``2**index_bits`` intervals.
    fraction : int
        Fraction bits of the mantissa; at most 24.
    table : PowerTable
    """

    source: Format
    multiplier: int
    constant_fraction: int = 24
    position_bits: int = 16
    index_bits: int = 5
    fraction: int = 15
    table: PowerTable = PowerTable.LINEAR

    def __post_init__(self) -> None:
        require_format("source", self.source)
        if (self.source.min, self.source.max) != (self.source.fixed_min, self.source.fixed_max):
            raise ValueError(f"source must be integers or fixed point, not {self.source}")
        indices(self, "multiplier", "constant_fraction", "position_bits", "index_bits",
                "fraction")
        if not isinstance(self.table, PowerTable):
            raise TypeError(f"table must be a PowerTable, not {self.table!r}")
        for name in ("multiplier", "position_bits", "index_bits", "fraction"):
            require_least(name, getattr(self, name), 1)
        if self.fraction > 24:
            raise ValueError(f"fraction must be at most 24, not {self.fraction}")
        if not self.index_bits <= self.position_bits <= self.constant_fraction:
            raise ValueError(
                f"index_bits, position_bits and constant_fraction must not fall, but are "
                f"{self.index_bits}, {self.position_bits} and {self.constant_fraction}")
        if self.index_bits >= self.fraction:
            raise ValueError(f"index_bits must be below the fraction's {self.fraction}, "
                             f"not {self.index_bits}")
        if self.source.width + self.multiplier.bit_length() > 62:
            raise ValueError(f"source and multiplier must have at most 62 bits together, not "
                             f"{self.source.width} + {self.multiplier.bit_length()}")

    @classmethod
    def from_scale(cls, source: Format, scale: float, **settings: Any
                   ) -> ExtendedExponentialSpec:
        """That whose ``x`` are codes in units of ``scale``; ``settings`` are further fields.

        >>> from sw_model.formats import IntFormat
        >>> ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16).multiplier
        1512775
        """
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"scale must be finite and above 0, not {scale!r}")
        # The constant's error times any code is a quarter of a unit of 16 position bits.
        places = source.width + 16
        multiplier = math.floor(scale * math.log2(math.e) * 2.0**places + 0.5)
        return cls(source=source, multiplier=multiplier, constant_fraction=places,
                   **settings)

    @property
    def mantissa(self) -> IntFormat:
        """Of the mantissa in units of ``2**-fraction``."""
        return IntFormat(self.fraction + 1, signed=False)

    def exponent_of(self, x: int) -> int:
        """The exponent that belongs to code ``x``."""
        return x * self.multiplier >> self.constant_fraction

    @property
    def exponent(self) -> IntFormat:
        """Of the exponent: narrowest format of those that occur."""
        return covering(self.exponent_of(self.source.min), self.exponent_of(self.source.max))

    @property
    def between_bits(self) -> int:
        """Bits of the position between two entries that interpolation uses."""
        if self.table is not PowerTable.LINEAR:
            return 0
        return min(_BETWEEN_BITS, self.position_bits - self.index_bits)
