"""Sums across blocks against fractions: windows lose nothing, float32 rounds as said."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, Float32Format
from sw_model.formats.blocks import parse_block_format
from sw_model.ops.block_sum import block_sum, to_float32
from sw_model.specs import BlockSumSpec
from tests.support.float32 import nearest_float32


def spec_of(target=None, **changes):
    return BlockSumSpec(**{"target": target or Float32Format(), "blocks": 64, "largest": 4608,
                           "exponent_low": -254, "exponent_high": 254, "lsb": -2, **changes})


def added(one: float, other: float) -> float:
    """IEEE 754's addition of two float32, by fractions."""
    if math.isfinite(one) and math.isfinite(other):
        return nearest_float32(Fraction(one) + Fraction(other))
    # With an infinity nothing is rounded.
    return one + other


def in_order(terms) -> float:
    total = 0.0
    for term in terms:
        total = added(total, nearest_float32(term))
    return total


def exact_terms(partials, exponents, lsb, significands=None):
    significands = np.ones_like(exponents) if significands is None else significands
    return [[int(p) * int(s) * Fraction(2) ** (int(e) + lsb) for p, s, e in zip(*row, strict=True)]
            for row in zip(partials, significands, exponents, strict=True)]


@pytest.mark.parametrize(("low", "high"), [(-4, 4), (-30, 30), (-254, -110), (90, 125)])
def test_every_float32_step_is_rounded_once(rng, low, high):
    """Partial sums beyond 24 bits, exponents where sums cancel, vanish and overflow."""
    spec = spec_of(largest=2**40, lsb=0, exponent_low=low, exponent_high=high)
    partials = rng.integers(-2**40, 2**40, (100, 12)) >> rng.integers(0, 40, (100, 12))
    exponents = rng.integers(low, high + 1, (100, 12))
    # Sums that cancel, but for what was rounded off.
    partials[:50, 6:], exponents[:50, 6:] = -partials[:50, :6], exponents[:50, :6]
    got = block_sum(partials, exponents, spec)
    assert got.dtype == np.float32
    wanted = [in_order(terms) for terms in exact_terms(partials, exponents, 0)]
    np.testing.assert_array_equal(got, np.array(wanted))


def test_the_order_is_that_of_the_blocks():
    """2**24 + 1 + 1: each 1 alone is half a unit, and rounds away; first they would not."""
    spec = spec_of(largest=2**24, lsb=0)
    assert block_sum([2**24, 1, 1], [0, 0, 0], spec) == 2**24
    assert block_sum([1, 1, 2**24], [0, 0, 0], spec) == 2**24 + 2
    assert block_sum([1, 2**24, 1], [0, 0, 0], spec) == 2**24
    window = spec_of(FixedFormat(40, 0), largest=2**24, exponent_low=0, exponent_high=8, lsb=0)
    for order in ([2**24, 1, 1], [1, 1, 2**24]):
        assert block_sum(order, [0, 0, 0], window) == 2**24 + 2


@pytest.mark.parametrize(("partials", "exponents", "wanted"), [
    ([2**24 + 1], [0], 2.0**24), ([2**24 + 3], [0], 2.0**24 + 4), ([2**25 + 3], [0], 2.0**25 + 4),
    ([2**24, 1], [0, 0], 2.0**24), ([2**24 + 2, 1], [0, 0], 2.0**24 + 4),
    ([2**24, -1], [0, 0], 2.0**24 - 1), ([-(2**24), -1], [0, 0], -(2.0**24)),
    ([1], [-149], 2.0**-149), ([1], [-150], 0.0), ([3], [-151], 2.0**-149),
    ([3], [-150], 2.0**-148), ([-1, 1], [-150, -149], 2.0**-149),
    ([2**24 - 1], [104], np.finfo(np.float32).max), ([2**25 - 1], [103], np.inf),
    ([-(2**25) + 1], [103], -np.inf), ([2**24 - 1, 1], [104, 103], np.inf),
    ([2**24 - 1, 1], [104, 102], np.finfo(np.float32).max), ([5, -5], [3, 3], 0.0), ([], [], 0.0)])
