"""Encoders of codebooks and K-hot weights: 100,000 reals each, and all ties."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import CodebookFormat, KHotFormat, Rounding
from tests.support.exact import rounded as exactly
from tests.support.nearest import nearest
from tests.support.whole import beside, floors, places, split, spread

KHOT = [KHotFormat(2, 0, 1), KHotFormat(4, 0, 1), KHotFormat(5, 9, 2), KHotFormat(8, 5, 1),
        KHotFormat(8, 5, 2), KHotFormat(8, 5, 3), KHotFormat(8, -3, 7), KHotFormat(8, 900, 2),
        KHotFormat(8, -900, 2), KHotFormat(11, 20, 4), KHotFormat(16, 12, 3),
        KHotFormat(16, 15, 1), KHotFormat(12, 0, 11),
        pytest.param(KHotFormat(16, 0, 15), marks=pytest.mark.full)]

#: Exponent of a grid, and integers on it: without zero, of one sign, far apart, equal ones.
BOOKS = [(-1, (-2, 0, 1, 4)), (0, (3, 1, 2)), (2, (7,)), (-3, (-12, -10, -9)),
         (0, (-3, 4, -3, 4, 9)), (-20, (1, 1 << 30, -(1 << 40))), (-800, (5, -5, 1)),
         (0, (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113))]


def khot_values(form):
    """Ascending integers in units of ``2**-fraction``, and their codes."""
    sizes = [n for n in range(1 << (form.width - 1)) if n.bit_count() <= form.hot]
    codes = {n: n for n in sizes} | {-n: n | 1 << (form.width - 1) for n in sizes if n}
    ascending = sorted(codes)
    return np.array(ascending), np.array([codes[n] for n in ascending])


def drawn(rng):
    """Books of 16 and of 256 different integers, in no order."""
    return [(-9, tuple(rng.permutation(np.arange(-4000, 4000))[:size].tolist()))
            for size in (16, 255, 256)]


def reals_around(values, lsb, rng):
    """100,000 reals, then values, ties, what is as far beyond the ends, and neighbours."""
    bits = int(np.abs(values).max()).bit_length()
    twice = np.concatenate([2 * values, values[1:] + values[:-1], [0, 1, -1],
                            3 * values[[0, -1]] - values[[1 % len(values), -2 % len(values)]],
                            4 * values[[0, -1]]])
    near = beside(np.ldexp(twice.astype(float), lsb - 1))
    return spread(rng, lsb - 4, lsb + bits + 2), np.concatenate([near, -near])


def check(form, values, codes, lsb, tie_goes_up, rng):
    many, near = reals_around(values, lsb, rng)
    for rounding in Rounding:
        some = many if rounding is Rounding.HALF_EVEN else many[:10_000]
        reals = np.concatenate([some, near, [1e308, -1e308, 5e-324, -5e-324]])
        whole, exponents = split(reals)
        down, part = floors(whole, exponents - lsb)
        # Far inside of int64, and far beyond the ends.
        down = np.clip(down, -(1 << 60), 1 << 60)
        wanted = codes[places(values, down, part, rounding, tie_goes_up)]
        np.testing.assert_array_equal(form.encode(reals, rounding=rounding), wanted)


@pytest.mark.parametrize("form", KHOT, ids=str)
def test_khot(form, rng):
    values, codes = khot_values(form)
    check(form, values, codes, -form.fraction, np.abs(values[1:]) < np.abs(values[:-1]), rng)


@pytest.mark.parametrize("number", range(len(BOOKS) + 3))
def test_codebooks(number, rng):
    lsb, entries = [*BOOKS, *drawn(rng)][number]
    form = CodebookFormat(tuple(np.ldexp(np.array(entries, float), lsb).tolist()))
    values = np.array(sorted(set(entries)))
    codes = np.array([entries.index(value) for value in values.tolist()])
    # The even place takes a tie.
    check(form, values, codes, lsb, np.arange(1, len(values)) % 2 == 0, rng)


def test_places_are_those_of_fractions(rng):
    """What the tests above expect, against the definition in fractions."""
    for values in ((-9, -3, 0, 1, 2, 8), (2, 3, 7), (-7, -5), (4,)):
        reals = np.concatenate([spread(rng, -3, 5, 300), beside(np.arange(-80, 81) / 4)])
        down, part = floors(*split(reals))
        assert [exactly(real, Rounding.FLOOR) for real in reals.tolist()] == down.tolist()
        for rounding in Rounding:
            found = places(np.array(values), down, part, rounding,
                           np.arange(1, len(values)) % 2 == 0)
            assert found.tolist() == [nearest(real, values, rounding, lambda low: low + low % 2)
                                      for real in reals.tolist()]
