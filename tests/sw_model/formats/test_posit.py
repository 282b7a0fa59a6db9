"""Posits against SoftPosit, and against fractions straight from the standard's words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction

import numpy as np
import pytest
import softposit

from sw_model.formats import Overflow, PositFormat, Rounding
from tests.support.reals import around, every_16_bit_real, sample

EVERY = [PositFormat(width, exponent) for width in range(3, 17) for exponent in range(3)]
#: To decode one bit more, in plain Python, takes its time.
SHORT = [form for form in EVERY if form.width <= 10] + [PositFormat(12, 1), PositFormat(13, 2)]


def posit(code: int, width: int, exponent: int) -> Fraction | None:
    """Posit Standard (2022), 3.3: sign, regime of k bits, exponent, fraction; None for NaR."""
    bits = f"{code:0{width}b}"
    if code == 0:
        return Fraction(0)
    if bits == "1" + "0" * (width - 1):
        return None
    if bits[0] == "1":
        return -posit((1 << width) - code, width, exponent)
    body = bits[1:]
    run = len(body) - len(body.lstrip(body[0]))
    regime = run - 1 if body[0] == "1" else -run
    tail = body[run + 1:]
    # Bits behind the end are zero.
    power = int(tail[:exponent].ljust(exponent, "0") or "0", 2)
    digits = tail[exponent:]
    fraction = Fraction(int(digits or "0", 2), 2 ** len(digits))
    return Fraction(2) ** (regime * 2**exponent + power) * (1 + fraction)


def exact(real: float) -> Fraction:
    return Fraction(float(real))


class Rounder:
    """Rounding in the bit string: the limit between two codes is the posit between them that
    has one bit more; a tie goes to the even code (the standard, 4.1)."""

    def __init__(self, form: PositFormat):
        self.positive = [posit(c, form.width, form.exponent) for c in range(1 << (form.width - 1))]
        self.limits = [posit(2 * c + 1, form.width + 1, form.exponent)
                       for c in range(1, len(self.positive) - 1)]
        self.width = form.width

    def code(self, real: float) -> int:
        size = abs(exact(real))
        if size == 0:
            return 0
        low, high = bisect_left(self.limits, size), bisect_right(self.limits, size)
        # Equal only at a tie: then code low + 1 lies below, low + 2 above.
        code = 1 + (low if low == high else low + (low + 1) % 2)
        return code if real > 0 else (1 << self.width) - code


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_every_code(form):
    """Of the 16-bit ones every 7th here, and all against SoftPosit or in the long tests."""
    codes = range(0, 1 << form.width, 1 if form.width < 13 else 7)
    found = form.decode(codes).tolist()
    for code, value in zip(codes, found, strict=True):
        expected = posit(code, form.width, form.exponent)
        assert np.isnan(value) if expected is None else exact(value) == expected


@pytest.mark.full
@pytest.mark.parametrize("form", [form for form in EVERY if form.width > 12], ids=str)
def test_every_code_of_the_wide_ones(form):
    for code, value in enumerate(form.decode(range(1 << form.width)).tolist()):
        expected = posit(code, form.width, form.exponent)
        assert np.isnan(value) if expected is None else exact(value) == expected


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_codes_come_back(form):
    codes = np.arange(1 << form.width)
    np.testing.assert_array_equal(form.encode(form.decode(codes)), codes)
    np.testing.assert_array_equal(form.from_bits(form.to_bits(codes)), codes)
    # In the order of two's complement, values ascend.
    values = form.decode(np.roll(codes, codes.size // 2)[1:])
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize("form", SHORT, ids=str)
def test_encode_equals_fractions(form, rng):
    """Every limit of the narrow ones, and what lies next to it."""
    rounder = Rounder(form)
    limits = np.array([float(limit) for limit in rounder.limits])
    reals = np.concatenate([limits, np.nextafter(limits, 0), np.nextafter(limits, np.inf),
                            np.nextafter(limits.astype(np.float32), np.float32(0)),
                            sample(form.values(), rng, 500)])
    reals = rng.choice(reals, 3000) if len(reals) > 3000 else reals
    reals = np.concatenate([reals, -reals, [0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308]])
    assert form.encode(reals).tolist() == [rounder.code(real) for real in reals.tolist()]


@pytest.mark.full
@pytest.mark.parametrize("form", EVERY, ids=str)
def test_encode_equals_fractions_everywhere(form, rng):
    rounder = Rounder(form)
    limits = np.array([float(limit) for limit in rounder.limits])
    reals = np.concatenate([limits, np.nextafter(limits, 0), np.nextafter(limits, np.inf),
                            around(form.values()), sample(form.values(), rng, 100_000)])
    reals = reals[np.isfinite(reals)]
    assert form.encode(reals).tolist() == [rounder.code(real) for real in reals.tolist()]


SOFT = {PositFormat(8, 0): (softposit.posit8_t, softposit.convertP8ToDouble,
                            softposit.convertDoubleToP8),
        PositFormat(16, 1): (softposit.posit16_t, softposit.convertP16ToDouble,
                             softposit.convertDoubleToP16)}


@pytest.mark.parametrize("form", SOFT, ids=str)
def test_every_code_against_softposit(form):
    """But NaR, for which SoftPosit gives infinity."""
    kind, decode, _ = SOFT[form]
    one, found = kind(), []
    for code in range(1 << form.width):
        one.v = code
        found.append(decode(one))
    nar = 1 << (form.width - 1)
    assert found[nar] == np.inf
    assert np.isnan(form.decode(nar))
    found[nar] = np.nan
    np.testing.assert_array_equal(form.decode(range(1 << form.width)), found)


def soft_reals(form, rng):
    """Random ones, and every limit with its neighbours."""
    limits = form.boundaries().limits
    near = np.concatenate([limits, np.nextafter(limits, -np.inf), np.nextafter(limits, np.inf),
                           np.nextafter(limits.astype(np.float32), np.float32(np.inf))])
    near = near if len(near) < 60_000 else rng.choice(near, 30_000)
    return np.concatenate([near, sample(form.values(), rng), [np.nan, np.inf, -np.inf]])


@pytest.mark.parametrize("form", SOFT, ids=str)
def test_encode_against_softposit(form, rng):
    encode = SOFT[form][2]
    reals = soft_reals(form, rng)
    assert form.encode(reals).tolist() == [encode(real).v for real in reals.tolist()]


def test_every_16_bit_real_against_softposit():
    form, encode = PositFormat(8, 0), softposit.convertDoubleToP8
    reals = every_16_bit_real()
    expected = [encode(real).v for real in reals.tolist()]
    np.testing.assert_array_equal(form.encode(reals), expected)


@pytest.mark.parametrize("width", range(3, 17))
def test_two_bits_of_exponent_against_softposit(width, rng):
    """Its posits of any width, which it keeps at the top of 32 bits."""
    form = PositFormat(width, 2)
    reals = np.concatenate([sample(form.values(), rng, 3000), form.values(), [0.0, np.inf]])
    reals = reals if len(reals) < 6000 else rng.choice(reals, 6000)
    expected = [softposit.convertDoubleToPX2(real, width).v >> (32 - width)
                for real in reals.tolist()]
    assert form.encode(reals).tolist() == expected


def test_worked_values():
    four = PositFormat(4, 1)
    assert four.decode(range(8)).tolist() == [0, 1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16]
    assert four.decode([9, 15]).tolist() == [-16, -1 / 16]
    assert PositFormat(4, 0).decode(range(8)).tolist() == [0, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4]
    # Limits are posits of five bits, at the ends not the means.
    assert four.boundaries().limits[-6:].tolist() == [1 / 8, 3 / 8, 3 / 4, 3 / 2, 3, 8]
    for form, cases in [
            (four, {0.1: 1, 0.3: 2, 0.75: 4, 2.5: 5, 3: 6, 9: 7, -1.5: 0b1100}),
            (PositFormat(8, 0), {0.3: 0x13, -1.3: 0xB6, 10: 0x79, 70: 0x7F, 0.001: 1}),
            (PositFormat(16, 1), {0.3: 0x2333, -1.3: 0xBB33, 1000: 0x7DF4, 0.001: 0x0206})]:
        assert form.encode(list(cases)).tolist() == list(cases.values())
    assert PositFormat(8, 0).decode(0x13) == 0.296875


@pytest.mark.parametrize(("form", "largest", "least"), [
    (PositFormat(8, 0), 2.0**6, 2.0**-6), (PositFormat(16, 1), 2.0**28, 2.0**-28),
    (PositFormat(16, 2), 2.0**56, 2.0**-56), (PositFormat(3, 0), 2.0, 0.5)], ids=str)
def test_no_real_becomes_zero_or_nar(form, largest, least):
    nar = 1 << (form.width - 1)
    reals = [1e308, -1e308, 5e-324, -5e-324, 0.0, -0.0]
    expected = [largest, -largest, least, -least, 0, 0]
    for overflow in (None, Overflow.SPECIAL, Overflow.SATURATE):
        assert form.decode(form.encode(reals, overflow=overflow)).tolist() == expected
        assert form.encode(np.nan, overflow=overflow) == nar
    # By the standard infinities are NaR; told to saturate, they are the largest.
    assert form.encode([np.inf, -np.inf]).tolist() == [nar, nar]
    saturated = form.encode([np.inf, -np.inf], overflow=Overflow.SATURATE)
    assert form.decode(saturated).tolist() == [largest, -largest]
    assert form.encode([largest, -largest, 5e-324], overflow=Overflow.ERROR).tolist() == [
        nar - 1, nar + 1, 1]
    for wrong in (np.nextafter(largest, np.inf), -2 * largest, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r" lies outside posit<"):
            form.encode([1.0, wrong], overflow=Overflow.ERROR)


def test_refuses():
    form = PositFormat(8, 0)
    for rounding in set(Rounding) - {Rounding.HALF_EVEN}:
        with pytest.raises(ValueError, match=rf"^posit<8,0> rounds by half_even only, not "
                                             rf"{rounding.value}$"):
            form.encode(1.0, rounding=rounding)
    with pytest.raises(ValueError, match=r"^posit<8,0> cannot wrap$"):
        form.encode(1.0, overflow=Overflow.WRAP)
    with pytest.raises(ValueError, match=r"^code 128 of posit<8,0> is nan, which is no number"):
        form.to_fixed([0, 128])


@pytest.mark.parametrize(("width", "exponent", "kind", "message"), [
    (2, 0, ValueError, r"^width of a posit must be 3 to 16, not 2$"),
    (17, 0, ValueError, r"^width of a posit must be 3 to 16, not 17$"),
    (8, 3, ValueError, r"^exponent of a posit must be 0 to 2, not 3$"),
    (8, -1, ValueError, r"^exponent of a posit must be 0 to 2, not -1$"),
    (8.0, 0, TypeError, r"^width must be an integer, not 8\.0$")])
def test_there_is_no_such_posit(width, exponent, kind, message):
    with pytest.raises(kind, match=message):
        PositFormat(width, exponent)
