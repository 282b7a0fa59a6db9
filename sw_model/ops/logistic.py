"""TFLite's logistic function and tanh of int8 codes, as the tables that they are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .fixed_point import (
    divide_by_power,
    exponential,
    multiply_by_multiplier,
    one_minus_over_one_plus,
    quantise_multiplier,
    reciprocal_of_one_plus,
)

__all__ = ["logistic_table", "tanh_table"]

#: Integer bits of the fixed-point argument.
_INTEGER_BITS = 4


def logistic_table(scale: float, zero_point: int) -> NDArray[np.int8]:
    """``sigmoid(scale * (code - zero_point))`` for every int8 code, by TFLite's arithmetic.

    Parameters
    ----------
    scale : float
        Of the input, positive.
    zero_point : int
        Of the input, -128 to 127.

    Returns
    -------
    int8 array of shape (256,), entry 0 for code -128. The output's scale is 1/256, its
    zero point -128. Bit for bit TensorFlow Lite's; for scales of at most 1 off from the real
    function by at most 0.5001 units, or by one where the nearest code would be 128.

    Source: TensorFlow Lite, ``reference/integer_ops/logistic.h``.

    >>> logistic_table(0.05, 0)[[0, 108, 128, 148, 255]]
    array([-128,  -59,    0,   59,  127], dtype=int8)
    """
    centred, argument, radius = _arguments(scale, zero_point)
    positive = reciprocal_of_one_plus(exponential(-np.abs(argument), _INTEGER_BITS))
    value = np.where(argument < 0, 2**31 - 1 - positive, positive)
    value = np.where(argument == 0, 2**30, value)
    return _codes(divide_by_power(value, 23) - 128, centred, radius)


def tanh_table(scale: float, zero_point: int) -> NDArray[np.int8]:
    """``tanh(scale * (code - zero_point))`` for every int8 code, by TFLite's arithmetic.

    Parameters are those of :func:`logistic_table`.

    Returns
    -------
    int8 array of shape (256,), entry 0 for code -128. The output's scale is 1/128, its
    zero point 0. Bit for bit TensorFlow Lite's; for scales of at most 1 off from the real
    function by at most 0.5001 units, or by one where the nearest code would be 128.

    Source: TensorFlow Lite, ``reference/integer_ops/tanh.h``.

    >>> tanh_table(0.02, 0)[[0, 108, 128, 148, 255]]
    array([-126,  -49,    0,   49,  126], dtype=int8)
    """
    centred, argument, radius = _arguments(scale, zero_point)
    # One integer bit more doubles what the bits stand for.
    power = exponential(-np.abs(argument), _INTEGER_BITS + 1)
    value = np.where(argument == 0, 0, np.sign(argument) * one_minus_over_one_plus(power))
    return _codes(divide_by_power(value, 24), centred, radius)


def _arguments(scale: float, zero_point: int
               ) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Every code less the zero point, that in fixed point, and from where on results saturate."""
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be positive and finite, not {scale!r}")
    if not -128 <= zero_point <= 127:
        raise ValueError(f"zero_point must be -128 to 127, not {zero_point}")
    multiplier, exponent = quantise_multiplier(scale * 2.0 ** (31 - _INTEGER_BITS))
    shift = exponent + 31
    radius = math.floor(math.ldexp(2**_INTEGER_BITS - 1, 31 - _INTEGER_BITS - shift))
    centred = np.arange(-128, 128, dtype=np.int64) - zero_point
    # Beyond the radius the shift could overflow; the result is not used there.
    inside = np.clip(centred, -radius, radius) if shift < 31 else np.zeros_like(centred)
    return centred, multiply_by_multiplier(inside, multiplier, min(shift, 31)), radius


def _codes(values: NDArray[np.int64], centred: NDArray[np.int64], radius: int
           ) -> NDArray[np.int8]:
    codes = np.where(centred >= radius, 127, np.clip(values, -128, 127))
    return np.where(centred <= -radius, -128, codes).astype(np.int8)
