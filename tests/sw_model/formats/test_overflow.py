"""Ranges up to 64 bits: limits that float64 does not hold are met exactly."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Overflow
from sw_model.formats.overflow import into_range
from tests.support.exact import into

RANGES = [(-1, 1), (0, 0), (-1, 0), (0, 1), (-128, 127), (0, 2**53 - 1), (0, 2**54 - 1),
          (-(2**53), 2**53 - 1), (-(2**62), 2**62 - 1), (0, 2**63 - 1), (-(2**63), 2**63 - 1)]


def near(low: int, high: int, rng) -> np.ndarray:
    """Integers of float64 around the limits, around zero, and far away."""
    ends = [float(end + step) for end in (low, high, 0) for step in range(-3, 4)]
    ends += [0.0, 2.0**52, 2.0**53, 2.0**63, 2.0**64, 2.0**65 + 2.0**13, 2.0**900, 1e300]
    random = np.rint(rng.normal(size=200) * 2.0 ** rng.integers(0, 80, 200))
    found = np.concatenate([np.array(ends), random])
    found = np.concatenate([found, np.nextafter(found[np.abs(found) >= 2.0**53], 0.0)])
    return np.concatenate([found, -found])


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_equals_integers(low, high, overflow, rng):
    whole = near(low, high, rng)
    expected = [into(int(x), low, high, overflow) for x in whole.tolist()]
    result = into_range(whole, low, high, overflow)
    assert result.dtype == np.int64
    assert result.tolist() == expected


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_names_every_value_outside(low, high, rng):
    for x in near(low, high, rng).tolist():
        if low <= int(x) <= high:
            assert into_range(np.array(x), low, high, Overflow.ERROR) == int(x)
            continue
        with pytest.raises(ValueError, match=rf"^a value lies outside {low} to {high}$"):
            into_range(np.array([0.0, x]), low, high, Overflow.ERROR)


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_infinities(low, high):
    both = np.array([-np.inf, np.inf])
    assert into_range(both, low, high, Overflow.SATURATE).tolist() == [low, high]
    for one in (both[:1], both[1:]):
        with pytest.raises(ValueError, match=r"^infinity cannot wrap$"):
            into_range(one, low, high, Overflow.WRAP)
        with pytest.raises(ValueError, match=r"^a value lies outside"):
            into_range(one, low, high, Overflow.ERROR)
