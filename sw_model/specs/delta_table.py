"""Activations that are ReLU less an even function: a table of the difference."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import FixedFormat, Format
from .checks import indices, require_least, require_number

__all__ = ["DeltaTableSpec"]


@dataclass(frozen=True, kw_only=True)
class DeltaTableSpec:
    """``relu(x) - D(|x|)``, ``D`` interpolated between entries and 0 from the last of them on.

    Parameters
    ----------
    source : Format
        Of ``x``, signed integers or fixed point.
    step_bits : int
        Entries are ``2**-step_bits`` apart; at most as many as ``x`` has fraction bits.
    fraction : int
        Fraction bits of the entries; at most 30.
    entries : int
        Of the table, both ends included.
    target_fraction : int or None
        Fraction bits of the result, at least as many as ``x`` has, and at most as many as the
        interpolated difference; by default those of the entries.
    """

    source: Format
    step_bits: int
    fraction: int
    entries: int
    target_fraction: int | None = None

    def __post_init__(self) -> None:
        require_number("source", self.source, signed=True)
        indices(self, "step_bits", "fraction", "entries")
        require_least("entries", self.entries, 2)
        if self.source.width > 32:
            raise ValueError(f"source must have at most 32 bits, not {self.source.width}")
        if self.between_bits < 0:
            raise ValueError(f"step_bits must be at most the fraction bits of {self.source}, "
                             f"not {self.step_bits}")
        if not 1 <= self.fraction <= 30:
            raise ValueError(f"fraction must be 1 to 30, not {self.fraction}")
        if self.target_fraction is None:
            object.__setattr__(self, "target_fraction", self.fraction)
        indices(self, "target_fraction")
        low, high = -self.source.lsb, self.fraction + self.between_bits
        if not low <= self.result_fraction <= high:
            raise ValueError(f"target_fraction must be from {low}, that of {self.source}, to "
                             f"{high}, not {self.target_fraction}")

    @property
    def between_bits(self) -> int:
        """Bits of ``|x|`` between two entries."""
        return -self.source.lsb - self.step_bits

    @property
    def end(self) -> int:
        """The magnitude, as a code, from which on ``D`` counts as 0."""
        return (self.entries - 1) << self.between_bits

    @property
    def result_fraction(self) -> int:
        """Fraction bits of the result."""
        assert self.target_fraction is not None
        return self.target_fraction

    @property
    def more_fraction(self) -> int:
        """Fraction bits of the result beyond those of ``x``."""
        return self.result_fraction + self.source.lsb

    @property
    def dropped(self) -> int:
        """Fraction bits of the interpolated difference beyond those of the result."""
        return self.fraction + self.between_bits - self.result_fraction

    @property
    def target(self) -> FixedFormat:
        """Of the result: the range of ``x``, which holds it since ``D(t) <= t/2``."""
        return FixedFormat(self.source.width + self.more_fraction, self.result_fraction)
