"""How accumulators are rounded: the modes, and their plain definitions in integers.

Who rounds how (``m`` and ``e`` of :class:`RescaleMode`'s scale ``m * 2**e``):

===========================  =====================================================================
mode                         where it is from
===========================  =====================================================================
``tflite_double``            TFLite Micro everywhere, LiteRT's reference kernels but one
``tflite_ruy``               LiteRT's optimised kernels of convolutions and layers, no delegate
``tflite_single``            TFLite built with TFLITE_SINGLE_ROUNDING; int16 operators of TFLite
                             with the multiplier of :func:`reduce_multiplier`
``float64_half_away``        LiteRT's reference FULLY_CONNECTED
``float32_half_even``        ONNX Runtime's QLinearMatMul and QLinearConv
``exact_half_even``          ONNX's QuantizeLinear, I-ViT's dyadic numbers
                             (:func:`sw_model.ops.dyadic_scale`), QONNX's ROUND
``exact_half_away``          QONNX's HALF_UP
``exact_half_toward_zero``   QONNX's HALF_DOWN
``exact_half_up``            FINN's thresholds at half steps, HLS's RND
``floor``, ``ceiling``       QONNX's FLOOR and CEIL; HLS's TRN
``toward_zero``              QONNX's DOWN
``away_from_zero``           QONNX's UP
===========================  =====================================================================

Scales that are powers of two have a unit of their own, :func:`sw_model.ops.shift_rescale`.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Rounding
from ..specs.rescale import EXACT_ROUNDINGS
from .fixed_point import divide_by_power, doubling_high_multiply

__all__ = ["PLAIN", "RescaleMode", "reduce_multiplier"]

Ints = NDArray[Any]


class RescaleMode(enum.Enum):
    """How ``accumulator * scale`` becomes an integer.

    The scale is ``multiplier * 2**exponent`` exactly.
    """

    #: gemmlowp: a 31-bit high multiply, ties up, then a rounding shift, ties away from zero
    #: (TFLite Micro; tflite-runtime's reference kernels).
    TFLITE_DOUBLE = "tflite_double"
    #: A 31-bit high multiply, then a rounding shift, ties up in both (ruy).
    TFLITE_RUY = "tflite_ruy"
    #: One rounding shift of the 64-bit product, ties up (TFLITE_SINGLE_ROUNDING).
    TFLITE_SINGLE = "tflite_single"
    #: float64 product, half away from zero (LiteRT's reference FULLY_CONNECTED).
    FLOAT64_HALF_AWAY = "float64_half_away"
    #: float32 product of the float32 accumulator and scale, half to even (ONNX Runtime).
    FLOAT32_HALF_EVEN = "float32_half_even"
    #: The exact product, half to even.
    EXACT_HALF_EVEN = "exact_half_even"
    #: The exact product, half away from zero.
    EXACT_HALF_AWAY = "exact_half_away"
    #: The exact product, half up.
    EXACT_HALF_UP = "exact_half_up"
    #: The exact product, half toward zero.
    EXACT_HALF_TOWARD_ZERO = "exact_half_toward_zero"
    #: The exact product, rounded down.
    FLOOR = "floor"
    #: The exact product, rounded up.
    CEILING = "ceiling"
    #: The exact product, rounded toward zero.
    TOWARD_ZERO = "toward_zero"
    #: The exact product, rounded away from zero.
    AWAY_FROM_ZERO = "away_from_zero"

    @property
    def is_tflite(self) -> bool:
        """Whether multipliers are TFLite's, of 31 bits without sign."""
        return self.value.startswith("tflite")

    @property
    def rounding(self) -> Rounding | None:
        """Of the exact product; None for other modes."""
        return EXACT_ROUNDINGS.get(self.value)


def reduce_multiplier(multiplier: Ints, exponent: Ints) -> tuple[Ints, Ints]:
    """The 15-bit multipliers with which TFLite's int16 operators scale 64-bit accumulators.

    ``MultiplyByQuantizedMultiplier`` for int64: the result is that of ``TFLITE_SINGLE`` with what
    this returns, for accumulators of up to 48 bits.

    Parameters
    ----------
    multiplier, exponent : integers
        As :func:`sw_model.ops.fixed_point.quantise_multiplier` gives them.

    >>> reduce_multiplier(np.array([1690499128, 2**31 - 1]), np.array([-37, -31]))
    (array([25795, 32767]), array([-21, -15]))
    """
    wide = multiplier.astype(np.int64)
    return (np.where(wide < 0x7FFF0000, wide + 2**15 >> 16, 0x7FFF),
            exponent.astype(np.int64) + 16)

def _tflite_high(acc: Ints, multiplier: Ints, exponent: Ints) -> tuple[Ints, Ints]:
    """The first rounding of two, and the shift that remains."""
    shift = exponent + 31
    shifted = acc << np.maximum(shift, 0)
    if shifted.size and (shifted.max() >= 2**31 or shifted.min() < -(2**31)):
        raise OverflowError("accumulator leaves 32 bits in TFLite's left shift")
    return doubling_high_multiply(shifted, multiplier), np.maximum(-shift, 0)


def _tflite_double(acc: Ints, multiplier: Ints, exponent: Ints) -> Ints:
    return divide_by_power(*_tflite_high(acc, multiplier, exponent))


def _tflite_ruy(acc: Ints, multiplier: Ints, exponent: Ints) -> Ints:
    high, right = _tflite_high(acc, multiplier, exponent)
    return np.asarray(high + ((np.int64(1) << right) >> 1) >> right)


def _tflite_single(acc: Ints, multiplier: Ints, exponent: Ints) -> Ints:
    right = -exponent
    if (right < 1).any():
        raise OverflowError("scale of 2**30 or more in TFLite's single rounding")
    return np.asarray((acc * multiplier + (np.int64(1) << (right - 1))) >> right)


def _exact(rounded: Callable[[Fraction], int]) -> Callable[[Ints, Ints, Ints], Ints]:
    def each(acc: Ints, multiplier: Ints, exponent: Ints) -> Ints:
        limit = 2**31
        values = [
            max(-limit, min(limit, rounded(int(a) * int(m) * Fraction(2) ** int(e))))
            for a, m, e in zip(acc, multiplier, exponent, strict=True)]
        return np.array(values, dtype=np.int64)
    return each


def _half_up_fraction(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def _outward(value: Fraction, rounded: Callable[[Fraction], int]) -> int:
    """By the rounding of the magnitude."""
    return rounded(value) if value >= 0 else -rounded(-value)


#: The definition of the modes that integers define, in integers alone.
PLAIN: dict[RescaleMode, Callable[[Ints, Ints, Ints], Ints]] = {
    RescaleMode.TFLITE_DOUBLE: _tflite_double,
    RescaleMode.TFLITE_RUY: _tflite_ruy,
    RescaleMode.TFLITE_SINGLE: _tflite_single,
    RescaleMode.EXACT_HALF_EVEN: _exact(round),
    RescaleMode.EXACT_HALF_AWAY: _exact(lambda value: _outward(value, _half_up_fraction)),
    RescaleMode.EXACT_HALF_UP: _exact(_half_up_fraction),
    RescaleMode.EXACT_HALF_TOWARD_ZERO: _exact(lambda value: _outward(
        value, lambda size: -_half_up_fraction(-size))),
    RescaleMode.FLOOR: _exact(math.floor),
    RescaleMode.CEILING: _exact(math.ceil),
    RescaleMode.TOWARD_ZERO: _exact(math.trunc),
    RescaleMode.AWAY_FROM_ZERO: _exact(lambda value: _outward(value, math.ceil)),
}
