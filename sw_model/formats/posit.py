"""Posits of up to 16 bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .base import as_index
from .coded import CodedFormat
from .nearest import Boundaries
from .overflow import Overflow
from .rounding import Rounding

__all__ = ["PositFormat"]


@dataclass(frozen=True)
class PositFormat(CodedFormat):
    """Posit ``posit<width,exponent>``: sign, regime, exponent, fraction.

    Codes are two's complement patterns taken as unsigned numbers; 0 is zero and ``10...0`` is
    NaR, decoded as NaN. Reals are rounded in the bit string: the limit between two codes is
    the posit with one more bit between them, and a tie goes to the even code. No real but
    zero becomes zero, and those beyond the largest become the largest. NaN becomes NaR, and
    so do infinities unless values are told to saturate; only ``ERROR`` refuses them and what
    is beyond the largest.

    Source: Gustafson and Yonemoto, "Beating Floating Point at its Own Game", 2017, and the
    Posit Standard (2022), 4 and 6.3, with any number of exponent bits.

    Parameters
    ----------
    width : int
        Bits, 3 to 16.
    exponent : int
        Bits of the exponent, 0 to 2.
    """

    width: int
    exponent: int

    def __post_init__(self) -> None:
        for name, least, most in (("width", 3, 16), ("exponent", 0, 2)):
            value = as_index(name, getattr(self, name))
            object.__setattr__(self, name, value)
            if not least <= value <= most:
                raise ValueError(f"{name} of a posit must be {least} to {most}, not {value}")

    @property
    def roundings(self) -> tuple[Rounding, ...]:
        return (Rounding.HALF_EVEN,)

    def values(self) -> NDArray[np.float64]:
        return _values(self.width, self.exponent)

    @property
    def overflow(self) -> Overflow:
        return Overflow.SPECIAL

    def beyond(self, negative: bool = False) -> int | None:
        # The largest is the code before NaR, its negative the one behind.
        return (1 << (self.width - 1)) + (1 if negative else -1)

    def boundaries(self) -> Boundaries:
        edges = super().boundaries()
        # Codes ascend with values if they are taken as two's complement.
        signed = np.where(edges.codes >> (self.width - 1) == 1, edges.codes - (1 << self.width),
                          edges.codes)
        longer = _values(self.width + 1, self.exponent)
        limits = longer[(2 * signed[:-1] + 1) % (2 << self.width)]
        # Next to zero the limit is zero itself.
        limits = np.where((signed[:-1] == 0) | (signed[1:] == 0), 0.0, limits)
        return replace(edges, limits=limits, tie_goes_up=signed[1:] % 2 == 0, exact=None)

    def __str__(self) -> str:
        return f"posit<{self.width},{self.exponent}>"


def _values(width: int, exponent: int) -> NDArray[np.float64]:
    """The value of every code of ``width`` bits."""
    codes = np.arange(1 << width)
    negative = codes >> (width - 1) == 1
    rest = np.where(negative, -codes, codes) & ((1 << (width - 1)) - 1)
    # The regime: a run of equal bits below the sign, ended by the opposite one or by the end.
    first = rest >> (width - 2) & 1
    run, running = np.zeros_like(codes), np.ones(codes.shape, np.bool_)
    for place in range(width - 2, -1, -1):
        running = running & ((rest >> place & 1) == first)
        run += running
    regime = np.where(first == 1, run - 1, -run)
    # What follows the run and its end: exponent and fraction, zeros where bits are missing.
    below = np.maximum(width - 2 - run, 0)
    tail = rest & ((1 << below) - 1)
    missing = np.maximum(exponent - below, 0)
    power = np.where(missing > 0, tail << missing, tail >> np.maximum(below - exponent, 0))
    bits = np.maximum(below - exponent, 0)
    fraction = tail & ((1 << bits) - 1)
    significand = 1.0 + fraction / (1 << bits)
    magnitude = np.ldexp(significand, (regime << exponent) + power)
    magnitude = np.where(codes == 0, 0.0, magnitude)
    values = np.where(negative, -magnitude, magnitude)
    return np.where(codes == 1 << (width - 1), np.nan, values)
