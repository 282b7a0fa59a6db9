"""Floats of every split of 3 to 8 bits against gfloat: specials, biases, roundings, overflow."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from gfloat import (
    Domain,
    FormatInfo,
    RoundMode,
    decode_ndarray,
    encode_ndarray,
    round_ndarray,
)

from sw_model.formats import MinifloatFormat, Overflow, Rounding, Specials
from tests.support.reals import around, assert_same, every_16_bit_real, sample

BIASES = (None, -3, 20)
ROUNDINGS = {Rounding.HALF_EVEN: RoundMode.TiesToEven, Rounding.HALF_AWAY: RoundMode.TiesToAway,
             Rounding.FLOOR: RoundMode.TowardNegative, Rounding.CEILING: RoundMode.TowardPositive,
             Rounding.TOWARD_ZERO: RoundMode.TowardZero}


def floats():
    """All that exist of 3 to 8 bits, with a bias of their own and two others."""
    for width, signed, specials in product(range(3, 9), (True, False), Specials):
        for exponent in range(1, width - signed + 1):
            for bias in BIASES:
                mantissa = width - signed - exponent
                # One bit for infinities and none behind the point: zero is all there is.
                if exponent > 1 or mantissa or specials is Specials.NONE:
                    yield MinifloatFormat(exponent, mantissa, bias, specials, signed=signed)


EVERY = list(floats())
WIDTHS = range(3, 9)
#: All but one bit of exponent for infinities: gfloat takes its largest number for a normal one.
ALL_BUT_SUBNORMAL = [f for f in EVERY if f.exponent > 1 or f.specials is not Specials.IEEE]


def info(form: MinifloatFormat, has_subnormals: bool = True) -> FormatInfo:
    """The format in gfloat's terms."""
    nans = {Specials.NONE: 0, Specials.FN: 1, Specials.IEEE: (1 << form.mantissa) - 1}
    return FormatInfo(str(form), form.width, form.mantissa + 1, bias=form.offset,
                      is_signed=form.signed, has_nz=form.signed, is_twos_complement=False,
                      domain=Domain.Extended if form.specials is Specials.IEEE else Domain.Finite,
                      num_high_nans=nans[form.specials], has_subnormals=has_subnormals)


def of_width(forms, width):
    found = [form for form in forms if form.width == width]
    assert len(found) >= 2 * len(BIASES)
    return found


def test_there_are_all_splits():
    splits = {(f.exponent, f.mantissa, f.signed, f.specials) for f in EVERY}
    # 2 to 7 exponents if signed, one more if not; one bit of each alone holds too few numbers.
    assert len(splits) == 3 * (sum(range(2, 8)) + sum(range(3, 9)))
    assert len(EVERY) == len(set(EVERY)) == len(BIASES) * len(splits)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_code(width):
    codes = np.arange(1 << width)
    for form in of_width(EVERY, width):
        assert_same(form.decode(codes), decode_ndarray(info(form), codes))


