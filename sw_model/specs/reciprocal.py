"""Reciprocals and reciprocal square roots: a table behind a normaliser, and Newton's steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..formats import IntFormat
from .checks import indices, require_format, require_least

__all__ = ["NormalisedSpec", "ReciprocalSpec", "RsqrtSpec"]


@dataclass(frozen=True, kw_only=True)
class NormalisedSpec:
    """A function of ``x = m * 2**(step * e)``: its value at ``m``, and the exponent ``e``.

    Parameters
    ----------
    source : IntFormat
        Of ``x``, unsigned; 0 counts as 1.
    index_bits : int
        Leading bits of ``m`` behind the first that select an entry of the table.
    entry_bits : int
        Fraction bits of the entries.
    newton_steps : int
        0, 1 or 2, each of which doubles the number of right bits.
    fraction : int
        Fraction bits of ``m`` and of the result; at most 24.
    """

    #: Powers of two for each unit of the exponent.
    STEP: ClassVar[int]

    source: IntFormat
    index_bits: int
    entry_bits: int
    newton_steps: int = 2
    fraction: int = 16

    def __post_init__(self) -> None:
        require_format("source", self.source, IntFormat)
        if self.source.min < 0:
            raise ValueError(f"source must be unsigned, not {self.source}")
        indices(self, "index_bits", "entry_bits", "newton_steps", "fraction")
        require_least("index_bits", self.index_bits, 1)
        require_least("entry_bits", self.entry_bits, 2)
        if self.fraction > 24:
            raise ValueError(f"fraction must be at most 24, not {self.fraction}")
        for name in ("index_bits", "entry_bits"):
            if getattr(self, name) > self.fraction:
                raise ValueError(f"{name} must be at most the fraction's {self.fraction}, "
                                 f"not {getattr(self, name)}")
        if self.newton_steps not in (0, 1, 2):
            raise ValueError(f"newton_steps must be 0, 1 or 2, not {self.newton_steps}")

    @property
    def mantissa(self) -> IntFormat:
        """Of the result, in units of ``2**-fraction``: at most 1."""
        return IntFormat(self.fraction + 1, signed=False)

    @property
    def greatest_exponent(self) -> int:
        """Of the largest ``x``."""
        return (self.source.width - 1) // self.STEP

    @property
    def exponent(self) -> IntFormat:
        """Of ``e``."""
        return IntFormat(max(1, self.greatest_exponent.bit_length()), signed=False)


@dataclass(frozen=True, kw_only=True)
class ReciprocalSpec(NormalisedSpec):
    """``1/x = mantissa * 2**-fraction * 2**-exponent``, with ``m`` in [1, 2).

    Parameters
    ----------
    source : IntFormat
    index_bits : int
        The table has ``2**index_bits`` entries.
    entry_bits : int
    newton_steps : int
    fraction : int
        As :class:`NormalisedSpec` has them.
    """

    STEP: ClassVar[int] = 1

    index_bits: int = 5
    entry_bits: int = 7


@dataclass(frozen=True, kw_only=True)
class RsqrtSpec(NormalisedSpec):
    """``1/sqrt(x) = mantissa * 2**-fraction * 2**-exponent``, with ``m`` in [1, 4).

    Parameters
    ----------
    source : IntFormat
    index_bits : int
        The table has ``3 * 2**index_bits`` entries.
    entry_bits : int
    newton_steps : int
    fraction : int
        As :class:`NormalisedSpec` has them.
    """

    STEP: ClassVar[int] = 2

    index_bits: int = 4
    entry_bits: int = 8
