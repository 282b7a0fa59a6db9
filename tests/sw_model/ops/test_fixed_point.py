"""gemmlowp's primitives against rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.ops.fixed_point import (
    divide_by_power,
    doubling_high_multiply,
    exponential,
    multiply_by_multiplier,
    quantise_multiplier,
    quantise_multipliers,
    reciprocal_of_one_plus,
    saturating_shift,
    split_scale,
    split_scales,
)

EDGES = np.array([-(2**31), 1 - 2**31, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30, 2**31 - 1])
HALF = Fraction(1, 2)


def test_doubling_high_multiply(rng):
    values = np.concatenate([EDGES, rng.integers(-(2**31), 2**31, 40)])
    a, b = (v.ravel() for v in np.meshgrid(values, values))
    expected = [min(2**31 - 1, math.floor(Fraction(int(x) * int(y), 2**31) + HALF))
                for x, y in zip(a, b, strict=True)]
    assert doubling_high_multiply(a, b).tolist() == expected


@pytest.mark.parametrize("exponent", [0, 1, 2, 7, 31])
def test_divide_by_power_rounds_ties_away(exponent, rng):
    values = np.concatenate([EDGES, np.arange(-20, 21), rng.integers(-(2**31), 2**31, 40)])
    expected = [int(math.copysign(math.floor(abs(Fraction(int(v), 2**exponent)) + HALF), v))
                for v in values]
    assert divide_by_power(values, exponent).tolist() == expected


def test_saturating_shift():
    for left in (0, 1, 5, 31):
        expected = [max(-(2**31), min(2**31 - 1, int(v) << left)) for v in EDGES]
        assert saturating_shift(EDGES, left).tolist() == expected


def test_multiply_by_multiplier_rounds_twice():
    assert multiply_by_multiplier(np.array([-12, -4, -3, 3, 4, 12]), 2**30, -2).tolist() == [
        -2, -1, 0, 1, 1, 2]
    assert multiply_by_multiplier(np.array([1000, -1000]), 2**30, 4).tolist() == [8000, -8000]


@pytest.mark.parametrize(("scale", "multiplier", "shift"), [
    (0.0123, 1690499128, -6), (0.5, 2**30, 0), (0.25, 2**30, -1), (1.7, 1825361101, 1),
    (1 / 3, 1431655765, -1), (1 - 2.0**-33, 2**30, 1), (0.0, 0, 0), (2.0**-40, 0, 0),
    (2.0**-32, 2**30, -31),
])
def test_quantise_multiplier(scale, multiplier, shift):
    """TFLite's own examples, the carry out of 31 bits, and scales that vanish."""
    assert quantise_multiplier(scale) == (multiplier, shift - 31)


def test_quantise_multipliers_is_within_half_a_unit(rng):
    scales = np.exp(rng.uniform(-20, 20, 500))
    for scale, m, e in zip(scales, *quantise_multipliers(scales), strict=True):
        assert 2**30 <= m < 2**31
        error = Fraction(float(scale)) - int(m) * Fraction(2) ** int(e)
        assert abs(error) <= Fraction(2) ** int(e) / 2


def test_split_scale_is_exact_and_odd(rng):
    scales = np.concatenate([np.exp(rng.uniform(-200, 200, 200)) * rng.choice([-1, 1], 200),
                             [5e-324, 2.0**-1040 * 3, 1.5, 0.0, 1e300]])
    for scale, m, e in zip(scales, *split_scales(scales), strict=True):
        assert int(m) * Fraction(2) ** int(e) == Fraction(float(scale))
        assert m % 2 == 1 or scale == 0
        assert split_scale(float(scale)) == (m, e)
    assert split_scale(0.0) == (0, 0)


@pytest.mark.parametrize("integer_bits", [0, 4, 5])
def test_exponential_is_near_the_real_one(integer_bits, rng):
    codes = -np.sort(rng.integers(0, 2**31, 2000))
    codes[0], codes[-1] = 0, -(2**31)
    real = np.exp(np.ldexp(codes.astype(float), integer_bits - 31))
    np.testing.assert_allclose(exponential(codes, integer_bits) / 2**31, real, rtol=0, atol=4e-7)
    with pytest.raises(ValueError, match="integer_bits must be 0 to 5, not 6"):
        exponential(codes, 6)


def test_reciprocal_is_near_the_real_one(rng):
    codes = np.append(rng.integers(0, 2**31, 2000), [0, 2**31 - 1])
    np.testing.assert_allclose(reciprocal_of_one_plus(codes) / 2**31, 1 / (1 + codes / 2**31),
                               rtol=0, atol=1e-8)
