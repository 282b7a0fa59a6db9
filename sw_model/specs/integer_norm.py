"""Normalisations of rows whose steps are published in integers."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format, require_least
from .digit_serial import DivideSpec, IsqrtSpec

__all__ = ["IntegerLayerNormSpec", "L2NormSpec"]

INT31 = IntFormat(31)


@dataclass(frozen=True, kw_only=True)
class IntegerLayerNormSpec:
    """``(x - mean) * (2**31 - 1) // root // 2 + bias``, every division rounded down but the
    mean's, which goes to the nearest integer.

    Parameters
    ----------
    source : Format
        Of ``x``: integers or fixed point.
    longest : int
        Elements of the longest row.
    bias : IntFormat
        Of each channel's bias, in the result's own unit.
    """

    #: Bits of what is divided by the root.
    FACTOR = 31

    source: Format
    longest: int
    bias: IntFormat = INT31

    def __post_init__(self) -> None:
        require_format("source", self.source)
        if (self.source.fixed_min, self.source.fixed_max) != (self.source.min, self.source.max):
            raise ValueError(f"source must be an integer or fixed point, not {self.source}")
        if self.source.min % 2:
            raise ValueError(f"source must have more than one bit, not {self.source}")
        require_format("bias", self.bias, IntFormat)
        indices(self, "longest")
        require_least("longest", self.longest, 1)
        if self._largest_sum >= 1 << 62:
            raise ValueError(f"the sum of squares must have at most 62 bits, but rows of "
                             f"{self.longest} {self.source} do not fit")

    @property
    def count(self) -> IntFormat:
        """Of the elements of a row."""
        return covering(0, self.longest)

    @property
    def raised(self) -> IntFormat:
        """Of the sum of a row whose elements count from the source's least code."""
        return covering(0, self.longest * (self.source.max - self.source.min))

    @property
    def mean(self) -> DivideSpec:
        """What divides twice that sum and the count by twice the count."""
        return DivideSpec(covering(0, 2 * self.raised.max + self.longest),
                          covering(0, 2 * self.longest))

    @property
    def centred(self) -> IntFormat:
        """Of the distance to the mean."""
        span = self.source.max - self.source.min
        return covering(-span, span)

    @property
    def _largest_sum(self) -> int:
        """The variance is at most a quarter of the square of the range, and the rounding of
        the mean adds at most a quarter."""
        span = self.source.max - self.source.min
        return self.longest * (span**2 + 1) // 4

    @property
    def squares(self) -> IntFormat:
        """Of the sum of squares of distances, without overflow."""
        return covering(0, self._largest_sum)

    @property
    def root(self) -> IsqrtSpec:
        """What makes the root of the sum of squares."""
        return IsqrtSpec(self.squares)

    @property
    def factor(self) -> DivideSpec:
        """What divides ``2**31 - 1`` by the root."""
        return DivideSpec(IntFormat(self.FACTOR, signed=False), self.root.target)

    @property
    def target(self) -> IntFormat:
        """Of the result: no distance exceeds the root, so that products have 32 bits."""
        half = 1 << self.FACTOR - 1
        return covering(self.bias.min - half, self.bias.max + half - 1)


@dataclass(frozen=True, kw_only=True)
class L2NormSpec:
    """TFLite's L2_NORMALIZATION of int8 codes; the result's scale is 1/128.

    Parameters
    ----------
    zero_point : int
        Of the input.
    longest : int
        Elements of the longest row; at most 33,025, beyond which TFLite's sum of squares
        could overflow.
    """

    #: Elements for which the sum of squares has 31 bits.
    MOST = (2**31 - 1) // 255**2

    zero_point: int
    longest: int

    def __post_init__(self) -> None:
        indices(self, "zero_point", "longest")
        if not -128 <= self.zero_point <= 127:
            raise ValueError(f"zero_point must be -128 to 127, not {self.zero_point}")
        if not 1 <= self.longest <= self.MOST:
            raise ValueError(f"longest must be 1 to {self.MOST}, not {self.longest}")

    @property
    def source(self) -> IntFormat:
        """Of the codes and of the result."""
        return IntFormat(8)

    @property
    def centred(self) -> IntFormat:
        """Of codes less the zero point."""
        return covering(-128 - self.zero_point, 127 - self.zero_point)

    @property
    def squares(self) -> IntFormat:
        """Of the sum of squares."""
        return covering(0, self.longest * max(128 + self.zero_point, 127 - self.zero_point) ** 2)
