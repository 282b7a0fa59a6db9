# amaranth: UnusedElaboratable=no
"""The unified maximum with its fallback, against the golden function."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hw.nonlinear.softmax_unified import UnifiedSoftmax
from sw_model.ops import needs_fallback, unified_softmax
from tests.support.rows import row_unit
from tests.support.softmax_units import softmax_units
from tests.support.softmaxes import UINT16, some_rows, unified
from tests.support.units import check_units

FEW = [(0.0, 0.0), (0.5, 0.5)]


def specs_of(lanes):
    return (unified(1 / 16, below=-3, above=2, tile=lanes),
            unified(1 / 16, UINT16, maximum=20, below=-2, above=4, tile=lanes, guard=0),
            unified(0.5, UINT16, below=-9, above=3, tile=lanes))


def units_of(spec, rng):
    return softmax_units(lambda longest: UnifiedSoftmax(spec, spec.online.tile, longest),
                         partial(unified_softmax, spec=spec), rng, name=str(spec), steady=False)


def test_a_lane_and_several(rng):
    check_units([*units_of(specs_of(1)[0], rng), *units_of(specs_of(3)[1], rng)], stalls=FEW)


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_all_settings(lanes, rng):
    check_units([unit for spec in specs_of(lanes) for unit in units_of(spec, rng)])


@pytest.mark.parametrize("lanes", [1, pytest.param(4, marks=pytest.mark.full)])
def test_no_bubble_between_rows_of_one_kind(lanes, rng):
    spec = unified(1 / 16, below=-3, above=2, tile=lanes)
    fitting = [np.clip(some_rows(rng, (16,), 20), None, spec.high - 1) for _ in range(10)]
    others = [np.concatenate([row[:15], [spec.high]]) for row in fitting]
    alternating = [row for pair in zip(fitting, others, strict=True) for row in pair]
    assert not needs_fallback(np.array(fitting), spec).any()
    assert needs_fallback(np.array(others), spec).all()
    units = []
    for rows, paced in ((fitting, True), (others, True), (alternating, False)):
        units.append(row_unit(UnifiedSoftmax(spec, lanes, 16), rows,
                              [unified_softmax(row, spec) for row in rows], paced=paced,
                              latency=rows is not others))
    check_units(units)


def test_every_code_in_and_out_of_range(rng):
    """Rows of one element, of which every other falls back."""
    spec = unified(1 / 16, UINT16, below=-5, above=3)
    rows = [np.array([x]) for x in rng.permutation(np.arange(-128, 128))]
    check_units([row_unit(UnifiedSoftmax(spec, 1, 4), rows,
                          [unified_softmax(row, spec) for row in rows], paced=False,
                          latency=False)])


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be of UnifiedSoftmaxSpec, not 3$"):
        UnifiedSoftmax(3, 1, 8)
    with pytest.raises(ValueError, match=r"^lanes must be the spec's tile, 1, not 2$"):
        UnifiedSoftmax(unified(1 / 16), 2, 8)
