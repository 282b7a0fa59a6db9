"""The fixed-point primitives of TFLite (gemmlowp), on int64 arrays that hold int32 values.

Source: gemmlowp ``fixedpoint.h``; the definitions are in its documentation of
``SaturatingRoundingDoublingHighMul`` and ``RoundingDivideByPOT``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide_by_power", "doubling_high_multiply", "quantise_multiplier", "split_scale"]

_LEAST, _MOST = -(2**31), 2**31 - 1


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


def quantise_multiplier(scale: float) -> tuple[int, int]:
    """TFLite's QuantizeMultiplier: ``(multiplier, exponent)``, scale = multiplier * 2**exponent.

    The multiplier has 31 bits; TFLite's ``shift`` is ``exponent + 31``.

    >>> quantise_multiplier(0.25)
    (1073741824, -32)
    """
    if scale == 0:
        return 0, -31
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift < -31:
        return 0, -31
    return multiplier, shift - 31


def split_scale(scale: float) -> tuple[int, int]:
    """``(multiplier, exponent)`` with scale = multiplier * 2**exponent exactly, multiplier odd.

    >>> split_scale(0.75)
    (3, -2)
    """
    if scale == 0:
        return 0, 0
    fraction, shift = math.frexp(scale)
    multiplier, exponent = int(fraction * 2**53), shift - 53
    while multiplier % 2 == 0:
        multiplier, exponent = multiplier // 2, exponent + 1
    return multiplier, exponent
