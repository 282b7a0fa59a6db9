"""Rounding of reals to integers."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Rounding", "as_reals", "round_real"]


class Rounding(enum.Enum):
    """How a real number becomes an integer."""

    FLOOR = "floor"
    CEILING = "ceiling"
    TOWARD_ZERO = "toward_zero"
    AWAY_FROM_ZERO = "away_from_zero"
    HALF_EVEN = "half_even"
    HALF_AWAY = "half_away"
    HALF_UP = "half_up"
    HALF_TOWARD_ZERO = "half_toward_zero"


def as_reals(values: ArrayLike) -> NDArray[np.floating[Any]]:
    """``values`` as they are if they are floating point, else exactly as float64.

    Raises
    ------
    TypeError
        If they are not real numbers (Python's integers beyond 64 bits are not), or of a type
        wider than float64, which would be rounded on the way.
    ValueError
        If they are integers beyond 2**53, of which float64 does not hold every one.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise TypeError(f"reals must be of at most 64 bits, not {array.dtype}")
        return array
    if array.dtype.kind not in "iub":
        raise TypeError(f"values must be real numbers, not {array.dtype}")
    if array.dtype.itemsize == 8 and array.size:
        widest = max(int(array.max()), -int(array.min()))
        if widest > 2**53:
            raise ValueError(f"integers must be at most 2**53 to be taken as reals, not {widest}")
    return array.astype(np.float64)


def round_real(values: ArrayLike, rounding: Rounding) -> NDArray[Any]:
    """Round to integers, in the floating type of ``values`` (float64 for integers).

    Exact for every value; infinities and NaN stay what they are, and so does the sign.

    >>> round_real([-2.5, -0.5, 0.5, 1.5, 2.5], Rounding.HALF_EVEN)
    array([-2., -0.,  0.,  2.,  2.])
    >>> round_real([-2.5, -0.5, 0.5, 1.5, 2.5], Rounding.HALF_AWAY)
    array([-3., -1.,  1.,  2.,  3.])

    Raises
    ------
    TypeError, ValueError
        As :func:`as_reals` does.
    """
    x = as_reals(values)
    match rounding:
        case Rounding.FLOOR:
            return np.asarray(np.floor(x))
        case Rounding.CEILING:
            return np.asarray(np.ceil(x))
        case Rounding.TOWARD_ZERO:
            return np.asarray(np.trunc(x))
        case Rounding.HALF_EVEN:
            return np.asarray(np.rint(x))
        case Rounding.AWAY_FROM_ZERO:
            return np.asarray(np.copysign(np.ceil(np.abs(x)), x))
        case Rounding.HALF_AWAY:
            # A half itself would carry its neighbour below, and large odd numbers, too far.
            half = np.nextafter(x.dtype.type(0.5), x.dtype.type(0))
            return np.asarray(np.trunc(x + np.copysign(half, x)))
        case Rounding.HALF_UP | Rounding.HALF_TOWARD_ZERO:
            whole = np.trunc(x)
            # Exact: a fraction has no more significant bits than its number. Infinity has none.
            with np.errstate(invalid="ignore"):
                fraction = np.abs(x - whole)
            outward = fraction > 0.5
            if rounding is Rounding.HALF_UP:
                outward |= (fraction == 0.5) & (x > 0)
            return np.asarray(whole + np.copysign(outward, x))
    raise TypeError(f"rounding must be a Rounding, not {rounding!r}")
