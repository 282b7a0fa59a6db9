"""Exponents of scales: each rule against its definition in whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import NAMED
from sw_model.formats.blocks import ScaleRule
from sw_model.formats.blocks.scale_rule import floor_log2, shared_exponent, three_quarters

#: Greatest exponents and mantissas of E5M2, E4M3, E3M2, E2M3, E2M1 and MXINT8.
ELEMENTS = [(15, 2), (8, 3), (4, 2), (2, 3), (2, 1), (0, 6)]


def exact_floor_log2(value: Fraction) -> int:
    exponent = 0
    while value >= 2:
        value, exponent = value / 2, exponent + 1
    while value < 1:
        value, exponent = value * 2, exponent - 1
    return exponent


def exact_exponent(amax: float, rule: ScaleRule, emax: int, mantissa: int) -> int:
    value = Fraction(amax)
    if value == 0:
        return -127
    exponent = exact_floor_log2(value)
    if rule is ScaleRule.CEIL and value != Fraction(2) ** exponent:
        exponent += 1
    if rule is ScaleRule.RNE:
        unit = Fraction(2) ** (exponent - mantissa)
        exponent = exact_floor_log2(round(value / unit) * unit)
    return max(-127, min(127, exponent - emax))


def amaxes(rng):
    """Powers of two with neighbours, what carries and what does not, tiny and huge ones."""
    powers = 2.0 ** np.array([-149, -148, -127, -126, -10, -1, 0, 1, 3, 6, 20, 126, 127])
    carrying = [2.0 - 2.0**-k + step for k in range(1, 10) for step in (0, 2.0**-40, -(2.0**-40))]
    return np.concatenate([
        powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf), carrying,
        np.array(carrying) * 2.0**-120, rng.lognormal(0, 20, 300), [0.0, 5e-324, 1.7e308]])


@pytest.mark.parametrize("rule", ScaleRule)
@pytest.mark.parametrize(("emax", "mantissa"), ELEMENTS)
def test_every_rule_is_exact(rng, rule, emax, mantissa):
    values = amaxes(rng)
    got = shared_exponent(values, rule, emax=emax, mantissa=mantissa)
    assert got.tolist() == [exact_exponent(v, rule, emax, mantissa) for v in values.tolist()]


def test_the_logarithm_is_one_too_large_below_powers_of_two():
    """Why the exponent's field is read instead."""
    powers = np.array([8, 64, 2.0**20, 2.0**-10], np.float32)
    below = np.nextafter(powers, np.float32(0))
    exponents = floor_log2(below.astype(np.float64))
    assert exponents.tolist() == [2, 5, 19, -11]
    assert (np.floor(np.log2(below)) - exponents).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(("amax", "floor", "ceil", "rne"), [
    (4.0, 0, 0, 0), (4.5, 0, 1, 0), (6.9, 0, 1, 0), (7.0, 0, 1, 1), (7.9, 0, 1, 1),
    (8.0, 1, 1, 1), (0.0, -127, -127, -127)])
def test_rules_by_hand_for_e2m1(amax, floor, ceil, rne):
    got = {rule: int(shared_exponent(np.array(amax), rule, emax=2, mantissa=1))
           for rule in ScaleRule}
    assert got == {ScaleRule.FLOOR: floor, ScaleRule.CEIL: ceil, ScaleRule.RNE: rne,
                   ScaleRule.FPQUANT: floor}


def test_exponents_are_clamped():
    for rule in ScaleRule:
        got = shared_exponent(np.array([2.0**-126, 5e-324, 2.0**131, 1e300]), rule,
                              emax=2, mantissa=1)
        assert got.tolist() == [-127, -127, 127, 127]


def test_three_quarters_are_rounded_to_odd(rng):
    values = np.concatenate([rng.normal(size=500), [0.0, 1.0, -3.0, 2.0**53 - 1, 1.7e308]])
    got = three_quarters(values)
    inexact = 0
    for value, result in zip(values.tolist(), got, strict=True):
        exact = Fraction(value) * 3 / 4
        if Fraction(float(result)) == exact:
            continue
        inexact += 1
        toward = math.nextafter(float(result), math.inf if exact > result else -math.inf)
        assert min(float(result), toward) < exact < max(float(result), toward)
        assert int(result.view(np.int64)) & 1 == 1
    assert inexact > 100


def test_three_quarters_keep_what_a_rounded_product_loses():
    """0.75 * v just above a tie of E2M1: rounded on the way it would be the tie itself."""
    value = np.nextafter(np.float64(1 / 3), 1)
    assert Fraction(float(value)) * 3 / 4 > Fraction(1, 4)
    assert value * 0.75 == 0.25
    assert NAMED["e2m1"].encode(np.array([value * 0.75])).tolist() == [0]
    assert NAMED["e2m1"].encode(three_quarters(np.array([value]))).tolist() == [1]
