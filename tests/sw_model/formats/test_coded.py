"""What coded formats share: grids, significands, refusals, and sums wide enough to be exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import (
    NAMED,
    CodebookFormat,
    E8M0Format,
    FixedFormat,
    IntFormat,
    KHotFormat,
    MinifloatFormat,
    Overflow,
    PositFormat,
    Rounding,
    Specials,
    parse_format,
)

FORMS = [*NAMED.values(), E8M0Format(), PositFormat(4, 1), PositFormat(8, 0), PositFormat(16, 1),
         PositFormat(16, 2), PositFormat(9, 2), CodebookFormat((0.1, -3, 0, 7)),
         KHotFormat(9, 4, 3), MinifloatFormat(4, 3, subnormals=False),
         MinifloatFormat(2, 2, 200), MinifloatFormat(5, 3, -200, Specials.FN)]
#: Those that int64 is too narrow for.
OBJECTS = {"bf16", "posit<16,2>", "e8m0"}


def finite_codes(form):
    codes = np.flatnonzero(form.legal() & np.isfinite(form.values()))
    assert len(codes)
    return codes


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_grid_and_significands(form):
    """Each finite code is its integer times the grid's step, and its significand scaled."""
    codes = finite_codes(form)
    few = codes if len(codes) <= 4096 else codes[::5]
    fixed, (significands, exponents) = form.to_fixed(few), form.split(few)
    assert significands.dtype == exponents.dtype == np.int64
    step = Fraction(2) ** form.lsb
    for whole, significand, exponent, value in zip(
            fixed.tolist(), significands.tolist(), exponents.tolist(), form.decode(few).tolist(),
            strict=True):
        assert whole * step == significand * Fraction(2) ** exponent == Fraction(value)
        assert significand % 2 == 1 or (significand, exponent) == (0, 0)
    every = form.to_fixed(codes).tolist()
    assert (min(every), max(every)) == (form.fixed_min, form.fixed_max)
    assert type(form.fixed_min) is type(form.fixed_max) is int
    # No coarser grid holds all.
    assert any(whole % 2 for whole in every)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_from_fixed_is_the_inverse(form):
    """Minus zero, and zeros that are flushed, come back as plus zero."""
    codes = finite_codes(form)
    fixed = form.to_fixed(codes)
    wide = str(form) in OBJECTS
    assert fixed.dtype == (object if wide else np.int64)
    expected = np.where(form.decode(codes) == 0, 0, codes) if 0 in form.values() else codes
    if isinstance(form, CodebookFormat):
        expected = codes
    np.testing.assert_array_equal(form.from_fixed(fixed), expected)
    # The shape stays, and so do Python's integers and narrow types.
    two = form.to_fixed(codes[:2].reshape(2, 1))
    assert two.shape == form.from_fixed(two).shape == (2, 1)
    assert form.from_fixed(fixed.tolist()[-3:]).tolist() == expected[-3:].tolist()


