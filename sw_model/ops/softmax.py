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
from ..specs import TfliteSoftmaxSpec
from ..tables import tflite_exponentials
from .fixed_point import (
    divide_by_power,
    doubling_high_multiply,
    quantise_multiplier,
    reciprocal_of_one_plus,
)
from .softmax_rows import require_rows

__all__ = ["Softmax", "TfliteSoftmax", "softmax", "softmax_parameters"]


def softmax_parameters(scale: float, beta: float = 1.0) -> tuple[int, int, int]:
    """``(multiplier, shift, diff_min)`` of an input's scale: PreprocessSoftmaxScaling.

    Raises
    ------
    ValueError
        If ``beta * scale`` is not above 2**-26 (TFLite refuses it too) or not finite.

    >>> softmax_parameters(0.0625)
    (1073741824, 23, -248)
    """
    fraction = 31 - TfliteSoftmaxSpec.DIFFERENCE_BITS
    real = beta * scale * 2.0**fraction
    if not (math.isfinite(real) and real > 1):
        raise ValueError(f"beta * scale must be finite and above 2**-26, not {beta * scale!r}")
    multiplier, exponent = quantise_multiplier(min(real, 2.0**31 - 1))
    shift = exponent + 31
    radius = math.ldexp(2**TfliteSoftmaxSpec.DIFFERENCE_BITS - 1, fraction - shift)
    return multiplier, shift, -math.floor(radius)


def softmax(codes: NDArray[Any], *, multiplier: int, shift: int, diff_min: int, width: int = 8
            ) -> NDArray[Any]:
    """Softmax along the last axis; the output's scale is ``2**-width``, its zero point the least
    code.

    Parameters
    ----------
    codes : int8, shape (..., channels)
        At most 4,095 channels: the sum of exponentials has 12 integer bits.
    multiplier, shift, diff_min : int
        See :func:`softmax_parameters`.
    width : int
        Of the result: 8 or 16.

    Returns
    -------
    int8 or int16 array of the shape of ``codes``.

    Bit for bit TensorFlow Lite's. Off from the real softmax, for rows of ``n`` codes of scale
    1/16, by at most half a unit and ``1.2e-6 * (n + 1)``, or by a whole unit, where the largest
    code stands for 1: each exponential is off by at most 2.2e-7, and is rounded to ``2**-19`` for
    the sum.

    Source: TensorFlow Lite, ``reference/softmax.h``.

    >>> softmax(np.array([[-10, 20, 50, 127]]), multiplier=1717986944, shift=22, diff_min=-496)
    array([[-128, -127, -123,  121]], dtype=int8)
    """
    spec = TfliteSoftmaxSpec(multiplier=multiplier, shift=shift, diff_min=diff_min,
                             target=IntFormat(width))
    table = np.array(tflite_exponentials(spec))
    below = codes.max(axis=-1, keepdims=True).astype(np.int64) - codes
    each = table[below]
    total = divide_by_power(table, spec.SUM_BITS)[below].sum(axis=-1, keepdims=True)
    # frexp is exact below 2**53: total has 32 - zeros bits.
    zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    factor = reciprocal_of_one_plus((total << zeros) - 2**31)
    result = divide_by_power(doubling_high_multiply(each, factor),
                             spec.SUM_BITS - zeros + 31 - width)
    target = spec.target
    return np.clip(result + target.min, target.min, target.max).astype(target.dtype)


@dataclass(frozen=True, kw_only=True)
class Softmax(Node):
    """TFLite's int8 softmax along the last axis; see :func:`softmax`.

    Input: int8 codes (..., channels), one output of the same shape. Runs on the host;
    :class:`TfliteSoftmax` is its unit.
    """

    #: Most channels for which the sum of exponentials cannot overflow.
    MAX_CHANNELS = TfliteSoftmaxSpec.LONGEST

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
        self.checked(lambda: self.spec)
        return ((x.shape, x.format),)

    @property
    def spec(self) -> TfliteSoftmaxSpec:
        """What hardware is made from."""
        return TfliteSoftmaxSpec(multiplier=self.multiplier, shift=self.shift,
                                 diff_min=self.diff_min)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (softmax(values[0], multiplier=self.multiplier, shift=self.shift,
                        diff_min=self.diff_min),)


@dataclass(frozen=True, kw_only=True)
class TfliteSoftmax(Node):
    """:class:`Softmax` in hardware: int8 codes (..., n) in, codes of the spec's target out."""

    synthesisable = True

    spec: TfliteSoftmaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        return require_rows(self, inputs, self.spec.source, self.spec.target, self.spec.LONGEST)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        spec = self.spec
        return (softmax(values[0], multiplier=spec.multiplier, shift=spec.shift,
                        diff_min=spec.diff_min, width=spec.target.width),)