def test_ties_and_limits_of_float32(partials, exponents, wanted):
    got = block_sum(np.array(partials, int), np.array(exponents, int),
                    spec_of(largest=2**26, lsb=0))
    assert got == wanted
    assert not np.signbit(got) or wanted < 0


def test_infinities_of_both_signs_are_nan():
    spec = spec_of(lsb=0)
    assert block_sum([1, -1], [200, 200], spec).view(np.uint32) == 0x7FC00000
    assert block_sum([1, -1], [200, 100], spec) == np.inf


def test_nan_blocks():
    nan = np.array([[False, False], [False, True]])
    got = block_sum([[1, 2], [3, 4]], [[0, 0], [0, 0]], spec_of(lsb=0), nan=nan)
    np.testing.assert_array_equal(got, [3, np.nan])
    window = spec_of(FixedFormat(40, 2), exponent_low=0, exponent_high=0)
    assert block_sum([[1, 2]], [[0, 0]], window, nan=nan[:1]).tolist() == [3]
    with pytest.raises(ValueError, match=r"^a block is NaN, which fixed<40,2> does not hold$"):
        block_sum([[1, 2]], [[0, 0]], window, nan=nan[1:])


@pytest.mark.parametrize("significand", [1, 225])
@pytest.mark.parametrize(("low", "high"), [(0, 0), (-18, 10), (-130, -100), (200, 220)])
def test_windows_lose_nothing(rng, low, high, significand):
    spec = BlockSumSpec.fitting(64, blocks=16, largest=4608, lsb=-2, exponent_low=low,
                                exponent_high=high, significand=significand)
    partials = rng.integers(-4608, 4609, (200, 16))
    exponents = rng.integers(low, high + 1, (200, 16))
    significands = rng.integers(0, significand + 1, (200, 16))
    # The extremes that the width is for.
    partials[:2], exponents[:2], significands[:2] = [[4608], [-4608]], high, significand
    given = None if significand == 1 else significands
    got = block_sum(partials, exponents, spec, significands=given)
    assert got.dtype == np.int64
    wanted = [sum(terms) for terms in exact_terms(partials, exponents, -2, given)]
    assert [int(code) * Fraction(2) ** spec.target.lsb for code in got] == wanted
    spec.target.check("sums", got)
    order = rng.permutation(16)
    np.testing.assert_array_equal(got, block_sum(
        partials[:, order], exponents[:, order], spec,
        significands=None if given is None else given[:, order]))


def test_the_window_is_the_narrowest():
    values = {"blocks": 16, "largest": 4608, "lsb": -2, "exponent_low": -3, "exponent_high": 5}
    spec = BlockSumSpec.fitting(64, **values)
    width, fraction = spec.target.width, spec.target.fraction
    most = block_sum([4608] * 16, [5] * 16, spec)
    assert spec.target.max // 2 < most <= spec.target.max
    for target in (FixedFormat(width - 1, fraction), FixedFormat(width, fraction - 1)):
        with pytest.raises(ValueError, match=r"^(the sum may need|terms have bits down to)"):
            BlockSumSpec(target=target, **values)
    # A wider one is as exact.
    wide = BlockSumSpec(target=FixedFormat(width + 3, fraction + 2), **values)
    assert block_sum([4608, -1], [5, -3], wide) == 4 * block_sum([4608, -1], [5, -3], spec)


