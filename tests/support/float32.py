"""Rounding to IEEE single precision in whole numbers alone."""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["nearest_float32"]


def nearest_float32(value: Fraction) -> float:
    """The binary32 nearest to ``value``, half to even, subnormal numbers included.

    From IEEE 754-2019, 4.3.1: what is at least half a unit beyond the largest is infinite.
    """
    if value == 0:
        return 0.0
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, -126) - 23)
    rounded = round(size / unit) * unit
    result = math.inf if rounded >= Fraction(2) ** 128 else float(rounded)
    return math.copysign(result, value)
