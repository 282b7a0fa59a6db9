"""One maximum for all rows: which rows it does not fit, and that both ways give the same."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.ops import needs_fallback, online_softmax, unified_softmax
from sw_model.specs import UnifiedSoftmaxSpec
from tests.support.softmaxes import UINT16, online, some_rows, unified


def test_the_paper_s_examples():
    spec = unified(1.0, maximum=0, below=-10, above=10)
    assert needs_fallback(np.array([[1, 2, 3], [1, 2, 30]]), spec).tolist() == [[False], [True]]


def test_every_code_in_and_out_of_range():
    """Rows of one element: those from low to high, both out, fit."""
    spec = unified(1 / 16, maximum=10, below=-3, above=2.5)
    codes = np.arange(-128, 128)[:, None]
    real = (codes - 10) / 16
    np.testing.assert_array_equal(needs_fallback(codes, spec), (real <= -3) | (real >= 2.5))


def test_the_flag_is_that_of_any_element(rng):
    spec = unified(1 / 16, below=-3, above=5)
    rows = some_rows(rng, (2000, 20), 30)
    flags = needs_fallback(rows, spec)[:, 0]
    want = [any(x >= spec.high for x in row) or all(x <= spec.low for x in row)
            for row in rows.tolist()]
    assert flags.tolist() == want
    assert 0.05 < flags.mean() < 0.95


def test_fallback_is_the_online_form(rng):
    spec = unified(1 / 16, UINT16, below=-3, above=5)
    rows = some_rows(rng, (2000, 20), 30)
    flags, got = needs_fallback(rows, spec)[:, 0], unified_softmax(rows, spec)
    want = online_softmax(rows, spec.online)
    np.testing.assert_array_equal(got[flags], want[flags])
    assert np.abs(got - want).max() <= 1


def test_order_does_not_matter(rng):
    spec = unified(1 / 16, UINT16, guard=5)
    rows = np.clip(some_rows(rng, (300, 40), 20), spec.low, spec.high - 1)
    order = rng.permutation(40)
    np.testing.assert_array_equal(unified_softmax(rows[:, order], spec),
                                  unified_softmax(rows, spec)[:, order])


def test_few_guard_bits_cost_rows_near_the_bottom(rng):
    spec, coarse = unified(1 / 16, UINT16), unified(1 / 16, UINT16, guard=0)
    rows = np.clip(some_rows(rng, (300, 10), 3) + spec.low + 8, spec.low, None)
    assert not needs_fallback(rows, spec).any()
    fine, rough = (unified_softmax(rows, each) for each in (spec, coarse))
    assert np.abs(fine - online_softmax(rows, spec.online)).max() <= 1
    assert np.abs(rough - fine).max() > 8


def test_limits_of_the_format():
    spec = unified(1 / 16, below=-100, above=100)
    assert (spec.low, spec.high) == (-128, 128)
    assert needs_fallback(np.array([[-128, -128], [-128, -127], [127, 0]]), spec).tolist() \
        == [[True], [False], [False]]


@pytest.mark.parametrize(("low", "high", "guard", "message"), [
    (-129, 64, 12, "low and high must be codes of int8 with one between them, not -129 and 64"),
    (63, 64, 12, "low and high must be codes of int8 with one between them, not 63 and 64"),
    (-64, 129, 12, "low and high must be codes of int8 with one between them, not -64 and 129"),
    (-64, 64, 32, "guard must be 0 to 31, not 32"), (-64, 64, -1, "guard must be 0 to 31, not -1")])
def test_specs_refuse(low, high, guard, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        UnifiedSoftmaxSpec(online=online(1 / 16), low=low, high=high, guard=guard)
    with pytest.raises(ValueError, match=r"^guard must be 8 to 31, not 0$"):
        UnifiedSoftmaxSpec(online=online(1 / 8, source=IntFormat(9)), low=-64, high=64, guard=0)
    with pytest.raises(TypeError, match=r"^online must be an OnlineSoftmaxSpec, not 3$"):
        UnifiedSoftmaxSpec(online=3, low=low, high=high, guard=guard)
