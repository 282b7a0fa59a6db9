"""BitMoD's quantiser by whole numbers: 100,000 reals each, and all ties for every selector."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Rounding
from sw_model.formats.blocks.bitmod import BitModFormat, nearest_codes
from tests.support.whole import beside, floors, places, split, spread

#: Twice the magnitudes of each width, and twice the special values.
TWICE = {3: (0, 2, 4, 8), 4: (0, 1, 2, 3, 4, 6, 8, 12)}
SPECIALS = {3: (6, -6, 12, -12), 4: (10, -10, 16, -16)}

GRIDS = [(width, selector) for width in (3, 4) for selector in range(4)]


def grid(width, selector):
    """Ascending integers, twice the values, and their codes."""
    codes = {n: code for code, n in enumerate(TWICE[width])}
    codes |= {-n: len(codes) + code for code, n in enumerate(TWICE[width]) if n}
    codes[SPECIALS[width][selector]] = len(TWICE[width])
    values = sorted(codes)
    return np.array(values), np.array([codes[value] for value in values])


def nearest(width, selector, reals):
    """Codes; ties go to the lower value, as halves go up among the negatives."""
    values, codes = grid(width, selector)
    whole, power = split(-reals)
    down, part = floors(whole, power + 1)
    place = places(-values[::-1], np.clip(down, -(1 << 60), 1 << 60), part, Rounding.HALF_UP)
    return codes[::-1][place]


def quantised(width, groups):
    """Codes, selectors and scales of groups, shape (groups, size)."""
    best = np.full(len(groups), np.inf)
    chosen = np.zeros(groups.shape, int), np.zeros(len(groups), int), np.zeros(len(groups))
    for selector in range(4):
        values, codes = grid(width, selector)
        scales = np.maximum(np.abs(groups).max(axis=1) / (np.abs(values).max() / 2), 1e-5)
        found = nearest(width, selector, groups / scales[:, None])
        shown = np.zeros(2 * len(TWICE[width]))
        shown[codes] = values / 2
        error = np.square(shown[found] * scales[:, None] - groups).mean(axis=1)
        better = error < best
        best = np.where(better, error, best)
        for array, new in zip(chosen, (found, selector, scales), strict=True):
            array[better] = np.broadcast_to(new, array.shape)[better]
    return chosen


def check(form, groups):
    for found, wanted in zip(form.quantise(groups), quantised(form.width, groups), strict=True):
        np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)


@pytest.mark.parametrize(("width", "selector"), GRIDS)
def test_nearest_codes(width, selector, rng):
    """100,000 scaled reals, all values, all ties, and their neighbours."""
    values, _ = grid(width, selector)
    ties = (values[1:] + values[:-1]) / 4
    reals = np.concatenate([spread(rng, -4, 5), spread(rng, -1000, 1000, 1000),
                            beside(np.concatenate([values / 2, ties, -ties, [20, -20]]))])
    np.testing.assert_array_equal(nearest_codes(width, selector, reals),
                                  nearest(width, selector, reals))


@pytest.mark.parametrize("width", [3, 4])
@pytest.mark.parametrize("group", [1, 8, 128])
def test_100_000_reals(width, group, rng):
    """Groups of all magnitudes of float32, normal, flat, and of small integers with many ties."""
    form, count = BitModFormat(width, group), 25_600 // group
    powers = rng.integers(-140, 120, (count, 1))
    check(form, np.ldexp(rng.normal(size=(count, group)), powers))
    check(form, np.ldexp(rng.uniform(-1, 1, (count, group)), powers))
    check(form, rng.integers(-16, 17, (count, group)) / 4)
    check(form, spread(rng, -12, 3, 25_600).reshape(count, group))


@pytest.mark.parametrize(("width", "selector"), GRIDS)
def test_ties_within_groups(width, selector):
    """The selector's values keep it the best; the eighth weight is a tie or beside one."""
    values, _ = grid(width, selector)
    form = BitModFormat(width, len(values) + 8)
    ties = beside((values[1:] + values[:-1]) / 4)
    for scale in (2.0**-16, 1.0, 3.0, 2.0**100):
        groups = np.column_stack([np.tile(values / 2, (len(ties), 1)),
                                  np.full((len(ties), 7), SPECIALS[width][selector] / 2), ties])
        check(form, groups * scale)
        assert (form.quantise(groups * scale)[1] == selector).all()
