"""From accumulators to narrow codes: each framework's own rounding, and the compiler's form."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, NodeError, Tensor, per_channel
from .fixed_point import divide_by_power, doubling_high_multiply

__all__ = ["MultiplyAddShift", "Rescale", "RescaleMode", "multiply_add_shift", "rescale"]

Ints = NDArray[Any]


class RescaleMode(enum.Enum):
    """How ``accumulator * scale`` becomes an integer.

    The scale is ``multiplier * 2**exponent`` exactly.
    """

    #: gemmlowp: a 31-bit high multiply, ties up, then a rounding shift, ties away from zero
    #: (TFLite Micro; tflite-runtime's reference kernels).
    TFLITE_DOUBLE = "tflite_double"
    #: One rounding shift of the 64-bit product, ties up (TFLITE_SINGLE_ROUNDING).
    TFLITE_SINGLE = "tflite_single"
    #: float64 product, half away from zero (LiteRT's reference FULLY_CONNECTED).
    FLOAT64_HALF_AWAY = "float64_half_away"
    #: float32 product of the float32 accumulator and scale, half to even (ONNX Runtime).
    FLOAT32_HALF_EVEN = "float32_half_even"
    #: The exact product, half to even.
    EXACT_HALF_EVEN = "exact_half_even"
    #: The exact product, rounded down.
    FLOOR = "floor"


def rescale(acc: Ints, multiplier: Ints, exponent: Ints, mode: RescaleMode) -> Ints:
    """``round(acc * multiplier * 2**exponent)`` by the rules of ``mode``; no clamp, no offset.

    Parameters
    ----------
    acc : integers of at most 32 bits, shape (..., channels)
    multiplier : integers, shape (1 or channels,)
        Not negative and below 2**31 for the TFLite modes; of any sign and up to 53 bits
        for the others.
    exponent : integers, shape (1 or channels,)
    mode : RescaleMode

    Returns
    -------
    float64 array of integers (exact: results beyond 2**31 in magnitude are clamped there).
    """
    scale = np.ldexp(multiplier.astype(np.float64), exponent.astype(np.int64))
    if mode is RescaleMode.FLOAT32_HALF_EVEN:
        single = acc.astype(np.float32) * scale.astype(np.float32)
        return np.clip(np.rint(single).astype(np.float64), -(2.0**31), 2.0**31)
    product = acc * scale
    if mode is RescaleMode.FLOAT64_HALF_AWAY:
        whole = np.trunc(product)
        whole += np.trunc((product - whole) * 2)
        return np.clip(whole, -(2.0**31), 2.0**31)
    return _checked(acc, multiplier, exponent, mode, product)


def _checked(acc: Ints, multiplier: Ints, exponent: Ints, mode: RescaleMode,
             product: NDArray[np.float64]) -> Ints:
    """Round ``product`` fast, and again in integers where float64 may have misjudged.

    float64 is off by at most 2**-52 of the product. Outside that distance of a boundary
    (a half, or an integer for FLOOR) both agree. TFLite's double rounding first rounds to
    a multiple of 2**(exponent + 31), so that its boundaries are blurred by half of that.
    """
    if mode is RescaleMode.FLOOR:
        result = np.floor(product)
        distance = np.abs(product - np.rint(product))
    else:
        result = np.rint(product)
        distance = 0.5 - np.abs(product - result)
    blur = np.abs(product)
    blur *= 2.0**-51
    if mode is RescaleMode.TFLITE_DOUBLE:
        blur += np.ldexp(0.5, np.minimum(exponent.astype(np.int64) + 31, 1)) + 2.0**-40
    doubtful = np.flatnonzero(distance <= blur)
    if doubtful.size:
        channels = acc.shape[-1] if acc.ndim else 1
        channel = doubtful % channels
        one = len(multiplier) == 1
        m = multiplier[0] if one else multiplier[channel]
        e = exponent[0] if one else exponent[channel]
        shape = doubtful.shape
        # ravel() of acc is a view or a copy; reshape(-1)[...] picks the same elements.
        again = PLAIN[mode](acc.reshape(-1)[doubtful].astype(np.int64),
                            np.broadcast_to(m, shape).astype(np.int64),
                            np.broadcast_to(e, shape).astype(np.int64))
        result.reshape(-1)[doubtful] = again
    return np.clip(result, -(2.0**31), 2.0**31)


def _tflite_double(acc: Ints, multiplier: Ints, exponent: Ints) -> Ints:
    shift = exponent + 31
    shifted = acc << np.maximum(shift, 0)
    if shifted.size and (shifted.max() >= 2**31 or shifted.min() < -(2**31)):
        raise OverflowError("accumulator leaves 32 bits in TFLite's left shift")
    return divide_by_power(doubling_high_multiply(shifted, multiplier), np.maximum(-shift, 0))


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


#: The definition of every mode, in integers alone, element by element (1-d arrays).
PLAIN: dict[RescaleMode, Callable[[Ints, Ints, Ints], Ints]] = {
    RescaleMode.TFLITE_DOUBLE: _tflite_double,
    RescaleMode.TFLITE_SINGLE: _tflite_single,
    RescaleMode.EXACT_HALF_EVEN: _exact(round),
    RescaleMode.FLOOR: _exact(lambda value: value.numerator // value.denominator),
}


@dataclass(frozen=True, kw_only=True)
class Rescale(Node):
    """``clamp(round(acc * scale) + zero_point, low, high)`` by a framework's own rounding.

    Inputs: ``acc`` (..., channels), constants ``multiplier`` and ``exponent`` (1 or
    channels,). One output of the shape of ``acc``: values on the grid of ``format``.
    """

    synthesisable = True

    format: Format
    mode: RescaleMode
    zero_point: int
    low: int
    high: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 3)
        acc, multiplier, exponent = inputs
        for tensor in (multiplier, exponent):
            self.require(tensor.value is not None and len(tensor.shape) == 1
                         and per_channel(tensor.value, acc.shape[-1]),
                         f"{tensor.name!r} must be a constant of 1 or {acc.shape[-1]} elements")
        assert multiplier.value is not None
        tflite = self.mode in (RescaleMode.TFLITE_DOUBLE, RescaleMode.TFLITE_SINGLE)
        bound = 2**31 if tflite else 2**53
        magnitude = multiplier.value.astype(np.int64)
        self.require(bool((magnitude < bound).all() and (magnitude >= (0 if tflite else -bound)).all()),
                     f"multiplier out of range for {self.mode.value}")
        self.require(acc.format.width <= 32, f"{acc.format} is wider than 32 bits")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        try:
            result = rescale(*values, mode=self.mode)
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        result += self.zero_point
        return (np.clip(result, self.low, self.high, out=result).astype(self.format.dtype),)


def multiply_add_shift(acc: Ints, multiplier: Ints, offset: Ints, shift: int) -> Ints:
    """``(acc * multiplier + offset[acc < 0]) >> shift`` in int64.

    Parameters
    ----------
    acc : integers, shape (..., channels)
    multiplier : integers, shape (1 or channels,)
    offset : integers, shape (1 or channels, 1 or 2)
        Column 0 for accumulators from zero up, the last column for negative ones.
    shift : int
        Bits to drop, rounding down.

    Raises
    ------
    OverflowError
        If the sum could leave int64.
    """
    largest = int(np.abs(multiplier.astype(np.int64)).max())
    # Python integers: the bound itself must not overflow.
    bound = int(np.abs(acc.astype(np.int64)).max()) * largest if acc.size else 0
    if bound + int(np.abs(offset.astype(np.int64)).max()) >= 2**63:
        raise OverflowError("acc * multiplier + offset can leave 64 bits")
    product = acc.astype(np.int64) * multiplier
    if offset.shape[1] == 2:
        product += np.where(acc < 0, offset[:, 1], offset[:, 0])
    else:
        product += offset[:, 0]
    return np.right_shift(product, shift, out=product)


@dataclass(frozen=True, kw_only=True)
class MultiplyAddShift(Node):
    """``clamp((acc * M + B) >> S, low, high)``, ``B`` chosen by the accumulator's sign.

    Inputs: ``acc`` (..., channels), constants ``M`` (1 or channels,) and ``B`` (1 or
    channels, 1 or 2); see :func:`multiply_add_shift`. One output of the shape of ``acc``.
    """

    synthesisable = True

    format: Format
    shift: int
    low: int
    high: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 3)
        acc, multiplier, offset = inputs
        for tensor, axes in ((multiplier, 1), (offset, 2)):
            self.require(tensor.value is not None and len(tensor.shape) == axes
                         and per_channel(tensor.value, acc.shape[-1]),
                         f"{tensor.name!r} must be a constant with 1 or {acc.shape[-1]} rows")
        self.require(offset.shape[1] in (1, 2), f"offset must have 1 or 2 columns, not {offset.shape}")
        self.require(0 <= self.shift < 63, f"shift must be 0 to 62, not {self.shift}")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        try:
            result = multiply_add_shift(*values, shift=self.shift)
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        return (np.clip(result, self.low, self.high, out=result).astype(self.format.dtype),)
