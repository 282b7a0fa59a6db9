# amaranth: UnusedElaboratable=no
"""The unified maximum with its fallback, against the golden function."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hw.nonlinear.softmax_unified import UnifiedSoftmax
from hw.rows.annotate import SLACK
from sw_model.ops import needs_fallback, unified_softmax
from tests.support.row_times import RowTimes
from tests.support.rows import row_unit
from tests.support.softmax_units import softmax_units
from tests.support.softmaxes import UINT16, unified
from tests.support.units import check_units

FEW = [(0.0, 0.0), (0.5, 0.5)]


def specs_of(lanes):
    return (unified(1 / 16, below=-3, above=2, tile=lanes),
            unified(1 / 16, UINT16, maximum=20, below=-2, above=4, tile=lanes, guard=0),
            unified(0.5, UINT16, below=-9, above=3, tile=lanes))


def units_of(spec, rng):
    return softmax_units(lambda longest: UnifiedSoftmax(spec, spec.online.tile, longest),
                         partial(unified_softmax, spec=spec), rng, name=str(spec))


def test_a_lane_and_several(rng):
    check_units([*units_of(specs_of(1)[0], rng), *units_of(specs_of(3)[1], rng)], stalls=FEW)


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_all_settings(lanes, rng):
    check_units([unit for spec in specs_of(lanes) for unit in units_of(spec, rng)])


def rows_of(lengths, spec, rng):
    """Of each length a row that fits, one that is too high and one that is too low."""
    low, high = spec.low, spec.high
    fitting = [rng.integers(low + 1, high, length) for length in lengths]
    above = [rng.integers(low + 1, 128, length) for length in lengths]
    for row in above:
        row[rng.integers(len(row))] = rng.integers(high, 128)
    below = [rng.integers(-128, low, length, endpoint=True) for length in lengths]
    for rows, falls_back in ((fitting, False), (above, True), (below, True)):
        assert all(needs_fallback(row, spec)[..., 0] == falls_back for row in rows)
    return fitting, above, below


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """Two of a kind on one lane and on three, in an emulator, for rows of up to 20 words."""
    specs = [unified(1 / 16, below=-3, above=2, tile=lanes) for lanes in (1, 1, 3, 3)]
    units = [UnifiedSoftmax(spec, spec.online.tile, 20 * spec.online.tile) for spec in specs]
    times = RowTimes(units, tmp_path_factory.mktemp("timed") / "units")

    def run(rows):
        return times.run(rows, [[unified_softmax(row, spec) for row in each]
                                for each, spec in zip(rows, specs, strict=True)])

    return units, run


def mixed(rng, units, words):
    """Rows of so many words: for the first of each two units they fit, for the other all kinds
    are mixed; and elements of the last word are missing."""
    rows = []
    for unit in units[::2]:
        lanes, spec = unit.lanes, unit.spec
        kinds = rows_of(np.array(words) * lanes - rng.integers(0, lanes, len(words)), spec, rng)
        rows += [kinds[0], [kinds[kind][k] for k, kind in enumerate(
            rng.integers(0, 3, len(words)))]]
    return rows


@pytest.mark.parametrize("words", [1, 2, 3, 7, 20])
def test_no_bubble_between_rows_of_all_kinds(words, timed, rng):
    units, run = timed
    for unit, times in zip(units, run(mixed(rng, units, [words] * (600 // words))), strict=True):
        assert unit.row_gap == 1
        assert times.steady
        assert set(times.waits.tolist()) == {unit.latency}


def test_times_depend_on_no_element(timed, rng):
    """Rows of any lengths, back to back: those that fall back wait no longer than others."""
    units, run = timed
    words = [*rng.integers(1, 20, 200, endpoint=True), *rng.choice([1, 20], 400, p=[0.9, 0.1]),
             *([20, *[1] * 40] * 5), *([20, 20, 1] * 10), *([20, 10, 5, 2, 1] * 10)]
    fitting, anything, *others = run(mixed(rng, units, words))
    for one, other in ((fitting, anything), others):
        np.testing.assert_array_equal(one.taken, other.taken)
        np.testing.assert_array_equal(one.given, other.given)
    for unit, times in zip(units, (fitting, anything, *others), strict=True):
        assert times.waits[0] == unit.latency
        assert times.waits.min() >= unit.latency
        most = unit.latency + (unit.words + unit.latency + SLACK)
        assert (times.waits + np.array(words) <= most).all()


def test_every_code_in_and_out_of_range(rng):
    """Rows of one element, of which every other falls back."""
    spec = unified(1 / 16, UINT16, below=-5, above=3)
    rows = [np.array([x]) for x in rng.permutation(np.arange(-128, 128))]
    check_units([row_unit(UnifiedSoftmax(spec, 1, 4), rows,
                          [unified_softmax(row, spec) for row in rows])])


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be of UnifiedSoftmaxSpec, not 3$"):
        UnifiedSoftmax(3, 1, 8)
    with pytest.raises(ValueError, match=r"^lanes must be the spec's tile, 1, not 2$"):
        UnifiedSoftmax(unified(1 / 16), 2, 8)
