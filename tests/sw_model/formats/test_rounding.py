"""Rounding against fractions, over the whole range of float16, float32 and float64."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import Rounding, parse_format, round_real
from sw_model.formats.rounding import as_reals
from tests.support.exact import rounded


def corners(dtype):
    """Numbers next to halves and integers of every size, on both sides of zero."""
    digits = np.finfo(dtype).nmant + 1
    whole = [0, 1, 2, 3, 4, 5, 99, 100, 1023]
    whole += [2**k + step for k in range(digits - 3, digits + 3) for step in (-2, -1, 0, 1, 2)]
    halves = np.array([k + half for k in whole for half in (0.0, 0.25, 0.5, 0.75)], dtype)
    tiny = np.array([np.finfo(dtype).smallest_subnormal, np.finfo(dtype).tiny], dtype)
    exact = np.concatenate([halves, tiny, np.array([np.finfo(dtype).max], dtype)])
    every = np.concatenate([exact, np.nextafter(exact, dtype(0)), np.nextafter(exact, dtype(1e4))])
    return np.unique(np.concatenate([every, -every]))


def sample(dtype, rng):
    """Numbers of every exponent, most of them where they have a fraction."""
    bits = {np.float16: np.uint16, np.float32: np.uint32, np.float64: np.uint64}[dtype]
    noise = rng.integers(0, np.iinfo(bits).max, 400, bits, endpoint=True).view(dtype)
    digits = np.finfo(dtype).nmant + 1
    near = rng.normal(size=800) * 2.0 ** rng.integers(-3, digits + 2, 800)
    found = np.concatenate([noise, near.astype(dtype), corners(dtype)])
    return found[np.isfinite(found)]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_equals_fractions(dtype, rounding, rng):
    x = sample(dtype, rng)
    result = round_real(x, rounding)
    assert result.dtype == dtype
    # As fractions too, since a wide integer does not survive every comparison with a float.
    for value, whole in zip(x.tolist(), result.tolist(), strict=True):
        assert Fraction(whole) == rounded(Fraction(value), rounding), value
    np.testing.assert_array_equal(np.signbit(result), np.signbit(x))


@pytest.mark.parametrize("rounding", Rounding)
def test_every_half_precision_number_near_a_half(rounding):
    """All float16 numbers from -64 to 64: more than half of all there are."""
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    x = x[np.abs(x) <= 64]
    # In units of the smallest number, Python's integers need no fractions.
    units = (x.astype(np.float64) * 2**24).astype(np.int64)
    one, half = 2**24, 2**23
    down, rest = units // one, units % one
    up = down + (rest > 0)
    positive = units >= 0
    expected = {
        Rounding.FLOOR: down, Rounding.CEILING: up,
        Rounding.TOWARD_ZERO: np.where(positive, down, up),
        Rounding.AWAY_FROM_ZERO: np.where(positive, up, down),
        Rounding.HALF_EVEN: down + (rest + (down & 1) > half),
        Rounding.HALF_AWAY: down + (rest + positive > half),
        Rounding.HALF_UP: down + (rest >= half),
        Rounding.HALF_TOWARD_ZERO: down + (rest + ~positive > half)}[rounding]
    np.testing.assert_array_equal(round_real(x, rounding), expected)


@pytest.mark.parametrize("rounding", Rounding)
def test_signs_of_zero_infinities_and_nan(rounding):
    x = np.array([0.0, -0.0, -0.25, -0.5, np.inf, -np.inf, np.nan], np.float32)
    result = round_real(x, rounding)
    assert np.signbit(result[:4]).tolist() == [False, True, True, True]
    assert result[4:6].tolist() == [math.inf, -math.inf]
    assert math.isnan(result[6])


@pytest.mark.parametrize("rounding", Rounding)
def test_integers_and_scalars(rounding):
    assert round_real([3, -4, 2**53], rounding).tolist() == [3.0, -4.0, 2.0**53]
    scalar = round_real(7.0, rounding)
    assert isinstance(scalar, np.ndarray)
    assert (scalar.shape, float(scalar)) == ((), 7.0)
    assert round_real(np.empty((0, 3)), rounding).shape == (0, 3)


def test_refuses_what_is_no_rounding():
    with pytest.raises(TypeError, match=r"^rounding must be a Rounding, not 'floor'$"):
        round_real([1.5], "floor")


@pytest.mark.parametrize(("values", "kind"), [
    (["1"], "<U1"), ([1j], "complex128"), ([2**64], "object"), ([None], "object"),
    ([Fraction(1, 2)], "object")])
def test_refuses_what_is_no_number(values, kind):
    with pytest.raises(TypeError, match=rf"^values must be real numbers, not {kind}$"):
        as_reals(values)


@pytest.mark.skipif(np.finfo(np.longdouble).bits == 64, reason="long double is float64")
def test_refuses_what_is_wider_than_float64():
    """Just above a tie it would be the tie itself."""
    above = np.longdouble(2.5) + np.longdouble(2) ** -60
    assert float(above) == 2.5
    for values in (above, [above], np.zeros((0, 2), np.longdouble)):
        with pytest.raises(TypeError, match=r"^reals must be of at most 64 bits, not float\d+$"):
            as_reals(values)
        for text in ("int8", "e2m1", "bipolar", "codebook<-1,0,2>"):
            with pytest.raises(TypeError, match=r"^reals must be of at most 64 bits"):
                parse_format(text).encode(values)


def test_refuses_integers_that_float64_would_round():
    assert as_reals([2**53, -(2**53)]).tolist() == [2.0**53, -(2.0**53)]
    assert as_reals(np.array([True, False])).tolist() == [1.0, 0.0]
    for wide in (2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**64 - 1):
        message = rf"^integers must be at most 2\*\*53 to be taken as reals, not {abs(wide)}$"
        with pytest.raises(ValueError, match=message):
            as_reals([wide])
