"""Piecewise polynomials on segments of equal length."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_clamp, require_least, require_number

__all__ = ["PiecewiseSpec"]


@dataclass(frozen=True, kw_only=True)
class PiecewiseSpec:
    """A polynomial of degree 0, 1 or 2 in each segment of ``2**offset_bits`` codes.

    With ``i`` and ``t`` the high and the low bits of ``clamp(x, low, high) - low``, and ``>>``
    rounding down, the result is ``sum >> guard`` in codes of ``target``, where ``sum`` is by
    degree: ``c0[i]``; ``c0[i] + (c1[i]*t >> offset_bits)``;
    ``c0[i] + ((c1[i] + (c2[i]*t >> offset_bits)) * t >> offset_bits)``.

    Parameters
    ----------
    source, target : Format
        Integers or fixed point.
    low, high : int
        First and last code of ``x``; those outside count as the nearer one.
    offset_bits : int
        Bits of ``t``.
    guard : int
        Fraction bits of the sum beyond those of ``target``.
    coefficients : tuple of tuple of int
        ``c0``, ``c1`` and ``c2`` as far as there are any, each with an entry for each segment.
    saturates : bool
        Whether results beyond ``target`` become its ends; False promises that there are none.
    """

    source: Format
    target: Format
    low: int
    high: int
    offset_bits: int
    guard: int
    coefficients: tuple[tuple[int, ...], ...]
    saturates: bool = True

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_number(name, getattr(self, name))
        indices(self, "low", "high", "offset_bits", "guard")
        require_clamp(self.low, self.high, self.source)
        require_least("offset_bits", self.offset_bits, 0)
        require_least("guard", self.guard, 0)
        if not 1 <= len(self.coefficients) <= 3:
            raise ValueError(f"coefficients must be those of degree 0, 1 or 2, "
                             f"not {len(self.coefficients)} rows")
        for row in self.coefficients:
            if len(row) != self.segments:
                raise ValueError(f"coefficients must have {self.segments} entries for each "
                                 f"power, one for each segment, not {len(row)}")
        if self.degree and self.slope.width + self.offset_bits > 62:
            raise ValueError(f"products must have at most 62 bits, not those of {self.slope} and "
                             f"{self.offset_bits} bits")

    @property
    def degree(self) -> int:
        """Of the polynomials."""
        return len(self.coefficients) - 1

    @property
    def segments(self) -> int:
        """Segments that hold a code of ``low`` to ``high``."""
        return (self.high - self.low >> self.offset_bits) + 1

    @property
    def widths(self) -> tuple[IntFormat, ...]:
        """Narrowest format of each power's coefficients."""
        return tuple(covering(min(row), max(row)) for row in self.coefficients)

    @property
    def slope(self) -> IntFormat:
        """Narrowest format of what is multiplied by ``t`` last, of degrees 1 and 2."""
        low, high = min(self.coefficients[1]), max(self.coefficients[1])
        if self.degree == 2:
            most = (1 << self.offset_bits) - 1
            bends = [c * most >> self.offset_bits for c in self.coefficients[2]]
            ends = [first + bend for first, bend in zip(self.coefficients[1], bends, strict=True)]
            low, high = min(low, *ends), max(high, *ends)
        return covering(low, high)

    @property
    def table_bits(self) -> int:
        """Bits of all coefficients."""
        return self.segments * sum(form.width for form in self.widths)

    @property
    def multiplier_bits(self) -> int:
        """Widths of both operands multiplied, for each multiplier, and summed."""
        if self.degree == 0:
            return 0
        operands = [self.slope, *self.widths[2:]]
        return self.offset_bits * sum(form.width for form in operands)

    @property
    def cost(self) -> int:
        """What a search makes as small as it can: bits of the table and of the multipliers."""
        return self.table_bits + self.multiplier_bits
