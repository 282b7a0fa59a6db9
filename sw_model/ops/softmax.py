"""TFLite's softmax on int8 codes, in fixed point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, IntFormat
from ..node import Dimension, Node, Tensor, extent
from .fixed_point import (
    divide_by_power,
    doubling_high_multiply,
    exponential,
    quantise_multiplier,
    reciprocal_of_one_plus,
)

__all__ = ["Softmax", "softmax", "softmax_parameters"]

#: Integer bits of the scaled difference and of the sum of exponentials.
_DIFFERENCE_BITS, _SUM_BITS = 5, 12


def softmax_parameters(scale: float, beta: float = 1.0) -> tuple[int, int, int]:
    """``(multiplier, shift, diff_min)`` of an input's scale: PreprocessSoftmaxScaling.

    Raises
    ------
    ValueError
        If ``beta * scale`` is not above 2**-26 (TFLite refuses it too) or not finite.

    >>> softmax_parameters(0.0625)
    (1073741824, 23, -248)
    """
    real = beta * scale * 2.0 ** (31 - _DIFFERENCE_BITS)
    if not (math.isfinite(real) and real > 1):
        raise ValueError(f"beta * scale must be finite and above 2**-26, not {beta * scale!r}")
    multiplier, exponent = quantise_multiplier(min(real, 2.0**31 - 1))
    shift = exponent + 31
    radius = math.ldexp(2**_DIFFERENCE_BITS - 1, 31 - _DIFFERENCE_BITS - shift)
    return multiplier, shift, -math.floor(radius)


def softmax(codes: NDArray[Any], *, multiplier: int, shift: int, diff_min: int
            ) -> NDArray[np.int8]:
    """Softmax along the last axis; the output's scale is 1/256, its zero point -128.

    Parameters
    ----------
    codes : int8, shape (..., channels)
        At most 4,095 channels: the sum of exponentials has 12 integer bits.
    multiplier, shift, diff_min : int
        See :func:`softmax_parameters`.

    Returns
    -------
    int8 array of the shape of ``codes``.

    Source: TensorFlow Lite, ``reference/softmax.h``.

    >>> softmax(np.array([[-10, 20, 50, 127]]), multiplier=1717986944, shift=22, diff_min=-496)
    array([[-128, -127, -123,  121]], dtype=int8)
    """
    # A difference to the row's largest code is 0 to -255: exponentials come from a table.
    steps = np.arange(256, dtype=np.int64)
    seen = -steps >= diff_min
    scaled = doubling_high_multiply(np.where(seen, -steps, 0) << shift, multiplier)
    table = np.where(seen, exponential(scaled, _DIFFERENCE_BITS), 0)

    below = codes.max(axis=-1, keepdims=True).astype(np.int64) - codes
    each = table[below]
    total = divide_by_power(table, _SUM_BITS)[below].sum(axis=-1, keepdims=True)
    # frexp is exact below 2**53: total has 32 - zeros bits.
    zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    factor = reciprocal_of_one_plus((total << zeros) - 2**31)
    result = divide_by_power(doubling_high_multiply(each, factor), _SUM_BITS - zeros + 31 - 8)
    return np.clip(result - 128, -128, 127).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Softmax(Node):
    """TFLite's int8 softmax along the last axis; see :func:`softmax`.

    Input: int8 codes (..., channels), one output of the same shape. Runs on the host.
    """

    #: Most channels for which the sum of exponentials cannot overflow.
    MAX_CHANNELS = 2**_SUM_BITS - 1

    multiplier: int
    shift: int
    diff_min: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == IntFormat(8), f"input must be int8, not {x.format}")
        channels = extent(x.shape[-1:])
        self.require(len(x.shape) >= 1 and channels <= self.MAX_CHANNELS,
                     f"input must have 1 to {self.MAX_CHANNELS} channels, not {list(x.shape)}")
        self.require(0 < self.multiplier < 2**31 and 0 <= self.shift <= 31
                     and self.diff_min <= 0 and -self.diff_min << self.shift < 2**31,
                     "multiplier, shift or diff_min out of range")
        return ((x.shape, x.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (softmax(values[0], multiplier=self.multiplier, shift=self.shift,
                        diff_min=self.diff_min),)
