"""What becomes of values outside a range."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Overflow", "into_range"]


class Overflow(enum.Enum):
    """What happens to a value outside a format's range."""

    SATURATE = "saturate"
    WRAP = "wrap"
    ERROR = "error"
    #: To infinity, or to NaN where there is no infinity, for formats that have either.
    SPECIAL = "special"


def into_range(whole: NDArray[np.float64], low: int, high: int, overflow: Overflow
               ) -> NDArray[np.int64]:
    """Integers from ``low`` to ``high``, exactly.

    Parameters
    ----------
    whole : float64
        Integers of any magnitude, or infinities.
    low, high : int
        Within int64; ``low`` and ``high + 1`` must be values of float64, though ``high``
        of a wide range is none.
    overflow : Overflow

    Raises
    ------
    TypeError
        If ``overflow`` is none.
    ValueError
        If a value lies outside under ``ERROR``, or is infinite under ``WRAP``.
    """
    if not isinstance(overflow, Overflow):
        raise TypeError(f"overflow must be an Overflow, not {overflow!r}")
    # ``high`` itself may round up in float64; its neighbour is exact.
    beyond = float(high + 1)
    if overflow is Overflow.SPECIAL:
        raise ValueError("integers have neither infinities nor NaN to overflow to")
    if overflow is Overflow.WRAP:
        return _wrap(whole, low, high)
    if overflow is Overflow.ERROR and ((whole < low) | (whole >= beyond)).any():
        raise ValueError(f"a value lies outside {low} to {high}")
    # The conversion to int64 drops the fraction that the neighbour below may have.
    inside = np.clip(whole, low, np.nextafter(beyond, 0)).astype(np.int64)
    return inside if high < 2**53 else np.where(whole >= beyond, high, inside)


def _wrap(whole: NDArray[np.float64], low: int, high: int) -> NDArray[np.int64]:
    if np.isinf(whole).any():
        raise ValueError("infinity cannot wrap")
    span = high - low + 1
    rest = np.fmod(whole, float(span))
    # Exact, since remainders beyond int64 are multiples of 2**11. Only a span of 2**64 has them.
    rest = np.where(rest >= 2.0**63, rest - 2.0**64, rest)
    rest = np.where(rest < -(2.0**63), rest + 2.0**64, rest)
    codes = rest.astype(np.int64)
    # Sums modulo 2**64, as a span may be wider than int64.
    shift = np.uint64(span % 2**64)
    up, down = codes < low, codes > high
    with np.errstate(over="ignore"):  # scalars would warn of it
        bits = codes.view(np.uint64) + up * shift - down * shift
    return np.asarray(bits).view(np.int64)
