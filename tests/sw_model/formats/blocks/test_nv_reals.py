"""NVFP4 and its relatives: 100,000 reals each, and all ties of elements and scales.

Quotients and products of float32 are taken in float64, where a product is exact and no quotient
comes so near to a tie of float32 that it would be rounded to one; codes are found by whole numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import NAMED, IntFormat, Rounding
from sw_model.formats.blocks import NV_SCALES, NVFormat
from tests.support.whole import beside, floors, places, split, spread

EVERY = [NVFormat(element, scale) for element in (NAMED["e2m1"], IntFormat(4))
         for scale in NV_SCALES.values()]

#: Twice the magnitudes of E2M1.
E2M1 = np.array([0, 1, 2, 3, 4, 6, 8, 12])


def scale_values(form):
    """Finite scales in units of the least: from the definition of a float with three bits."""
    codes = np.arange(0x7F if form.has_tensor_scale else 0xFF)
    field, fraction = codes >> 3, codes & 7
    return np.where(field == 0, fraction, (fraction | 8) << np.maximum(field - 1, 0))


def least_scale(form):
    """The binary exponent of the least scale."""
    return -9 if form.has_tensor_scale else -17


def float32(values):
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float64).astype(np.float32).astype(np.float64)


def nearest(values, reals, lsb):
    """Places of what is nearest to ``reals``; of two the even place."""
    whole, power = split(reals)
    down, part = floors(whole, power - lsb)
    return places(values, np.clip(down, -(1 << 60), 1 << 60), part, Rounding.HALF_EVEN,
                  np.arange(1, len(values)) % 2 == 0)


def expected(form, blocks, tensor_scale):
    """Scales, codes and what all is multiplied by."""
    largest = 6 if form.element == NAMED["e2m1"] else 7
    blocks, most = float32(blocks), float(scale_values(form)[-1]) * 2.0 ** least_scale(form)
    amax = np.abs(blocks).max(axis=1)
    enc = 1.0
    if tensor_scale is not None:
        enc = float32(1 / float(tensor_scale))
    elif form.has_tensor_scale:
        enc = min(float32(448 * largest / amax.max()), 2.0**126)
    wanted = np.minimum(float32(float32(amax / largest) * enc), most)
    scales = nearest(scale_values(form), wanted, least_scale(form))
    divisors = np.ldexp(scale_values(form)[scales].astype(float), least_scale(form))[:, None]
    zero = divisors == 0
    scaled = float32(float32(blocks * enc) / np.where(zero, 1, divisors))
    inside = np.where(zero, 0, np.clip(scaled, -largest, largest))
    if largest == 7:
        return scales, nearest(np.arange(-8, 8), inside, 0) - 8, enc
    negative = np.signbit(blocks) & ~zero
    return scales, nearest(E2M1, np.abs(inside), -1) + 8 * negative, enc


def check(form, blocks, tensor_scale=None):
    fields = form.encode(blocks.ravel(), tensor_scale)
    scales, codes, enc = expected(form, blocks, tensor_scale)
    np.testing.assert_array_equal(fields["scales"], scales)
    np.testing.assert_array_equal(fields["codes"], codes)
    if form.has_tensor_scale and tensor_scale is None:
        assert float(fields["tensor_scale"]) == float32(1 / enc)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_100_000_reals(form, rng):
    """Tensors of all magnitudes of float32; blocks far below their tensor's largest."""
    for power in (-149, -130, -110, -60, -12, 0, 3, 9, 60, 120):
        blocks = spread(rng, -8, 0, 10_240).reshape(-1, 16) * 2.0 ** rng.integers(-22, 1, (640, 1))
        check(form, np.ldexp(blocks, power))
    if form.has_tensor_scale:
        for given in (2.0**-126, 2.0**-10, 1 / 3, 1, 77.7, 2.0**100):
            blocks = spread(rng, -12, 13, 16_000).reshape(-1, 16)
            check(form, float32(blocks * given), np.float32(given))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_ties_of_elements_at_every_scale(form):
    """Half units of the element, with their neighbours in float32, beside the largest."""
    largest = 6 if form.element == NAMED["e2m1"] else 7
    grid = E2M1 / 2 if largest == 6 else np.arange(8)
    halves = np.concatenate([grid, (grid[1:] + grid[:-1]) / 2])
    for code, scale in enumerate(scale_values(form)):
        real = np.ldexp(float(scale), least_scale(form))
        shown = beside(np.concatenate([halves, -halves]) * real, np.float32)
        shown = np.resize(shown, (-(-len(shown) // 15), 15))
        blocks = np.column_stack([np.full(len(shown), largest * real), shown])
        given = np.float32(1) if form.has_tensor_scale else None
        check(form, blocks, given)
        # The float32 above the largest divides to the same scale.
        found = form.encode(blocks.ravel(), given)["scales"]
        assert (found == code).all()


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_ties_of_all_scales(form, rng):
    """The largest magnitude where the scale is a tie, and beside it; and each scale itself."""
    largest = 6 if form.element == NAMED["e2m1"] else 7
    scales = scale_values(form)
    points = np.concatenate([2 * scales, scales[1:] + scales[:-1], 2 * scales[-1:] + 1])
    amax = beside(np.ldexp(points * float(largest), least_scale(form) - 1), np.float32)
    amax = np.abs(amax).astype(np.float64)
    blocks = np.concatenate([amax[:, None], -amax[:, None],
                             amax[:, None] * rng.uniform(-1, 1, (len(amax), 14))], axis=1)
    givens = (1, 2.0**-100, 0.7) if form.has_tensor_scale else ()
    check(form, blocks)
    for given in givens:
        check(form, float32(blocks * given), np.float32(given))
