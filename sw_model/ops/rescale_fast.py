"""Every rounding mode in float64 where that is exact, and by its definition where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Rounding, round_real
from .rescale_modes import PLAIN, RescaleMode

__all__ = ["RoundBlock", "exact_blocks", "fast"]

Ints = NDArray[Any]

#: Rounds a block of accumulators into the first array; the second one is scratch.
RoundBlock = Callable[[Ints, NDArray[np.float64], NDArray[np.float64]], None]


def fast(largest: int, multiplier: Ints, exponent: Ints, mode: RescaleMode) -> RoundBlock | None:
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
        case RescaleMode.TFLITE_DOUBLE | RescaleMode.TFLITE_RUY if (
                (reach << min(int(left.max()), 64)) + 2**30 <= 2**53
                and largest << min(int(left.max()), 64) < 2**31):
            first = np.ldexp(multiplier.astype(np.float64), left - 31)
            second = np.ldexp(1.0, exponent.astype(np.int64) + 31 - left)
            return _rounded_twice(first, second, away=mode is RescaleMode.TFLITE_DOUBLE)
        case RescaleMode.TFLITE_SINGLE if (
                (exponent < 0).all() and reach + 2 ** max(0, -int(exponent.min()) - 1) <= 2**53):
            return _half_up(scale)
        case _ if mode.rounding is not None and reach <= 2**53:
            return _plain_rounding(scale, mode.rounding)
    return None


def _float32_half_even(scale: NDArray[np.float64]) -> RoundBlock:
    single = scale.astype(np.float32)

    def block(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        # Beyond float32 is an infinity, which the clamp takes.
        with np.errstate(over="ignore"):
            real[:] = np.rint(acc.astype(np.float32) * single)
    return block


#: Roundings that need no scratch array.
_IN_PLACE = {Rounding.HALF_EVEN: np.rint, Rounding.FLOOR: np.floor, Rounding.CEILING: np.ceil,
             Rounding.TOWARD_ZERO: np.trunc}


def _round_in_place(real: NDArray[np.float64], rounding: Rounding) -> None:
    if rounding in _IN_PLACE:
        _IN_PLACE[rounding](real, out=real)
    else:
        real[:] = round_real(real, rounding)


def _plain_rounding(scale: NDArray[np.float64], rounding: Rounding) -> RoundBlock:
    def block(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        np.multiply(acc, scale, out=real)
        _round_in_place(real, rounding)
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


def _rounded_twice(first: NDArray[np.float64], second: NDArray[np.float64], *, away: bool
                   ) -> RoundBlock:
    """Half up, then half away from zero, or half up again."""
    def block(acc: Ints, real: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        np.multiply(acc, first, out=real)
        real += 0.5
        np.floor(real, out=real)
        real *= second
        if away:
            np.copysign(0.5, real, out=spare)
            real += spare
            np.trunc(real, out=real)
        else:
            real += 0.5
            np.floor(real, out=real)
    return block


def exact_blocks(multiplier: Ints, exponent: Ints, mode: RescaleMode) -> RoundBlock:
    """``mode`` by its plain definition; where that is slow, only on its boundaries.

    float64 rounds the product monotonically, and holds the boundaries (halves, or integers
    for the directed roundings): only a product that lands on one can have come from beyond it.
    """
    rounding = mode.rounding
    plain, scale = PLAIN[mode], np.ldexp(multiplier.astype(np.float64), exponent.astype(np.int64))
    m, e = multiplier.astype(np.int64), exponent.astype(np.int64)

    def whole(acc: Ints, real: NDArray[np.float64], _: NDArray[np.float64]) -> None:
        real[:] = plain(acc.astype(np.int64), m, e)

    def doubtful(acc: Ints, real: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        product = acc * scale
        assert rounding is not None
        real[:] = product
        _round_in_place(real, rounding)
        np.subtract(product, np.rint(product), out=spare)
        np.abs(spare, out=spare)
        if rounding in _HALVES:
            np.subtract(0.5, spare, out=spare)
        near = np.nonzero((spare == 0) & (np.abs(product) < 2.0**31))
        if near[0].size:
            real[near] = plain(acc[near].astype(np.int64), np.broadcast_to(m, acc.shape)[near],
                               np.broadcast_to(e, acc.shape)[near])
    return whole if mode.is_tflite else doubtful


#: Roundings to the nearest.
_HALVES = (Rounding.HALF_EVEN, Rounding.HALF_AWAY, Rounding.HALF_UP, Rounding.HALF_TOWARD_ZERO)
