"""The table of answers is what the search says, whatever its size; and its ends."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import NAMED, CodebookFormat, Overflow, PositFormat, Rounding, parse_format
from sw_model.formats.coded import _encoder
from sw_model.formats.nearest import CHUNK, Boundaries
from tests.support.reals import around, sample

FORMS = ["e5m2", "e4m3fn", "e2m1", "ue5m3", "bf16", "fp16", "e8m0", "float<1,0>",
         "float<4,3,flush>", "float<1,1,fn,flush>", "posit<8,0>", "posit<16,1>", "khot<9,4,3>",
         "codebook<0>",
         "codebook<0.1,-0.7,0.3,100.3>", "codebook<1e-200,3e-200,1e200,-7>"]


def overflows(form):
    return [Overflow.SATURATE] + [Overflow.SPECIAL] * (form.special() is not None)


@pytest.mark.parametrize("text", FORMS)
def test_table_equals_search(text, rng):
    form = parse_format(text)
    for rounding in form.roundings:
        for overflow in overflows(form):
            reals = around(form.values())
            reals = reals if len(reals) < 20_000 else rng.choice(reals, 20_000)
            if form.fixed_max > 0:
                reals = np.concatenate([reals, sample(form.values(), rng, 5000)])
            reals = reals[np.isfinite(reals)]
            if form.special(negative=True) is None and overflow is Overflow.SPECIAL:
                reals = np.abs(reals)
            encoder = _encoder(form, rounding, overflow)
            np.testing.assert_array_equal(encoder(reals), encoder.search(reals))


def test_largest_of_a_lone_exponent():
    """Its step is that of its own exponent, though the value below is zero."""
    form = parse_format("float<1,1,fn,flush,overflow>")
    assert form.decode(range(8))[:3].tolist() == [0, 0, 2]
    assert np.isnan(form.decode(3))
    # 3 would be next: 2.5 is halfway, a tie, and 2 has the even code.
    assert form.encode([2.49, 2.5, 2.51, 3.0]).tolist() == [2, 2, 3, 3]


def test_many_reals_at_once(rng):
    """More than one chunk, with NaN and infinities among them and without."""
    form = NAMED["e5m2"]
    reals = rng.normal(size=(3, CHUNK)) * 1e3
    expected = np.concatenate([form.encode(part) for part in np.array_split(reals.ravel(), 7)])
    np.testing.assert_array_equal(form.encode(reals).ravel(), expected)
    places = rng.integers(0, reals.size, 300)
    reals.ravel()[places] = np.tile([np.nan, np.inf, -np.inf], 100)
    found = form.encode(reals).ravel()
    np.testing.assert_array_equal(form.decode(found[places]), reals.ravel()[places])
    others = np.setdiff1d(np.arange(reals.size), places)
    np.testing.assert_array_equal(found[others], expected[others])


def test_an_error_names_the_real():
    with pytest.raises(ValueError, match=r"^500\.0 lies outside e4m3fn$"):
        NAMED["e4m3fn"].encode([1.0, 500.0, 600.0], overflow=Overflow.ERROR)


def test_halfway_is_exact_or_said_not_to_be():
    values = np.array([0.0, 1.0, 1.5, np.nextafter(1.5, 2)])
    edges = Boundaries.between(values, np.arange(4))
    assert edges.limits.tolist() == [0.5, 1.25, 1.5]
    assert edges.exact.tolist() == [True, True, False]
    assert edges.tie_goes_up.tolist() == [False, True, False]
    assert edges.range == edges.following == (0.0, float(values[-1]))


@pytest.mark.parametrize("form", [CodebookFormat((5.0,)), CodebookFormat((0.0,))], ids=str)
def test_one_value(form):
    for rounding in Rounding:
        assert form.encode([-1.0, 0.0, 5.0, 9.0, np.inf], rounding=rounding).tolist() == [0] * 5
    assert form.encode(form.entries, overflow=Overflow.ERROR) == 0
    with pytest.raises(ValueError, match=r"lies outside codebook<"):
        form.encode(4.9, overflow=Overflow.ERROR)


def test_formats_of_one_spelling_share_an_encoder():
    one = _encoder(PositFormat(8, 0), Rounding.HALF_EVEN, Overflow.SATURATE)
    assert _encoder(PositFormat(8, 0), Rounding.HALF_EVEN, Overflow.SATURATE) is one
