"""Precisions that one processing element takes in turn, in words of 16 bits."""

from __future__ import annotations

import enum

from ..formats import Format, IntFormat, MinifloatFormat, PositFormat

__all__ = ["WORD", "Precision"]

#: Bits of a word.
WORD = 16


class Precision(enum.Enum):
    """What the lanes of a word are; the value is the code that selects it.

    Lane 0 is in the low bits. A word of each operand gives the dot product of its lanes, on
    the grid of ``2**lsb``.

    Source: the formats of XR-NPE, and INT4 and INT8 beside them.

    >>> [(str(p.format), p.lanes, p.lsb) for p in (Precision.E2M1, Precision.POSIT16)]
    [('e2m1', 4, -2), ('posit<16,1>', 1, -56)]
    """

    E2M1 = 0
    POSIT4 = 1
    INT4 = 2
    POSIT8 = 3
    INT8 = 4
    POSIT16 = 5

    @property
    def format(self) -> Format:
        """Of both operands."""
        return _FORMATS[self]

    @property
    def lanes(self) -> int:
        """Pairs in a word."""
        return WORD // self.format.width

    @property
    def lsb(self) -> int:
        """Binary exponent of the product grid."""
        return 2 * self.format.lsb

    @property
    def largest(self) -> int:
        """Greatest magnitude of a product on the product grid."""
        return max(abs(self.format.fixed_min), self.format.fixed_max) ** 2


_FORMATS: dict[Precision, Format] = {
    Precision.E2M1: MinifloatFormat(2, 1), Precision.POSIT4: PositFormat(4, 1),
    Precision.INT4: IntFormat(4), Precision.POSIT8: PositFormat(8, 0),
    Precision.INT8: IntFormat(8), Precision.POSIT16: PositFormat(16, 1)}
