"""Reals as whole numbers: an encoder's answers by shifts and comparisons of int64 alone.

Many at once, where :mod:`tests.support.exact` and :mod:`tests.support.nearest` take one fraction
at a time. Nothing here is shared with what is tested.
"""

from __future__ import annotations

import numpy as np

from sw_model.formats import Rounding

__all__ = ["MOST", "beside", "floors", "places", "rounded", "split", "spread"]

MOST = 2**63 - 1


def split(reals) -> tuple[np.ndarray, np.ndarray]:
    """Integers of 53 bits (or zero) and exponents, int64: finite ``reals`` are ``m * 2**e``."""
    bits = np.ascontiguousarray(reals, np.float64).view(np.int64)
    field, fraction = bits >> 52 & 2047, bits & (1 << 52) - 1
    assert (field < 2047).all()
    size = np.where(field > 0, fraction | 1 << 52, fraction)
    exponents = np.maximum(field, 1) - 1075
    # Subnormal numbers have fewer bits: one step for each that is missing.
    for _ in range(52):
        short = (size > 0) & (size < 1 << 52)
        if not short.any():
            break
        size, exponents = np.where(short, size << 1, size), exponents - short
    return np.where(bits < 0, -size, size), exponents


def floors(whole, exponents) -> tuple[np.ndarray, np.ndarray]:
    """``floor(whole * 2**exponents)``, and what is left: 0 nothing, 1 less than a half, 2 a half,
    3 more. What is beyond int64 becomes its end, with nothing left.
    """
    right = np.clip(-exponents, 0, 62)
    down, rest = whole >> right, whole & (np.int64(1) << right) - 1
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), MOST)
    part = np.where(rest == 0, 0, np.where(rest < half, 1, np.where(rest == half, 2, 3)))
    left = np.clip(exponents, 0, 63)
    beyond = (exponents > 0) & (np.abs(whole) > MOST >> left)
    shifted = np.where(beyond, np.where(whole < 0, -MOST - 1, MOST),
                       whole << np.where(beyond, 0, left))
    return np.where(exponents > 0, shifted, down), np.where(exponents > 0, 0, part)


def rounded(down, part, rounding: Rounding) -> np.ndarray:
    """Integers from what :func:`floors` gave; :data:`MOST` goes no further."""
    positive = down >= 0
    up = {Rounding.FLOOR: part < 0, Rounding.CEILING: part > 0,
          Rounding.TOWARD_ZERO: (part > 0) & ~positive,
          Rounding.AWAY_FROM_ZERO: (part > 0) & positive,
          Rounding.HALF_EVEN: part + (down & 1) > 2, Rounding.HALF_UP: part >= 2,
          Rounding.HALF_AWAY: part + positive > 2,
          Rounding.HALF_TOWARD_ZERO: part + ~positive > 2}[rounding]
    return down + up


def places(values, down, part, rounding: Rounding, tie_goes_up=False) -> np.ndarray:
    """Places in ascending integers ``values`` of what :func:`floors` gave; the ends saturate.

    ``tie_goes_up``, a place shorter than ``values``, is for ``HALF_EVEN`` alone.
    """
    last, low = len(values) - 1, np.searchsorted(values, down, "right") - 1
    positive, negative = (down > 0) | (down == 0) & (part > 0), down < 0
    lower = np.clip(low, 0, max(last - 1, 0))
    inside = (low >= 0) & (low < last)
    between = inside & ((values[lower] < down) | (part > 0))
    # Twice the real is ``twice``, or more by less than one.
    twice, more = 2 * down + (part >= 2), (part & 1) > 0
    if last:
        limit = values[lower] + values[lower + 1]
        above = between & ((twice > limit) | (twice == limit) & more)
        tie = between & (twice == limit) & ~more
        even = np.broadcast_to(tie_goes_up, last)[lower]
    else:
        above, tie, even = between, between, between
    up = {Rounding.FLOOR: between & False, Rounding.CEILING: between,
          Rounding.TOWARD_ZERO: between & negative, Rounding.AWAY_FROM_ZERO: between & positive,
          Rounding.HALF_EVEN: above | tie & even, Rounding.HALF_UP: above | tie,
          Rounding.HALF_AWAY: above | tie & positive,
          Rounding.HALF_TOWARD_ZERO: above | tie & negative}[rounding]
    return np.clip(low, 0, last) + up


def beside(points, dtype=np.float64) -> np.ndarray:
    """Points and their neighbours of ``dtype`` on both sides, those that are finite."""
    points = np.asarray(points, dtype).ravel()
    with np.errstate(over="ignore", under="ignore"):
        every = np.concatenate([points, np.nextafter(points, dtype(np.inf)),
                                np.nextafter(points, dtype(-np.inf))])
    return every[np.isfinite(every)]


def spread(rng, low: int, high: int, count: int = 100_000) -> np.ndarray:
    """Reals of both signs, magnitudes from ``2**low`` to ``2**high``, every exponent as often."""
    return np.ldexp(rng.uniform(0.5, 1, count) * rng.choice([-1.0, 1.0], count),
                    rng.integers(low, high, count, endpoint=True))
