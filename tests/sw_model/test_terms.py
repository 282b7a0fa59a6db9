"""Signed digits: the definitions' examples, all 16-bit integers, and how many are not zero."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.bitmod_terms import booth_terms
from sw_model.terms import (
    booth_digits,
    csd_digits,
    en_t_digits,
    grouped_cycles,
    skipping_cycles,
)

#: Recoding, its radix, and the digits of a 16-bit integer.
RECODINGS = [(booth_digits, 4, 8), (en_t_digits, 4, 8), (csd_digits, 2, 16)]
INT8 = np.arange(-128, 128)


@pytest.mark.parametrize(("recode", "radix", "count"), RECODINGS)
def test_every_16_bit_integer(recode, radix, count):
    values = np.arange(-(1 << 15), 1 << 15)
    digits = recode(values, count)
    assert digits.shape == (1 << 16, count)
    np.testing.assert_array_equal((digits * radix ** np.arange(count)).sum(axis=1), values)


def test_digits_are_in_range():
    values = np.arange(-(1 << 15), 1 << 15)
    assert set(booth_digits(values, 8).ravel()) == {-2, -1, 0, 1, 2}
    assert set((en_t_digits(values, 8) * np.sign(values)[:, None]).ravel()) == {-1, 0, 1, 2}
    csd = csd_digits(values, 16)
    assert set(csd.ravel()) == {-1, 0, 1}
    assert not (csd[:, 1:] * csd[:, :-1]).any()


@pytest.mark.parametrize(("value", "digits"), [
    (91, [-1, -1, 2, 1]), (124, [0, -1, 0, 2]), (-128, [0, 0, 0, -2]), (-77, [-1, 1, -1, -1]),
    (127, [-1, 0, 0, 2]), (0, [0, 0, 0, 0])])
def test_worked_en_t(value, digits):
    assert en_t_digits(value, 4).tolist() == digits


@pytest.mark.parametrize(("value", "powers"), [
    (7, [8, -1]), (45, [64, -16, -4, 1]), (-77, [-64, -16, 4, -1]), (113, [128, -16, 1]),
    (255, [256, -1])])
def test_worked_csd(value, powers):
    digits = csd_digits(value, 9)
    assert sorted(digits[digits != 0] << np.flatnonzero(digits)) == sorted(powers)


def test_booth_is_bitmods():
    terms = booth_terms(INT8, 8)
    np.testing.assert_array_equal(booth_digits(INT8, 4),
                                  (1 - 2 * terms.sign) * (terms.man << terms.exp))
    assert booth_digits(21, 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(("recode", "count", "mean"), [
    (booth_digits, 4, 3.000), (en_t_digits, 4, 2.918), (csd_digits, 8, 2.777)])
def test_nonzero_digits_of_uniform_int8(recode, count, mean):
    assert round(np.count_nonzero(recode(INT8, count), axis=1).mean(), 3) == mean


@pytest.mark.parametrize(("sd", "mean"), [(10, 1.763), (20, 2.118), (30, 2.334), (40, 2.488),
                                          (50, 2.593)])
def test_cycles_of_normal_operands(sd, mean, rng):
    """EN-T, one operand at a time: the published means, and at sd 30 no more than 2.36 cycles."""
    values = np.rint(rng.normal(0, sd, 1_000_000)).clip(-128, 127).astype(np.int64)
    digits = en_t_digits(values, 4)
    assert np.count_nonzero(digits, axis=1).mean() == pytest.approx(mean, abs=0.005)
    cycles = skipping_cycles(digits)
    assert cycles.min() == 1
    if sd == 30:
        assert cycles.mean() <= 2.36


def test_grouped_operands(rng):
    """Four at a time, place by place: what they gain on empty cycles, they lose on empty places."""
    digits = en_t_digits([[91, 0, 4, -128], [0, 0, 0, 0]], 4)
    assert grouped_cycles(digits[0]).tolist() == [1 + 2 + 1 + 2]
    assert grouped_cycles(digits[1]).tolist() == [4]
    assert grouped_cycles(digits.reshape(8, 4), 2).tolist() == [4, 4, 4, 4]
    values = np.rint(rng.normal(0, 30, 1_000_000)).clip(-128, 127).astype(np.int64)
    assert 2.3 < grouped_cycles(en_t_digits(values, 4)).mean() / 4 < 2.5


def test_zero_takes_a_cycle():
    assert skipping_cycles(csd_digits([0, 1, 7, 45], 7)).tolist() == [1, 1, 2, 4]
    assert booth_digits(np.zeros((3, 0), int), 4).shape == (3, 0, 4)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: booth_digits([0, 8], 2), "values holds 8, which has more than 2 digits of Booth"),
    (lambda: en_t_digits(-11, 2), "values holds -11, which has more than 2 digits of EN-T"),
    (lambda: csd_digits(7, 3), "values holds 7, which has more than 3 digits of CSD"),
    (lambda: grouped_cycles(np.zeros((6, 4)), 4),
     r"digits of shape \(6, 4\) are no groups of 4 operands")])
def test_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_other_types():
    with pytest.raises(TypeError, match=r"^values must hold integers, not float64$"):
        csd_digits(0.5, 4)