def test_to_fixed_of_one_code():
    assert NAMED["e2m1"].to_fixed(7) == 12
    assert NAMED["bf16"].to_fixed(0x3F80) == 2**133
    assert NAMED["bf16"].from_fixed(2**133) == 0x3F80
    assert NAMED["e2m1"].from_fixed(np.array([-12, 0, 12], np.int8)).tolist() == [15, 0, 7]
    assert NAMED["e2m1"].to_fixed(np.empty((0, 3), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize("name", ["bf16", "e2m1"])
def test_from_fixed_refuses(name):
    form = NAMED[name]
    with pytest.raises(TypeError, match=rf"^values must hold integers for {name}, not float64$"):
        form.from_fixed([1.0])
    with pytest.raises(TypeError, match=rf"^values must hold integers for {name}, not object$"):
        form.from_fixed([2**100, 1.5])
    for wrong in (5 if name == "e2m1" else 2**100 + 1, form.fixed_max + 1, form.fixed_min - 1,
                  2**70 + 1):
        with pytest.raises(ValueError, match=rf"^{wrong} on the grid of {name} is no value of it$"):
            form.from_fixed([0, wrong])


def test_numbers_only():
    e5m2, e4m3 = NAMED["e5m2"], NAMED["e4m3fn"]
    for method in ("to_fixed", "split"):
        with pytest.raises(ValueError, match=r"^code 124 of e5m2 is inf, which is no number on a "
                                             r"grid$"):
            getattr(e5m2, method)([1, 0x7C])
        with pytest.raises(ValueError, match=r"^code 255 of e4m3fn is nan, which is no number"):
            getattr(e4m3, method)([[0xFF]])
    assert e5m2.decode([0x7C, 0xFC]).tolist() == [np.inf, -np.inf]
    assert np.isnan(e5m2.decode([0x7D, 0x7E, 0x7F, 0xFF])).all()


@pytest.mark.parametrize("method", ["decode", "to_fixed", "split", "to_bits"])
def test_codes_are_refused(method):
    call = getattr(NAMED["e2m1"], method)
    with pytest.raises(TypeError, match=r"^codes must hold integers for e2m1, not float64$"):
        call([1.0])
    with pytest.raises(ValueError, match=r"^codes\[1\] is 16, but e2m1 holds 0 to 15$"):
        call(np.array([0, 16], np.uint64))
    with pytest.raises(ValueError, match=r"^codes is -1, but e2m1 holds 0 to 15$"):
        call(-1)


def test_encode_refuses():
    form = NAMED["e5m2"]
    with pytest.raises(TypeError, match=r"^values must be real numbers, not <U3$"):
        form.encode("1.5")
    with pytest.raises(ValueError, match=r"^integers must be at most 2\*\*53"):
        form.encode([2**53 + 1])
    with pytest.raises(TypeError, match=r"^rounding must be a Rounding, not 'floor'$"):
        form.encode(1.0, rounding="floor")
    with pytest.raises(TypeError, match=r"^overflow must be an Overflow, not 'error'$"):
        form.encode(1.0, overflow="error")
    with pytest.raises(ValueError, match=r"^e5m2 cannot wrap$"):
        form.encode(1.0, overflow=Overflow.WRAP)


@pytest.mark.parametrize("text", ["int8", "fixed<8,4>", "ternary", "bipolar"])
def test_integers_know_no_special_overflow(text):
    form = parse_format(text)
    with pytest.raises(ValueError, match=r"neither infinities nor NaN to overflow to$"):
        form.encode([1.0], overflow=Overflow.SPECIAL)
    with pytest.raises(TypeError, match=r"^overflow must be an Overflow, not 'wrap'$"):
        form.encode([1.0], overflow="wrap")


def test_shapes_and_types_of_reals():
    form = NAMED["e4m3fn"]
    assert form.encode(1.0).shape == ()
    assert form.encode(np.empty((0, 3), np.float32)).shape == (0, 3)
    assert form.encode([[1, -2], [3, 4]]).tolist() == [[0x38, 0xC0], [0x44, 0x48]]
    for dtype in (np.float16, np.float32, np.float64, np.int8, np.uint64, np.bool_):
        found = form.encode(np.array([0, 1], dtype))
        assert (found.dtype, found.tolist()) == (np.int64, [0, 0x38])
    backwards = np.arange(10.0)[::-2]
    assert form.encode(backwards).tolist() == form.encode(backwards.copy()).tolist()
    assert (form.dtype, NAMED["fp16"].dtype) == (np.uint8, np.uint16)


def test_signalling_nan_is_nan():
    """NumPy warns when it widens one; a warning is an error in these tests."""
    for bits, dtype in ((np.uint16(0x7C01), np.float16), (np.uint32(0x7F800001), np.float32)):
        real = np.array([bits]).view(dtype)
        assert NAMED["bf16"].encode(real) == 0x7FC0
        with pytest.raises(ValueError, match=r"^NaN has no code in int8$"):
            IntFormat(8).encode(real)


def signed_bits(low: int, high: int) -> int:
    return max((~low).bit_length(), high.bit_length()) + 1


@pytest.mark.parametrize(("text", "lsb", "most", "bits", "sum_bits"), [
    ("e2m1", -2, 144, 9, 14), ("e2m3", -6, 3600, 13, 18), ("e3m2", -8, 200_704, 19, 24),
    ("e4m3fn", -18, 448**2 << 18, 37, 42), ("e5m2", -32, 57344**2 << 32, 65, 70),
    ("int8", 0, 16129, 15, 20), ("posit<4,1>", -8, 2**16, 18, 23),
    ("posit<8,0>", -12, 2**24, 26, 31), ("posit<16,1>", -56, 2**112, 114, 119)])
def test_exact_accumulators(text, lsb, most, bits, sum_bits):
    """Of one product and of 32: step, largest magnitude, bits of a signed sum."""
    form = parse_format(text)
    # -128 is left unused by symmetric int8.
    low, high = max(form.fixed_min, -127) if text == "int8" else form.fixed_min, form.fixed_max
    corners = [a * b for a in (low, high) for b in (low, high)]
    assert (2 * form.lsb, max(corners), min(corners)) == (lsb, most, -most)
    assert signed_bits(min(corners), max(corners)) == bits
    assert signed_bits(32 * min(corners), 32 * max(corners)) == sum_bits
    # Every product lies on that grid and within those bits.
    codes = np.arange(-127, 128) if text == "int8" else finite_codes(form)
    fixed = form.to_fixed(codes).astype(object)
    few = fixed if len(fixed) < 300 else fixed[::211]
    products = np.outer(few, few)
    assert products.max() <= most
    assert products.min() >= -most


@pytest.mark.parametrize("pair", [("e4m3fn", "e2m1"), ("e5m2", "int8"), ("posit<8,0>", "e3m2"),
                                  ("khot<8,5,2>", "uint4"), ("ue4m3", "fixed<8,4>")])
def test_products_of_two_formats_stay_within_their_corners(pair):
    a, b = map(parse_format, pair)
    sides = [form.to_fixed(finite_codes(form)) if hasattr(form, "legal")
             else np.arange(form.min, form.max + 1) for form in (a, b)]
    products = np.outer(*(side.astype(object) for side in sides))
    corners = [x * y for x in (a.fixed_min, a.fixed_max) for y in (b.fixed_min, b.fixed_max)]
    assert (products.min(), products.max()) == (min(corners), max(corners))


@pytest.mark.parametrize(("real", "rounding", "overflow", "expected"), [
    (1.37, Rounding.HALF_EVEN, Overflow.SATURATE, 1.375),
    (9.9, Rounding.HALF_EVEN, Overflow.SATURATE, 7.9375),
    (9.9, Rounding.HALF_EVEN, Overflow.WRAP, -6.125),
    (-1.37, Rounding.FLOOR, Overflow.SATURATE, -1.375),
    (0.03125, Rounding.HALF_EVEN, Overflow.SATURATE, 0), (0.03125, Rounding.HALF_UP,
                                                        Overflow.SATURATE, 0.0625),
    (-0.09375, Rounding.HALF_EVEN, Overflow.SATURATE, -0.125),
    (-0.09375, Rounding.HALF_UP, Overflow.SATURATE, -0.0625),
    (-0.09375, Rounding.FLOOR, Overflow.SATURATE, -0.125),
    (7.96875, Rounding.HALF_UP, Overflow.WRAP, -8), (-8.03126, Rounding.HALF_EVEN,
                                                    Overflow.WRAP, 7.9375)])
def test_casts_of_fixed_point(real, rounding, overflow, expected):
    """QFX: ``overflow(round(x * 2**f), w) * 2**-f`` with RND_CONV, RND and TRN, SAT and WRAP."""
    form = FixedFormat(8, 4)
    assert form.decode(form.encode(real, rounding=rounding, overflow=overflow)) == expected
