"""The fixed-point primitives of TFLite (gemmlowp), on int64 arrays that hold int32 values.

Source: gemmlowp ``fixedpoint.h``; the definitions are in its documentation of
``SaturatingRoundingDoublingHighMul`` and ``RoundingDivideByPOT``. ``Qm.n`` is a fixed-point
number of 32 bits: a sign, ``m`` integer bits, ``n`` fraction bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "divide_by_power", "doubling_high_multiply", "exponential", "multiply_by_multiplier",
    "one_minus_over_one_plus", "quantise_multiplier", "quantise_multipliers",
    "reciprocal_of_one_plus", "saturating_shift", "split_scale", "split_scales",
]

_LEAST, _MOST = -(2**31), 2**31 - 1

#: exp(-2**j) in Q0.31, for the bits of the exponent from 1/4 up.
_EXPONENTIALS = ((-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308),
                 (2, 39332535), (3, 720401), (4, 242))


def doubling_high_multiply(a: NDArray[Any], b: NDArray[Any] | int) -> NDArray[np.int64]:
    """``round(a * b / 2**31)``, ties up, saturated: SaturatingRoundingDoublingHighMul.

    >>> doubling_high_multiply(np.array([1, -1, 3, -3]), 2**30)
    array([ 1,  0,  2, -1])
    """
    product = a.astype(np.int64) * b
    # C truncates the quotient, so that the nudge differs by sign: in all, ties go up.
    nudged = product + np.where(product >= 0, 2**30, 1 - 2**30)
    return np.minimum(np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31)), _MOST)


def divide_by_power(x: NDArray[Any], exponent: NDArray[Any] | int) -> NDArray[np.int64]:
    """``round(x / 2**exponent)``, ties away from zero: RoundingDivideByPOT.

    >>> divide_by_power(np.array([1, -1, 3, -3]), 1)
    array([ 1, -1,  2, -2])
    """
    wide = x.astype(np.int64)
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (wide < 0)
    return np.asarray((wide >> exponent) + ((wide & mask) > threshold))


def saturating_shift(x: NDArray[Any], left: int) -> NDArray[np.int64]:
    """``x * 2**left``, saturated to 32 bits: SaturatingRoundingMultiplyByPOT, ``left`` >= 0.

    >>> saturating_shift(np.array([1, 2**30, -(2**30), -(2**31)]), 1).tolist()
    [2, 2147483647, -2147483648, -2147483648]
    """
    return np.clip(x.astype(np.int64) << left, _LEAST, _MOST)


def multiply_by_multiplier(x: NDArray[Any], multiplier: int, shift: int) -> NDArray[np.int64]:
    """``round(x * multiplier * 2**(shift - 31))``, rounded twice: MultiplyByQuantizedMultiplier.

    ``x * 2**shift`` must fit 32 bits where ``shift`` is positive.

    >>> multiply_by_multiplier(np.array([3, 4, -4]), 2**30, -2)
    array([ 1,  1, -1])
    """
    high = doubling_high_multiply(x.astype(np.int64) << max(shift, 0), multiplier)
    return divide_by_power(high, max(-shift, 0))


def exponential(x: NDArray[Any], integer_bits: int) -> NDArray[np.int64]:
    """``exp(x)`` for ``x <= 0`` in Q``integer_bits``, as Q0.31: exp_on_negative_values.

    A Taylor polynomial of degree four around -1/8 for the part below 1/4, and a product
    of constants for the bits above. ``integer_bits`` is at most 5.

    >>> exponential(np.array([0, -(2**26)]), 5)
    array([2147483647,  790015308])
    """
    if not 0 <= integer_bits <= 5:
        raise ValueError(f"integer_bits must be 0 to 5, not {integer_bits}")
    wide = x.astype(np.int64)
    quarter = 1 << (29 - integer_bits)
    fraction = (wide & (quarter - 1)) - quarter
    result = _exponential_of_fraction(fraction << integer_bits)
    rest = fraction - wide
    for power, constant in _EXPONENTIALS:
        if integer_bits > power:
            there = (rest >> (31 - integer_bits + power)) & 1
            result = np.where(there, doubling_high_multiply(result, constant), result)
    return np.where(wide == 0, _MOST, result)


def _exponential_of_fraction(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """``exp(x)`` for ``x`` in [-1/4, 0), both Q0.31."""
    x = x + 2**28
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4 = doubling_high_multiply(x2, x2)
    third = doubling_high_multiply(divide_by_power(x4, 2) + x3, 715827883)
    tail = divide_by_power(third + x2, 1)
    return 1895147668 + doubling_high_multiply(x + tail, 1895147668)


def reciprocal_of_one_plus(x: NDArray[Any]) -> NDArray[np.int64]:
    """``1 / (1 + x)`` for ``x`` in [0, 1), both Q0.31: one_over_one_plus_x_for_x_in_0_1.

    >>> reciprocal_of_one_plus(np.array([0, 2**29])) / 2**31
    array([1. , 0.8])
    """
    return saturating_shift(_twice_reciprocal(x), 1)


def one_minus_over_one_plus(x: NDArray[Any]) -> NDArray[np.int64]:
    """``(1 - x) / (1 + x)`` for ``x`` in [0, 1), both Q0.31:
    one_minus_x_over_one_plus_x_for_x_in_0_1.

    >>> one_minus_over_one_plus(np.array([0, 2**29])) / 2**31
    array([1. , 0.6])
    """
    return saturating_shift(_twice_reciprocal(x) - 2**29, 2)


def _twice_reciprocal(x: NDArray[Any]) -> NDArray[np.int64]:
    """``2 / (1 + x)`` in Q2.29: three Newton-Raphson steps on half of the denominator."""
    half = (x.astype(np.int64) + _MOST + 1) >> 1
    result = 1515870810 + doubling_high_multiply(half, -1010580540)
    for _ in range(3):
        error = 2**29 - doubling_high_multiply(half, result)
        result = result + saturating_shift(doubling_high_multiply(result, error), 2)
    return result


def quantise_multiplier(scale: float) -> tuple[int, int]:
    """TFLite's QuantizeMultiplier: ``(multiplier, exponent)``, scale = multiplier * 2**exponent.

    The multiplier has 31 bits; TFLite's ``shift`` is ``exponent + 31``.

    >>> quantise_multiplier(0.25)
    (1073741824, -32)
    """
    multipliers, exponents = quantise_multipliers(np.array([scale]))
    return int(multipliers[0]), int(exponents[0])


def quantise_multipliers(scales: NDArray[np.float64]
                         ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """:func:`quantise_multiplier` of each of ``scales``, none negative."""
    fraction, shift = np.frexp(scales)
    multipliers = np.floor(fraction * 2.0**31 + 0.5).astype(np.int64)
    exponents = shift.astype(np.int64) - 31
    carried = multipliers == 2**31
    multipliers[carried] = 2**30
    exponents[carried] += 1
    vanished = (multipliers == 0) | (exponents < -62)
    multipliers[vanished] = 0
    exponents[vanished] = -31
    return multipliers, exponents


def split_scale(scale: float) -> tuple[int, int]:
    """``(multiplier, exponent)`` with scale = multiplier * 2**exponent exactly, multiplier odd.

    >>> split_scale(0.75)
    (3, -2)
    """
    multipliers, exponents = split_scales(np.array([scale]))
    return int(multipliers[0]), int(exponents[0])


def split_scales(scales: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """:func:`split_scale` of each of ``scales``; ``(0, 0)`` for zero."""
    fraction, shift = np.frexp(scales)
    whole = (fraction * 2.0**53).astype(np.int64)
    # whole & -whole is its lowest set bit: a power of two, whose exponent frexp gives.
    lowest = np.maximum(whole & -whole, 1)
    zeros = np.frexp(lowest.astype(np.float64))[1].astype(np.int64) - 1
    exponents = np.where(whole == 0, 0, shift.astype(np.int64) - 53 + zeros)
    return whole >> zeros, exponents
