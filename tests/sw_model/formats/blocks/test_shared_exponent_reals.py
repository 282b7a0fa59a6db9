"""MX blocks and block floating point by whole numbers: 100,000 reals each, all ties, all rules."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from sw_model.formats import Rounding
from sw_model.formats.blocks import (
    MX_ELEMENTS,
    MX_INT8,
    BFPFormat,
    MXFormat,
    ScaleRule,
)
from tests.support.whole import beside, floors, places, split, spread

#: Exponents of scales at which all ties are tried: both ends, beside them, and the middle.
SCALES = (-127, -126, -30, 0, 1, 126, 127)


class Element(NamedTuple):
    """Ascending integers on a grid of ``2**lsb``, of magnitudes alone where there is a sign bit."""

    values: np.ndarray
    lsb: int
    mantissa: int
    sign: int

    @property
    def emax(self) -> int:
        return int(self.values[-1]).bit_length() - 1 + self.lsb


def minifloat(mantissa: int, bias: int, most: int, width: int) -> Element:
    """From OCP's definition; ``most`` is the code of the largest finite value."""
    codes = np.arange(most + 1)
    field, fraction = codes >> mantissa, codes & (1 << mantissa) - 1
    values = np.where(field == 0, fraction, (fraction | 1 << mantissa) << np.maximum(field - 1, 0))
    return Element(values, 1 - bias - mantissa, mantissa, 1 << (width - 1))


def integer(width: int, least: int) -> Element:
    most = (1 << (width - 1)) - 1
    return Element(np.arange(least, most + 1), 2 - width, width - 2, 0)


ELEMENTS = {"e5m2": minifloat(2, 15, 0x7B, 8), "e4m3fn": minifloat(3, 7, 0x7E, 8),
            "e3m2": minifloat(2, 3, 0x1F, 6), "e2m3": minifloat(3, 1, 0x1F, 6),
            "e2m1": minifloat(1, 1, 7, 4)}

#: Formats of two elements a block, and the same by whole numbers.
FORMATS = [(MXFormat(MX_ELEMENTS[name], 2, rule), element)
           for name, element in ELEMENTS.items() for rule in ScaleRule]
FORMATS += [(MXFormat(MX_INT8, 2, rule, symmetric), integer(8, -127 if symmetric else -128))
            for rule in ScaleRule for symmetric in (True, False)]
FORMATS += [(BFPFormat(width, 2), integer(width, 1 - (1 << (width - 1)))) for width in range(2, 17)]
IDS = [str(form) for form, _ in FORMATS]

#: Those of more than 10,000 values, whose ties take seconds, in a full run alone.
TIES = [pytest.param(*each, marks=pytest.mark.full if len(each[1].values) > 10_000 else ())
        for each in FORMATS]


def exponents_of(largest, element: Element, rule: ScaleRule):
    """Of the scales, for the largest magnitude of each block."""
    size, power = split(largest)
    found = power + 52
    if rule is ScaleRule.CEIL:
        found = found + (size > 1 << 52)
    elif rule is ScaleRule.RNE:
        drop = 52 - element.mantissa
        kept, rest = size >> drop, size & (1 << drop) - 1
        kept += 2 * rest + (kept & 1) > 1 << drop
        found = found + (kept == 2 << element.mantissa)
    return np.where(size == 0, -127, np.clip(found - element.emax, -127, 127))


def expected(blocks, element: Element, rule: ScaleRule):
    """Codes and scales."""
    scales = exponents_of(np.abs(blocks).max(axis=1), element, rule)
    whole, power = split(blocks)
    if rule is ScaleRule.FPQUANT:
        whole, power = 3 * whole, power - 2
    negative = np.signbit(blocks)
    if element.sign:
        whole = np.abs(whole)
    down, part = floors(whole, power - scales[:, None] - element.lsb)
    down = np.clip(down, -(1 << 60), 1 << 60)
    # Values ascend by one code, and codes begin at an even one or at an odd integer.
    first = 0 if element.sign else int(element.values[0])
    codes = first + places(element.values, down, part, Rounding.HALF_EVEN,
                           (np.arange(1, len(element.values)) + first) % 2 == 0)
    return codes + (element.sign * negative if element.sign else 0), scales + 127


def check(form, element, blocks):
    fields = form.encode(blocks)
    codes, scales = expected(blocks.reshape(-1, form.size), element, form.rule)
    np.testing.assert_array_equal(fields["scales"].reshape(-1), scales)
    np.testing.assert_array_equal(fields["codes"].reshape(-1, form.size), codes)


@pytest.mark.parametrize(("form", "element"), FORMATS, ids=IDS)
def test_100_000_reals(form, element, rng):
    """Blocks of two; of 32, with one scale for elements of many magnitudes; and beyond E8M0."""
    low = element.emax - element.mantissa - 3
    check(form, element, np.ldexp(spread(rng, low - element.emax, 1, 40_000).reshape(-1, 2),
                                  rng.integers(-125, 126, (20_000, 1))))
    check(form, element, spread(rng, -1070, 1020, 20_000).reshape(-1, 2))
    check(replace(form, size=32), element,
          np.ldexp(rng.normal(size=(1250, 32)), rng.integers(-140, 128, (1250, 1))))


@pytest.mark.parametrize(("form", "element"), TIES, ids=IDS)
def test_ties_at_every_kind_of_scale(form, element):
    """All ties and values of elements, with their neighbours, beside what sets the scale."""
    values = element.values.astype(float)
    near = np.concatenate([values, (values[1:] + values[:-1]) / 2, [values[-1] + 0.5]])
    near = np.concatenate([near, -near])
    third = 4 / 3 if form.rule is ScaleRule.FPQUANT else 1
    for scale in SCALES:
        shown = beside(np.ldexp(near * third, element.lsb + scale))
        anchor = np.full(len(shown), np.ldexp(1.0, element.emax + scale))
        blocks = np.stack([shown, anchor], axis=1)
        check(form, element, blocks)
        met = form.encode(blocks)["scales"].reshape(-1) == scale + 127
        assert met.mean() > (0.4 if form.rule is ScaleRule.CEIL else 0.6)


@pytest.mark.parametrize(("form", "element"), FORMATS, ids=IDS)
def test_every_scale_and_its_boundaries(form, element):
    """Powers of two, and where rounding to as many bits as the element has carries to them."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    carry = np.ldexp(2 - 2.0 ** -(element.mantissa + 1), np.arange(-1000, 1023))
    largest = beside(np.concatenate([powers, carry, [0.0]]))
    largest = np.concatenate([largest, -largest])
    check(form, element, np.stack([largest, largest / 3], axis=1))
    check(form, element, np.stack([-largest / 2, largest], axis=1))
    assert set(form.encode(np.repeat(largest, 2))["scales"].tolist()) == set(range(255))
