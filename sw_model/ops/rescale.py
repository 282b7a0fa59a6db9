"""From accumulators to narrow codes: each framework's own rounding, and the compiler's form."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, NodeError, Tensor, channels, per_channel
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
        -62 to -1 for the TFLite modes, -1000 to 900 for the others.
    mode : RescaleMode

    Returns
    -------
    float64 array of integers (exact: results beyond 2**31 in magnitude are clamped there).

    Raises
    ------
    OverflowError
        In a TFLite mode, where the framework's own arithmetic would leave 32 bits.
    """
    result = np.empty(acc.shape, np.float64)
    flat = result.reshape(-1, acc.shape[-1])
    for rows, rounded in _blocks(acc, multiplier, exponent, mode):
        np.clip(rounded, -(2.0**31), 2.0**31, out=flat[rows])
    return result


#: Elements of a block: its scratch arrays stay in the cache.
_BLOCK = 16384


def _blocks(acc: Ints, multiplier: Ints, exponent: Ints, mode: RescaleMode
            ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Some rows of ``acc`` at a time, with what they are rounded to, in an array used again."""
    channels = acc.shape[-1]
    flat = acc.reshape(-1, channels)
    if not flat.size:
        return
    largest = max(int(acc.max()), -int(acc.min()))
    round_block = _fast(largest, multiplier, exponent, mode) or _exact_blocks(
        multiplier, exponent, mode)
    step = max(1, _BLOCK // channels)
    real, spare = (np.empty((min(step, len(flat)), channels)) for _ in range(2))
    for start in range(0, len(flat), step):
        block = flat[start:start + step]
        count = len(block)
        round_block(block, real[:count], spare[:count])
        yield slice(start, start + count), real[:count]


#: Rounds a block of accumulators into the first array; the second one is scratch.
RoundBlock = Callable[[Ints, NDArray[np.float64], NDArray[np.float64]], None]


def _fast(largest: int, multiplier: Ints, exponent: Ints, mode: RescaleMode) -> RoundBlock | None:
    """``mode`` in float64, or None where a step of it could be inexact.

    An integer below 2**53 times a power of two is exact in float64, so that each step is:
    the product, half of a unit added to it, and the next power of two. The float modes are
    defined by one rounding of the product (and half away from zero is exact after it).
    """
    if mode is RescaleMode.FLOAT32_HALF_EVEN:
        return _float32_half_even(np.ldexp(multiplier.astype(np.float64), exponent))
    magnitude = np.abs(multiplier.astype(np.int64))
    left = np.maximum(exponent.astype(np.int64) + 31, 0)
    reach = largest * int(magnitude.max())
    scale = np.ldexp(multiplier.astype(np.float64), exponent.astype(np.int64))
    match mode:
        case RescaleMode.FLOAT64_HALF_AWAY:
            return _half_away(scale)
        case RescaleMode.TFLITE_DOUBLE if (
                (reach << min(int(left.max()), 64)) + 2**30 <= 2**53
                and largest << min(int(left.max()), 64) < 2**31):
            first = np.ldexp(multiplier.astype(np.float64), left - 31)
            return _half_up_half_away(first, np.ldexp(1.0, exponent.astype(np.int64) + 31 - left))
        case RescaleMode.TFLITE_SINGLE if (
                (exponent < 0).all() and reach + 2 ** max(0, -int(exponent.min()) - 1) <= 2**53):
            return _half_up(scale)
        case RescaleMode.EXACT_HALF_EVEN if reach <= 2**53:
            return _plain_rounding(scale, np.rint)
        case RescaleMode.FLOOR if reach <= 2**53:
            return _plain_rounding(scale, np.floor)
    return None


def _float32_half_even(scale: NDArray[np.float64]) -> RoundBlock:
    single = scale.astype(np.float32)

    def block(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        # Beyond float32 is an infinity, which the clamp takes.
        with np.errstate(over="ignore"):
            real[:] = np.rint(acc.astype(np.float32) * single)
    return block


def _plain_rounding(scale: NDArray[np.float64], rounding: np.ufunc) -> RoundBlock:
    def block(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        np.multiply(acc, scale, out=real)
        rounding(real, out=real)
    return block


def _half_up(scale: NDArray[np.float64]) -> RoundBlock:
    def block(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        np.multiply(acc, scale, out=real)
        real += 0.5
        np.floor(real, out=real)
    return block


#: The largest float64 below a half: added to any other it cannot round up to the next integer.
_BELOW_HALF = float(np.nextafter(0.5, 0))


def _half_away(scale: NDArray[np.float64]) -> RoundBlock:
    def block(acc: Ints, real: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        np.multiply(acc, scale, out=real)
        np.copysign(_BELOW_HALF, real, out=spare)
        real += spare
        np.trunc(real, out=real)
    return block


def _half_up_half_away(first: NDArray[np.float64], second: NDArray[np.float64]) -> RoundBlock:
    def block(acc: Ints, real: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        np.multiply(acc, first, out=real)
        real += 0.5
        np.floor(real, out=real)
        real *= second
        np.copysign(0.5, real, out=spare)
        real += spare
        np.trunc(real, out=real)
    return block


def _exact_blocks(multiplier: Ints, exponent: Ints, mode: RescaleMode) -> RoundBlock:
    """``mode`` by its plain definition; where that is slow, only on its boundaries.

    float64 rounds the product monotonically, and holds the boundaries (a half, or an
    integer for FLOOR): only a product that lands on one can have come from beyond it.
    """
    plain, scale = PLAIN[mode], np.ldexp(multiplier.astype(np.float64), exponent.astype(np.int64))
    m, e = multiplier.astype(np.int64), exponent.astype(np.int64)

    def whole(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        real[:] = plain(acc.astype(np.int64), m, e)

    def doubtful(acc: Ints, real: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        product = acc * scale
        (np.floor if mode is RescaleMode.FLOOR else np.rint)(product, out=real)
        np.subtract(product, np.rint(product), out=spare)
        np.abs(spare, out=spare)
        if mode is not RescaleMode.FLOOR:
            np.subtract(0.5, spare, out=spare)
        near = np.nonzero((spare == 0) & (np.abs(product) < 2.0**31))
        if near[0].size:
            real[near] = plain(acc[near].astype(np.int64), np.broadcast_to(m, acc.shape)[near],
                               np.broadcast_to(e, acc.shape)[near])
    tflite = mode in (RescaleMode.TFLITE_DOUBLE, RescaleMode.TFLITE_SINGLE)
    return whole if tflite else doubtful


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


#: The definition of the modes that integers define, in integers alone.
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
        self.require(len(acc.shape) >= 1, "the accumulator has no axis of channels")
        for tensor in (multiplier, exponent):
            self.require(tensor.value is not None and len(tensor.shape) == 1
                         and per_channel(tensor.value, acc.shape[-1]),
                         f"{tensor.name!r} must be a constant of 1 or {acc.shape[-1]} elements")
        assert multiplier.value is not None
        assert exponent.value is not None
        tflite = self.mode in (RescaleMode.TFLITE_DOUBLE, RescaleMode.TFLITE_SINGLE)
        for what, value, least, most in (
                ("multiplier", multiplier.value, 0 if tflite else 1 - 2**53,
                 2**31 - 1 if tflite else 2**53 - 1),
                ("exponent", exponent.value, *((-62, -1) if tflite else (-1000, 900)))):
            self.require(bool((value >= least).all() and (value <= most).all()),
                         f"{what} must be {least} to {most} for {self.mode.value}")
        self.require(acc.format.width <= 32, f"{acc.format} is wider than 32 bits")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        acc, multiplier, exponent = values
        result = np.empty(acc.shape, self.format.dtype)
        flat = result.reshape(-1, acc.shape[-1])
        try:
            for rows, rounded in _blocks(acc, multiplier, exponent, self.mode):
                rounded += self.zero_point
                np.clip(rounded, self.low, self.high, out=rounded)
                flat[rows] = rounded
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        return (result,)


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
    # Python integers: neither the bound nor the absolute value of the least may overflow.
    most = [max(-int(a.min(initial=0)), int(a.max(initial=0))) for a in (acc, multiplier, offset)]
    if most[0] * most[1] + most[2] >= 2**63:
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
        count = channels(acc.shape)
        for tensor, axes in ((multiplier, 1), (offset, 2)):
            self.require(tensor.value is not None and len(tensor.shape) == axes
                         and per_channel(tensor.value, count),
                         f"{tensor.name!r} must be a constant with 1 or {count} rows")
        self.require(offset.shape[1] in (1, 2),
                     f"offset must have 1 or 2 columns, not {offset.shape}")
        self.require(0 <= self.shift < 63, f"shift must be 0 to 62, not {self.shift}")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        try:
            acc, multiplier, offset = values
            result = multiply_add_shift(acc, multiplier, offset, shift=self.shift)
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        return (np.clip(result, self.low, self.high, out=result).astype(self.format.dtype),)
