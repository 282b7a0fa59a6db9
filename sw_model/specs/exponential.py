"""Powers of two of numbers that are not positive: the exponential with its scale folded in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..formats import Format, IntFormat
from .checks import indices, require_least, require_number

__all__ = ["Exp2Spec"]


@dataclass(frozen=True, kw_only=True)
class Exp2Spec:
    """``2**(d * multiplier * 2**-constant_fraction)`` for ``d <= 0``, from a table and a shift.

    Parameters
    ----------
    source : Format
        Of ``d``, signed integers or fixed point. Positive codes count as 0.
    multiplier : int or IntFormat
        The constant, in units of ``2**-constant_fraction`` and of ``d``'s own: ``log2(e)``
        times whatever scale ``d`` has; see :meth:`folded`. A format means that it comes at run
        time. Not negative.
    index_bits : int
        The table has ``2**index_bits + 1`` entries.
    fraction : int
        Fraction bits of the result, whose greatest value is 1; at most 30.
    constant_fraction : int
        Fraction bits of the multiplier.
    interpolation_bits : int
        Most bits of the position between two entries; 0 takes the nearest entry, without a
        multiplier.
    """

    source: Format
    multiplier: int | IntFormat
    index_bits: int = 5
    fraction: int = 15
    constant_fraction: int = 16
    interpolation_bits: int = 12

    def __post_init__(self) -> None:
        require_number("source", self.source, signed=True)
        indices(self, "index_bits", "fraction", "constant_fraction", "interpolation_bits")
        for name, least in (("index_bits", 1), ("fraction", 1), ("interpolation_bits", 0)):
            require_least(name, getattr(self, name), least)
        if self.fraction > 30:
            raise ValueError(f"fraction must be at most 30, not {self.fraction}")
        if isinstance(self.multiplier, IntFormat):
            least = self.multiplier.min
        else:
            indices(self, "multiplier")
            least = self.multiplier
        if least < 0:
            raise ValueError(f"multiplier must not be negative, but {self.multiplier} is")
        if self.source.width + self.factor.width > 62:
            raise ValueError(f"source and multiplier must have at most 62 bits together, not "
                             f"{self.source.width} + {self.factor.width}")
        if self.position_bits < self.index_bits:
            raise ValueError(f"the product of {self.source} and a multiplier of "
                             f"{self.constant_fraction} fraction bits has {self.position_bits} of "
                             f"them, fewer than the {self.index_bits} that index the table")

    @staticmethod
    def folded(scale: float, constant_fraction: int = 16) -> int:
        """The multiplier with which the result is ``exp(scale * d)``.

        >>> Exp2Spec.folded(1.0)
        94548
        """
        return math.floor(scale * math.log2(math.e) * 2.0**constant_fraction + 0.5)

    @property
    def factor(self) -> IntFormat:
        """Narrowest format of the multiplier."""
        if isinstance(self.multiplier, IntFormat):
            return self.multiplier
        return IntFormat(max(1, self.multiplier.bit_length()), signed=False)

    @property
    def position_bits(self) -> int:
        """Fraction bits of ``d`` times the multiplier."""
        return self.constant_fraction - self.source.lsb

    @property
    def between_bits(self) -> int:
        """Bits of the position between two entries that interpolation uses."""
        return min(self.interpolation_bits, self.position_bits - self.index_bits)

    @property
    def target(self) -> IntFormat:
        """Of the result in units of ``2**-fraction``; 1 is ``2**fraction``."""
        return IntFormat(self.fraction + 1, signed=False)