@pytest.mark.parametrize("significand", [1, 225])
def test_partial_sums_beyond_64_bits(rng, significand):
    """32 products of E5M2 take 70 bits: float32 is rounded from the whole of them."""
    largest = 32 * 57344**2 * 2**32
    spec = spec_of(largest=largest, lsb=-32, significand=significand, exponent_low=-160)
    near = [2**68 + 2**44, 2**68 + 2**44 + 1, 2**68 + 2**44 - 1, 2**68 + 3 * 2**44, 2**60 + 1,
            -(2**68) - 2**44 - 1, 2**53 + 1, -(2**54) - 2, 1, 0, largest, -largest]
    partials = np.array(near + [int(v) << 40 for v in rng.integers(-2**25, 2**25, 20)],
                        object).reshape(-1, 2)
    for exponent in (0, -160, 60):
        exponents = np.full(partials.shape, exponent)
        factors = np.full(partials.shape, significand)
        got = block_sum(partials, exponents, spec,
                        significands=None if significand == 1 else factors)
        wanted = [in_order(terms) for terms in exact_terms(partials, exponents, -32, factors)]
        np.testing.assert_array_equal(got, np.array(wanted))


def test_products_beyond_64_bits(rng):
    """Partial sums of 61 bits, which significands of 8 bits make 69."""
    spec = spec_of(largest=2**60, lsb=0, significand=225)
    partials, exponents = rng.integers(-2**60, 2**60, (20, 4)), rng.integers(-9, 9, (20, 4))
    significands = rng.integers(100, 226, (20, 4))
    got = block_sum(partials, exponents, spec, significands=significands)
    terms = exact_terms(partials, exponents, 0, significands)
    np.testing.assert_array_equal(got, np.array([in_order(row) for row in terms]))


@pytest.mark.parametrize("kind", [np.int64, object])
def test_conversion_to_float32(rng, kind):
    """Ties of 24 bits in the midst of 63, with and without something below them."""
    ties = [sign * ((2**23 + odd) * 2 + 1 << shift) + below for sign in (1, -1) for odd in (0, 1, 5)
            for shift in (0, 20, 28, 29, 30, 38) for below in (-1, 0, 1)]
    values = np.array([*ties, 0, 1, -1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1,
                       *rng.integers(-2**62, 2**62, 100).tolist()], kind)
    for exponent in (-900, -212, -175, -150, -1, 0, 65, 104, 800):
        got = to_float32(values, np.full(len(values), exponent))
        wanted = [nearest_float32(int(v) * Fraction(2) ** exponent) for v in values]
        np.testing.assert_array_equal(got, np.array(wanted))
        np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted))


