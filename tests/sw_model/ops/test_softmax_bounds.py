"""Bounds of the softmaxes in base 2: their parts by exhaustion, and rows that come near them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sw_model.formats import IntFormat, Rounding
from sw_model.ops import (
    extended_exponential,
    needs_fallback,
    online_softmax,
    reciprocal,
    two_pass_softmax,
    unified_softmax,
)
from sw_model.specs import (
    ExtendedExponentialSpec,
    PowerTable,
    ReciprocalSpec,
    TwoPassSoftmaxSpec,
)
from tests.support.softmaxes import (
    UINT8,
    UINT16,
    edge_rows,
    online,
    real_softmax,
    some_rows,
    unified,
)

INT8, SCALE = IntFormat(8), 1 / 16
SHAPES = [(1, 10), (2, 40), (7, 40), (64, 40), (200, 3), (200, 40), (500, 40)]
#: A quarter of the spread of the exponential's relative errors, by index bits; interpolated.
SPREADS, LINEAR = {4: 1.08e-2, 5: 5.41e-3, 6: 2.71e-3, 8: 6.8e-4}, 2.31e-5
#: What normal rows stay within.
NORMAL, NORMAL_LINEAR = {4: 9.5e-3, 5: 5.0e-3, 6: 2.7e-3, 8: 1.4e-3}, 1.2e-3


def spread(power: ExtendedExponentialSpec) -> float:
    """Over every int8 code."""
    codes = np.arange(INT8.min, INT8.max + 1)
    mantissa, exponent = extended_exponential(codes, power)
    relative = mantissa * 2.0 ** (exponent - power.fraction) / np.exp(codes * SCALE)
    return math.log(relative.max() / relative.min()) / 4


def off(got, rows, target):
    """The largest error of each row."""
    return np.abs(got / 2.0**target.width - real_softmax(rows, SCALE)).max(axis=-1)


def of_online(elements, guard, target):
    """The docstring's bound."""
    return np.maximum(2.0**-target.width, 2.0 ** -(target.width + 1) + 5.4e-5
                      + 3.1e-5 * (elements + 1) * 2.0**-guard)


def of_two_pass(elements, error, units, target):
    """The docstring's bound."""
    return max(2.0**-target.width,
               units * 2.0**-target.width + error + 3.1e-5 * (elements + 2))


def hard_rows(elements):
    """An element whose mantissa is about 1, and others by every distance below it."""
    return np.array([np.append(122, np.full(elements - 1, 122 - below)) for below in range(251)])


def test_parts_of_the_bounds():
    assert 0.99 * LINEAR < spread(online(SCALE).power) <= LINEAR
    for index_bits, error in SPREADS.items():
        for table in (PowerTable.LEFT, PowerTable.MIDDLE):
            power = ExtendedExponentialSpec.from_scale(INT8, SCALE, table=table,
                                                       index_bits=index_bits)
            assert 0.98 * error < spread(power) <= error
    # Every mantissa of 16 bits, and what is behind them.
    m = np.arange(2**16, 2**17)
    r, _ = reciprocal(m, ReciprocalSpec(source=IntFormat(17, signed=False)))
    relative = r * m / 2.0**32 - 1
    most = max(-relative.min(), (1 + relative.max()) * (1 + 2.0**-16) - 1)
    assert 3.0e-5 < most <= 3.06e-5
    assert LINEAR + most <= 5.4e-5
    # A sum that loses a part of itself makes quotients greater by a little more.
    for elements in range(1, 501):
        lost = (elements + 1) * 2.0**-15
        assert lost / (1 - lost) + 2.0**-15 <= 3.1e-5 * (elements + 2)
    assert of_online(200, 8, UINT16) <= 8.6e-5
    assert of_online(500, 8, UINT8) == 2.0**-8 <= 3.91e-3


@pytest.mark.parametrize("target", [UINT8, UINT16], ids=str)
def test_online(target, rng):
    for guard in (0, 4, 8):
        spec = online(SCALE, target, guard=guard)
        for elements, deviation in SHAPES:
            rows = some_rows(rng, (500, elements), deviation)
            found = off(online_softmax(rows, spec), rows, target)
            assert found.max() <= of_online(elements, guard, target)
        found = off(online_softmax(hard_rows(200), spec), hard_rows(200), target)
        assert found.max() <= of_online(200, guard, target)
        for row in edge_rows(37):
            assert off(online_softmax(row, spec), row, target) <= of_online(37, guard, target)
    rows = hard_rows(200)
    assert off(online_softmax(rows, online(SCALE, UINT16, guard=0)), rows, UINT16).max() \
        > 0.9 * of_online(200, 0, UINT16)


@pytest.mark.parametrize("target", [UINT8, UINT16], ids=str)
def test_unified(target, rng):
    """Rows near the bottom of what fits have no guard bits left."""
    spec = unified(SCALE, target)
    for elements, deviation in SHAPES:
        for mean in (0, -40):
            rows = np.clip(some_rows(rng, (500, elements), deviation) + mean, -128, 127)
            below = spec.most - extended_exponential(rows.max(axis=-1), spec.online.power)[1]
            guard = np.where(needs_fallback(rows, spec)[:, 0], spec.online.guard,
                             spec.guard - below)
            assert (off(unified_softmax(rows, spec), rows, target)
                    <= of_online(elements, guard, target)).all()


@pytest.mark.parametrize("index_bits", SPREADS)
@pytest.mark.parametrize("table", PowerTable)
def test_two_pass(table, index_bits, rng):
    """Of 16 bits from a numerator of 31, rounded down, as published, and of 8."""
    if table is PowerTable.LINEAR and index_bits != 5:
        return
    error, normal = (LINEAR, NORMAL_LINEAR) if table is PowerTable.LINEAR else (
        SPREADS[index_bits], NORMAL[index_bits])
    for target, units, settings in (
            (UINT16, 1, {"numerator_bits": 31, "rounding": Rounding.FLOOR}), (UINT8, 0.5, {})):
        spec = TwoPassSoftmaxSpec.from_scale(INT8, SCALE, target=target, table=table,
                                             index_bits=index_bits, **settings)
        for elements, deviation in SHAPES:
            rows = some_rows(rng, (300, elements), deviation)
            assert off(two_pass_softmax(rows, spec), rows, target).max() \
                <= of_two_pass(elements, error, units, target)
        rows = hard_rows(128)
        assert off(two_pass_softmax(rows, spec), rows, target).max() \
            <= of_two_pass(128, error, units, target)
        rows = some_rows(rng, (1000, 128), 40)
        if target is UINT16:
            assert 0.4 * normal < off(two_pass_softmax(rows, spec), rows, target).max() <= normal


def test_rows_of_which_a_sum_without_guard_bits_loses_most():
    rows = hard_rows(128)
    spec = TwoPassSoftmaxSpec.from_scale(INT8, SCALE, target=UINT16, table=PowerTable.LINEAR)
    assert 3.6e-3 < off(two_pass_softmax(rows, spec), rows, UINT16).max() <= 3.7e-3
