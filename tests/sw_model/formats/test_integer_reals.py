"""Encoders of integers, fixed point, bipolar and ternary: 100,000 reals each, and all ties."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    IntFormat,
    Overflow,
    Rounding,
    TernaryFormat,
)
from tests.support.exact import rounded as exactly
from tests.support.reals import CORNERS, every_16_bit_real
from tests.support.whole import MOST, beside, floors, rounded, split, spread

NARROW = [*(IntFormat(width) for width in range(1, 17)),
          *(IntFormat(width, signed=False) for width in range(1, 17)),
          FixedFormat(8, 4), FixedFormat(12, -3), FixedFormat(7, 20, signed=False),
          FixedFormat(8, 900), FixedFormat(8, -900), TernaryFormat()]
WIDE = [IntFormat(24), IntFormat(32), IntFormat(53), IntFormat(64), IntFormat(32, signed=False),
        IntFormat(63, signed=False), FixedFormat(64, 30), FixedFormat(63, -7, signed=False)]


def wrapped(form, whole):
    """Of int64, the low bits, with the sign that the highest of them has."""
    if form == TernaryFormat():
        return (whole + 1) % 3 - 1
    spare = 64 - form.width
    left = whole << spare
    return left >> spare if form.signed else (left.view(np.uint64) >> np.uint64(spare)).view(
        np.int64)


def check(form, reals, *roundings):
    """Saturated, and wrapped what rounds to int64."""
    whole, exponents = split(reals)
    down, part = floors(whole, exponents - form.lsb)
    inside = (down < 1 << 62) & (down > -(1 << 62))
    for rounding in roundings:
        wanted = rounded(down, part, rounding)
        np.testing.assert_array_equal(form.encode(reals, rounding=rounding),
                                      np.clip(wanted, form.min, form.max))
        np.testing.assert_array_equal(
            form.encode(reals[inside], rounding=rounding, overflow=Overflow.WRAP),
            wrapped(form, wanted[inside]))


def ties(form, rng):
    """Halves between all codes and beyond the ends; of wide formats at powers of two and ends,
    and 5,000 others."""
    if form.width <= 16:
        whole = np.arange(2 * form.min - 5, 2 * form.max + 6)
    else:
        powers = 1 << np.arange(min(form.width, 53))
        ends = np.array([form.min, form.max // 2, form.max]).astype(float)
        near = np.arange(-3, 4)
        whole = np.concatenate([(powers[:, None] + near).ravel(), (near - powers[:, None]).ravel(),
                                (2 * ends[:, None] + near).ravel(),
                                rng.integers(-(2**53), 2**53, 5000)])
    return beside(np.ldexp(whole.astype(float), form.lsb - 1))


@pytest.mark.parametrize("form", [*NARROW, *WIDE], ids=str)
def test_100_000_reals(form, rng):
    """By the usual rounding, and 10,000 by each other one."""
    reals = spread(rng, form.lsb - 4, form.lsb + min(form.width, 62) + 3)
    check(form, reals, Rounding.HALF_EVEN)
    check(form, reals[:10_000], *Rounding)


@pytest.mark.parametrize("form", [*NARROW, *WIDE], ids=str)
def test_ties_and_their_neighbours(form, rng):
    check(form, ties(form, rng), *Rounding)


def test_bipolar_is_the_sign(rng):
    """The sign bit, but for minus zero."""
    finite = [real for real in CORNERS if np.isfinite(real)]
    reals = np.concatenate([spread(rng, -1070, 1000), every_16_bit_real(),
                            beside([-1, -0.5, 0, 0.5, 1]), finite])
    bits = reals.view(np.int64)
    codes = ((bits >= 0) | (bits == -MOST - 1)).astype(int)
    for rounding in Rounding:
        for overflow in (Overflow.SATURATE, Overflow.WRAP):
            np.testing.assert_array_equal(
                BipolarFormat().encode(reals, rounding=rounding, overflow=overflow), codes)


def test_whole_numbers_are_those_of_fractions(rng):
    """What the tests above expect, against the definition in fractions."""
    reals = np.concatenate([spread(rng, -70, 62, 2000), spread(rng, -1074, 900, 200),
                            beside(np.arange(-40, 41) / 4), [5e-324, 1e308, -1e308, 2.0**63]])
    whole, exponents = split(reals)
    assert [Fraction(m) * Fraction(2) ** e for m, e in zip(whole.tolist(), exponents.tolist(),
                                                           strict=True)] \
        == [Fraction(real) for real in reals.tolist()]
    down, part = floors(whole, exponents)
    for rounding in Rounding:
        wanted = [exactly(Fraction(real), rounding) for real in reals.tolist()]
        assert rounded(down, part, rounding).tolist() \
            == [min(max(one, -MOST - 1), MOST) for one in wanted]