def check(form, reals, rounding, overflow):
    """Encoded reals are those that gfloat rounds to, and their codes those that it gives.

    But for reals that vanish, or become infinite, when gfloat scales them.
    """
    size = np.abs(reals)
    reals = reals[(size == 0) | (size == np.inf) | ((size > 2.0**-1000) & (size < 2.0**1000))]
    mode, saturate = ROUNDINGS[rounding], overflow is Overflow.SATURATE
    expected = round_ndarray(info(form), reals, mode, sat=saturate)
    codes = form.encode(reals, rounding=rounding, overflow=overflow)
    assert_same(form.decode(codes), expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(codes[numbers], encode_ndarray(info(form), expected[numbers]))


def overflows(form):
    return [Overflow.SATURATE] + [Overflow.SPECIAL] * (form.specials is not Specials.NONE)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_16_bit_real(width):
    """Signed ones of the usual bias; all others in the long tests."""
    for form in of_width(ALL_BUT_SUBNORMAL, width):
        if form.bias is None and form.signed:
            check(form, every_16_bit_real(), Rounding.HALF_EVEN, overflows(form)[-1])


@pytest.mark.full
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_16_bit_real_every_rounding(width, rounding):
    """Negative ones only where there is a sign, as gfloat has no rule for them."""
    for form in of_width(ALL_BUT_SUBNORMAL, width):
        reals = every_16_bit_real()
        reals = reals if form.signed else reals[~np.signbit(reals)]
        for overflow in overflows(form):
            check(form, reals, rounding, overflow)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_ties_and_neighbours(width, rounding):
    """Every code, every halfway point and what lies next to them, in float32 and float64.

    Other biases where ties go to even codes alone; the long tests have all.
    """
    for form in of_width(ALL_BUT_SUBNORMAL, width):
        if form.bias is not None and rounding is not Rounding.HALF_EVEN:
            continue
        values = form.values()
        reals = np.concatenate([around(values), around(values, np.float32).astype(np.float64)])
        reals = np.unique(reals[form.signed | ~np.signbit(reals)].view(np.int64)).view(np.float64)
        for overflow in overflows(form):
            check(form, reals, rounding, overflow)


@pytest.mark.full
@pytest.mark.parametrize("width", WIDTHS)
def test_random_reals(width, rng):
    for form in of_width(ALL_BUT_SUBNORMAL, width):
        reals = sample(form.values(), rng, dtype=np.float32).astype(np.float64)
        for overflow in overflows(form):
            check(form, reals if form.signed else np.abs(reals), Rounding.HALF_EVEN, overflow)


WIDER = [MinifloatFormat(6, 9, specials=Specials.IEEE, saturate=False),
         MinifloatFormat(5, 10, 3, Specials.FN, saturate=False), MinifloatFormat(3, 10),
         MinifloatFormat(8, 6, specials=Specials.IEEE, saturate=False, signed=False),
         MinifloatFormat(2, 8, -1), MinifloatFormat(7, 5, specials=Specials.FN)]


@pytest.mark.parametrize("form", WIDER, ids=str)
def test_wider_ones(form, rng):
    codes = np.arange(1 << form.width)
    assert_same(form.decode(codes), decode_ndarray(info(form), codes))
    reals = np.concatenate([around(form.values()), sample(form.values(), rng)])
    reals = reals[form.signed | ~np.signbit(reals)]
    check(form, reals, Rounding.HALF_EVEN, overflows(form)[-1])
    reals = rng.choice(reals, 20_000)
    for rounding, overflow in product(ROUNDINGS, overflows(form)):
        check(form, reals, rounding, overflow)


def test_exception_one_bit_of_exponent_for_infinities():
    """All numbers are subnormal then; gfloat's largest is a number that has no code."""
    form = MinifloatFormat(1, 2, specials=Specials.IEEE, saturate=False)
    assert form.decode([0, 1, 2, 3, 4]).tolist() == [0, 0.5, 1, 1.5, np.inf]
    assert info(form).max == 1.75
    assert form.encode([1.74, 1.75, 1.25, 1.25001]).tolist() == [3, 4, 2, 3]


def without_subnormals():
    return [MinifloatFormat(f.exponent, f.mantissa, f.bias, f.specials, subnormals=False,
                            signed=f.signed)
            for f in ALL_BUT_SUBNORMAL if f.exponent > 1]


def test_exception_without_subnormals_every_code():
    """gfloat's ``has_subnormals=False`` is another thing: a leading one in exponent 0 too.

    Here it means what hardware does that flushes them: exponent 0 is zero.
    """
    for form in without_subnormals():
        codes = np.arange(1 << form.width)
        expected = decode_ndarray(info(form), codes)
        zero = codes >> form.mantissa & ((1 << form.exponent) - 1) == 0
        assert_same(form.decode(codes), np.where(zero, np.copysign(0.0, expected), expected))
        other = decode_ndarray(info(form, has_subnormals=False), codes)
        assert_same(other[~zero], expected[~zero])
        assert form.mantissa == 0 or np.count_nonzero(other[zero])


def test_exception_without_subnormals_near_zero():
    """gfloat rounds such numbers to ones that have no code; here they are rounded between zero
    and the smallest normal number, a tie to zero. From there on up gfloat's rules hold."""
    for form in without_subnormals()[::3]:
        normal = 2.0 ** (1 - form.offset)
        reals = around(form.values())
        reals = reals[form.signed | ~np.signbit(reals)]
        large = np.abs(reals) >= normal
        for rounding, overflow in product(ROUNDINGS, overflows(form)):
            check(form, reals[large], rounding, overflow)
        small = np.abs(reals[~large])
        for sign in (1, -1) if form.signed else (1,):
            towards = {Rounding.FLOOR: sign < 0, Rounding.CEILING: sign > 0,
                       Rounding.TOWARD_ZERO: False, Rounding.AWAY_FROM_ZERO: True,
                       Rounding.HALF_EVEN: small > normal / 2,
                       Rounding.HALF_TOWARD_ZERO: small > normal / 2,
                       Rounding.HALF_AWAY: small >= normal / 2,
                       Rounding.HALF_UP: small >= normal / 2 if sign > 0 else small > normal / 2}
            for rounding, up in towards.items():
                codes = form.encode(sign * small, rounding=rounding)
                assert_same(form.decode(codes), sign * np.where(up & (small > 0), normal, 0.0))
                # Of the many zeros only the plain one.
                assert not (codes & ((1 << form.mantissa) - 1)).any()


def test_exception_the_smallest_reals_are_rounded_too():
    """gfloat loses them on the way."""
    form = MinifloatFormat(4, 3, -20)
    least = form.values()[1]
    assert_same(round_ndarray(info(form), np.array([5e-324]), RoundMode.TowardPositive), [0.0])
    for rounding, expected in [
            (Rounding.CEILING, [least, -0.0]), (Rounding.FLOOR, [0.0, -least]),
            (Rounding.AWAY_FROM_ZERO, [least, -least]), (Rounding.HALF_AWAY, [0.0, -0.0])]:
        assert_same(form.decode(form.encode([5e-324, -5e-324], rounding=rounding)), expected)


def test_unsigned_with_infinity_but_no_nan():
    """Negative reals have nothing to overflow to."""
    form = MinifloatFormat(4, 0, specials=Specials.IEEE, signed=False, saturate=False)
    assert form.encode([0, 1, 1e9, np.inf]).tolist() == [0, 7, 15, 15]
    for wrong in (-1.0, -np.inf):
        with pytest.raises(ValueError, match=rf"^{wrong} lies outside ufloat<4,0,ieee,overflow>$"):
            form.encode([1.0, wrong])
    assert form.encode([-1.0, -np.inf], overflow=Overflow.SATURATE).tolist() == [0, 0]
