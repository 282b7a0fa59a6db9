"""E8M0 against ml_dtypes, gfloat and the exponents of floats."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from gfloat import RoundMode, decode_ndarray, encode_ndarray, round_ndarray
from gfloat.formats import format_info_ocp_e8m0

from sw_model.formats import E8M0Format, Overflow, Rounding
from tests.support.reals import around, assert_same, every_16_bit_real, sample

E8M0 = E8M0Format()
CODES = np.arange(256)


def reals_in_range(rng):
    """Positive ones from the smallest value to far beyond the largest."""
    near = around(E8M0.values(), np.float32).astype(np.float64)
    reals = np.concatenate([every_16_bit_real(), around(E8M0.values()), near,
                            sample(E8M0.values(), rng)])
    return reals[(reals >= 2.0**-127) & (reals < 2.0**140)]


def test_every_code():
    expected = CODES.astype(np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    assert_same(E8M0.decode(CODES), expected)
    assert_same(E8M0.decode(CODES), decode_ndarray(format_info_ocp_e8m0, CODES))
    assert E8M0.decode([0, 127, 254]).tolist() == [2.0**-127, 1, 2.0**127]
    assert (E8M0.nan, E8M0.infinity(), E8M0.signed_zero, E8M0.lsb) == (255, None, None, -127)
    np.testing.assert_array_equal(E8M0.encode(E8M0.decode(CODES)), CODES)
    np.testing.assert_array_equal(E8M0.from_bits(E8M0.to_bits(CODES)), CODES)


@pytest.mark.parametrize(("rounding", "mode"), [
    (Rounding.HALF_EVEN, RoundMode.TiesToEven), (Rounding.HALF_AWAY, RoundMode.TiesToAway),
    (Rounding.FLOOR, RoundMode.TowardNegative), (Rounding.CEILING, RoundMode.TowardPositive),
    (Rounding.TOWARD_ZERO, RoundMode.TowardZero)])
def test_against_gfloat(rounding, mode, rng):
    reals = reals_in_range(rng)
    for overflow in (Overflow.SATURATE, Overflow.SPECIAL):
        expected = round_ndarray(format_info_ocp_e8m0, reals, mode,
                                 sat=overflow is Overflow.SATURATE)
        found = E8M0.encode(reals, rounding=rounding, overflow=overflow)
        assert_same(E8M0.decode(found), expected)
        numbers = ~np.isnan(expected)
        np.testing.assert_array_equal(
            found[numbers], encode_ndarray(format_info_ocp_e8m0, expected[numbers]))


def test_trap_casts_of_ml_dtypes_round_up():
    """OCP's scale is ``floor(log2)``; the cast takes the nearer power, of two the larger."""
    reals = np.array([1, 1.4, 1.5, 3, 5, 6, 2.0**-127, 2.0**127], np.float32)
    cast = reals.astype(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    assert cast.tolist() == [1, 1, 2, 4, 4, 8, 2.0**-127, 2.0**127]
    assert E8M0.decode(E8M0.encode(reals, rounding=Rounding.FLOOR)).tolist() == [
        1, 1, 1, 2, 4, 4, 2.0**-127, 2.0**127]
    # Only HALF_AWAY, or up, is what the cast does; half to even takes the even code.
    assert E8M0.decode(E8M0.encode(reals, rounding=Rounding.HALF_AWAY)).tolist() == cast.tolist()
    assert E8M0.decode(E8M0.encode([1.5, 3, 6, 12])).tolist() == [2, 2, 8, 8]


def test_half_away_is_the_cast_of_ml_dtypes(rng):
    """Where the cast is right: from the smallest normal float32 up."""
    reals = reals_in_range(rng)
    reals = reals[(reals >= 2.0**-126) & (reals < 2.0**128 - 2.0**103)].astype(np.float32)
    expected = reals.astype(ml_dtypes.float8_e8m0fnu).view(np.uint8)
    found = E8M0.encode(reals, rounding=Rounding.HALF_AWAY, overflow=Overflow.SPECIAL)
    np.testing.assert_array_equal(found, expected)


def test_trap_floor_is_the_exponent():
    """log2 in float32 is off by one just under many powers of two; frexp never is."""
    powers = 2.0 ** np.arange(-126, 128)
    below = np.nextafter(powers.astype(np.float32), np.float32(0))
    off = np.floor(np.log2(below)) != np.frexp(below)[1] - 1
    assert off[[126 + 3, 126 + 6, 126 + 20, 126 - 10]].all()
    assert not off[[126, 127]].any()
    for reals in (below, powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf)):
        expected = np.maximum(np.frexp(reals)[1] - 1 + 127, 0)
        np.testing.assert_array_equal(E8M0.encode(reals, rounding=Rounding.FLOOR), expected)


@pytest.mark.parametrize("rounding", Rounding)
def test_out_of_range(rounding):
    """Zero, negative numbers and what lies below the smallest, however it is rounded."""
    low = [0.0, -0.0, -1.0, np.nextafter(2.0**-127, 0), 5e-324, -np.inf]
    assert E8M0.encode(low, rounding=rounding).tolist() == [0] * 6
    assert E8M0.encode(low, rounding=rounding, overflow=Overflow.SPECIAL).tolist() == [255] * 6
    for wrong in low:
        with pytest.raises(ValueError, match=rf"^{wrong} lies outside e8m0$"):
            E8M0.encode([1.0, wrong], rounding=rounding, overflow=Overflow.ERROR)
    assert E8M0.encode([1e39, np.inf], rounding=rounding).tolist() == [254, 254]
    assert E8M0.encode([np.inf, np.nan], rounding=rounding,
                       overflow=Overflow.SPECIAL).tolist() == [255, 255]
    for wrong in (2.0**128, np.inf):
        with pytest.raises(ValueError, match=r" lies outside e8m0$"):
            E8M0.encode([1.0, wrong], rounding=rounding, overflow=Overflow.ERROR)


def test_no_zero_on_the_grid():
    with pytest.raises(ValueError, match=r"^0 on the grid of e8m0 is no value of it$"):
        E8M0.from_fixed([1, 0])
    with pytest.raises(ValueError, match=r"^code 255 of e8m0 is nan, which is no number on a grid"):
        E8M0.to_fixed(255)
    assert E8M0.fixed_max == 2**254