@pytest.mark.parametrize("name", ["mx<e2m1>", "mx<e2m3>", "mx<e5m2>", "mxint8", "bfp<6,16>"])
def test_dot_product_of_blocks(rng, name):
    """Encoded operands: exact within blocks, and across them what the spec says."""
    form = parse_block_format(name)
    values = rng.normal(size=(2, 20, 128)) * 2.0 ** rng.integers(-3, 3, (2, 20, 128))
    one, other = form.encode(values[0]), form.encode(values[1])
    products = (form.element.to_fixed(one["codes"]).astype(object)
                * form.element.to_fixed(other["codes"]))
    partials = products.sum(axis=-1)
    exponents = one["scales"].astype(int) + other["scales"].astype(int) - 254
    largest = form.size * form.element.fixed_max**2
    common = {"blocks": 128 // form.size, "largest": largest, "lsb": 2 * form.element.lsb}
    wanted = [sum(Fraction(a) * Fraction(b) for a, b in zip(*rows, strict=True))
              for rows in zip(form.decode(one).tolist(), form.decode(other).tolist(), strict=True)]
    window = BlockSumSpec.fitting(64, exponent_low=int(exponents.min()),
                                  exponent_high=int(exponents.max()), **common)
    # A single sum of E5M2 has 70 bits.
    assert window.is_exact == (name != "mx<e5m2>")
    if window.is_exact:
        got = block_sum(partials, exponents, window)
        assert [int(code) * Fraction(2) ** window.target.lsb for code in got] == wanted
    single = spec_of(**common)
    got = block_sum(partials, exponents, single)
    terms = exact_terms(partials, exponents, common["lsb"])
    assert got.tolist() == [in_order(row) for row in terms]
    assert [sum(row) for row in terms] == wanted


def test_dot_product_of_nv_blocks(rng):
    """Scales with a significand; the tensors' own scales stay outside."""
    form = parse_block_format("nvfp4")
    one, other = (form.encode(rng.normal(size=(20, 64))) for _ in range(2))
    partials = (form.element.to_fixed(one["codes"]) * form.element.to_fixed(other["codes"])
                ).sum(axis=-1)
    parts = [form.scale.split(fields["scales"]) for fields in (one, other)]
    significands = parts[0][0] * parts[1][0]
    exponents = parts[0][1] + parts[1][1]
    spec = BlockSumSpec.fitting(64, blocks=4, largest=16 * 144, lsb=-2, significand=225,
                                exponent_low=-18, exponent_high=16)
    assert spec.is_exact
    got = block_sum(partials, exponents, spec, significands=significands)
    plain = [form.decode({**fields, "tensor_scale": np.float32(1)}).astype(float)
             for fields in (one, other)]
    np.testing.assert_array_equal(got * 2.0**spec.target.lsb, (plain[0] * plain[1]).sum(axis=-1))


SPEC = spec_of(blocks=2, largest=7, significand=3, exponent_low=-1, exponent_high=1, lsb=0)


@pytest.mark.parametrize(("arguments", "more", "error", "message"), [
    (([1, 8], [0, 0]), {}, ValueError, r"^partials must be -7 to 7, not 8$"),
    (([1, -8], [0, 0]), {}, ValueError, r"^partials must be -7 to 7, not -8$"),
    (([1, 2], [0, 2]), {}, ValueError, r"^exponents must be -1 to 1, not 2$"),
    (([1, 2], [-2, 0]), {}, ValueError, r"^exponents must be -1 to 1, not -2$"),
    (([1, 2], [0, 0]), {"significands": [1, 4]}, ValueError,
     r"^significands must be 0 to 3, not 4$"),
    (([1, 2], [0, 0]), {"significands": [-1, 1]}, ValueError,
     r"^significands must be 0 to 3, not -1$"),
    (([1, 2, 3], [0, 0, 0]), {}, ValueError,
     r"^partials must have a last axis of at most 2 blocks, not the shape \(3,\)$"),
    ((1, 0), {}, ValueError, r"^partials must have a last axis of at most 2 blocks, not .*\(\)$"),
    (([1, 2], [0]), {}, ValueError,
     r"^exponents must have the shape of partials, \(2,\), not \(1,\)$"),
    (([1, 2], [0, 0]), {"significands": [[1, 1]]}, ValueError,
     r"^significands must have the shape of partials, \(2,\), not \(1, 2\)$"),
    (([1, 2], [0, 0]), {"nan": [True]}, ValueError,
     r"^nan must have the shape of partials, \(2,\), not \(1,\)$"),
    (([1.0, 2.0], [0, 0]), {}, TypeError, r"^partials must hold integers, not float64$"),
    (([1, 2], [0.0, 0.0]), {}, TypeError, r"^exponents must hold integers, not float64$"),
    (([1, 2], [0, 0]), {"significands": ["1", "1"]}, TypeError,
     r"^significands must hold integers, not <U1$"),
    ((np.array([1, 2.5], object), [0, 0]), {}, TypeError,
     r"^partials must hold integers, not object$"),
    (([1, 2], [0, 0]), {"nan": [0, 1]}, TypeError, r"^nan must hold bools, not int64$")])
def test_arrays_that_are_refused(arguments, more, error, message):
    assert block_sum([1, 2], [0, 1], SPEC, significands=[1, 3]) == 13
    with pytest.raises(error, match=message):
        block_sum(*arguments, SPEC, **more)


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.uint64, object])
def test_every_integer_type(kind):
    partials = np.array([[3, 4], [5, 6]], kind)
    assert block_sum(partials, np.array([[0, 1], [-1, 1]], np.int8), SPEC).tolist() == [11, 14.5]
    assert block_sum(partials[:0], np.zeros((0, 2), int), SPEC).shape == (0,)
