"""Reals to encode: every number of 16 bits, and what lies next to where codes change."""

from __future__ import annotations

from functools import cache

import numpy as np

__all__ = ["around", "assert_same", "every_16_bit_real", "sample"]

#: Zeros, the ends of float64 and float32, and what is no number.
CORNERS = [0.0, -0.0, 5e-324, -5e-324, 1e-45, -1e-45, 2.0**-126, 1e308, -1e308,
           3.4028234663852886e38, -3.4028234663852886e38, np.inf, -np.inf]


@cache
def every_16_bit_real() -> np.ndarray:
    """The numbers and infinities of float16 and bfloat16: each once, both zeros, no NaN."""
    bits = np.arange(1 << 16, dtype=np.uint32)
    with np.errstate(invalid="ignore"):
        half = bits.astype(np.uint16).view(np.float16).astype(np.float64)
        brain = (bits << 16).view(np.float32).astype(np.float64)
    both = np.concatenate([half, brain])
    found = np.unique(both[~np.isnan(both)].view(np.int64)).view(np.float64)
    found.setflags(write=False)
    return found


def around(values, dtype=np.float64) -> np.ndarray:
    """Finite values, points halfway between them and beyond the last, and the neighbours of
    all these in ``dtype``; with both signs."""
    ordered = np.unique(values[np.isfinite(values)])
    ends = ordered[[0, -1]] + np.diff(ordered)[[0, -1]] * [[-0.5], [0.5], [-1], [1]] \
        if len(ordered) > 1 else 2 * ordered
    points = np.concatenate([ordered, ordered[:-1] / 2 + ordered[1:] / 2, np.ravel(ends),
                             2 * ordered[[0, -1]]])
    with np.errstate(over="ignore"):
        points = points.astype(dtype)
        # Zero's neighbours are the least subnormals.
        every = np.concatenate([points, np.nextafter(points, dtype(np.inf)),
                                np.nextafter(points, dtype(-np.inf))])
        return np.concatenate([every, -every, np.array(CORNERS).astype(dtype)])


def sample(values, rng, count=100_000, dtype=np.float64) -> np.ndarray:
    """Random reals, with the exponents that ``values`` have and with some beyond them."""
    exponents = np.frexp(values[np.isfinite(values) & (values != 0)])[1]
    spread = rng.integers(exponents.min() - 3, exponents.max() + 3, count)
    with np.errstate(over="ignore"):
        reals = np.ldexp(rng.uniform(0.5, 1, count) * rng.choice([-1.0, 1.0], count), spread)
        return reals.astype(dtype)


def assert_same(found, expected) -> None:
    """Equal, with the signs of zeros; NaN is NaN."""
    np.testing.assert_array_equal(found, expected)
    zeros = np.asarray(expected) == 0
    np.testing.assert_array_equal(np.signbit(found)[zeros], np.signbit(expected)[zeros])
