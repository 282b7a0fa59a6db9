"""What all formats share, over every code of up to 16 bits and the ends of wide ones."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    IntFormat,
    Overflow,
    Rounding,
    TernaryFormat,
    as_index,
)
from tests.support.exact import encoded

WIDTHS = range(1, 17)
NARROW = [*(IntFormat(w) for w in WIDTHS), *(IntFormat(w, signed=False) for w in WIDTHS),
          *(FixedFormat(w, 2 * w - 9) for w in WIDTHS),
          *(FixedFormat(w, 9 - 2 * w, signed=False) for w in WIDTHS), TernaryFormat()]
WIDE = [*(IntFormat(w) for w in range(53, 65)),
        *(IntFormat(w, signed=False) for w in range(53, 64)),
        FixedFormat(64, 900), FixedFormat(64, -900), FixedFormat(63, 20, signed=False),
        FixedFormat(60, -5)]
EVERY = [*(IntFormat(w) for w in range(1, 65)), *(IntFormat(w, signed=False) for w in range(1, 64)),
         *(FixedFormat(w, w // 2) for w in range(1, 65)),
         *(FixedFormat(w, -3, signed=False) for w in range(1, 64)),
         TernaryFormat(), BipolarFormat()]


def ends(form, rng, count=50):
    """Codes at both ends and in between, as int64."""
    few = {form.min, form.max, 0, min(form.max, 1), max(form.min, -1), form.min + 1, form.max - 1}
    random = rng.integers(form.min, form.max, count, endpoint=True)
    return np.unique([*random.tolist(), *(c for c in few if form.min <= c <= form.max)])


@pytest.mark.parametrize("form", NARROW, ids=str)
def test_every_code(form):
    codes = np.arange(form.min, form.max + 1)
    assert len(codes) == (3 if form == TernaryFormat() else 2**form.width)
    # Integers and a power of two are the definition; float64 holds both exactly.
    real = form.decode(codes.astype(form.dtype))
    np.testing.assert_array_equal(np.ldexp(real, -form.lsb), codes)
    np.testing.assert_array_equal(form.to_fixed(codes), codes)
    np.testing.assert_array_equal(form.from_fixed(codes), codes)
    for rounding in Rounding:
        np.testing.assert_array_equal(form.encode(real, rounding=rounding), codes)
    bits = form.to_bits(codes)
    np.testing.assert_array_equal(bits, codes % 2**form.width)
    np.testing.assert_array_equal(form.from_bits(bits), codes)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("form", [f for f in NARROW if f.width in (1, 2, 5, 10, 16)], ids=str)
def test_quarters_around_every_code(form, rounding):
    """Each code, its ties and what is beside them, and a range of values beyond both ends."""
    quarters = np.arange(4 * form.min - 30, 4 * form.max + 31)
    real = np.ldexp(quarters.astype(float), form.lsb - 2)
    down, rest = quarters >> 2, quarters & 3
    up, positive = down + (rest > 0), quarters >= 0
    whole = {
        Rounding.FLOOR: down, Rounding.CEILING: up,
        Rounding.TOWARD_ZERO: np.where(positive, down, up),
        Rounding.AWAY_FROM_ZERO: np.where(positive, up, down),
        Rounding.HALF_EVEN: down + (rest + (down & 1) > 2),
        Rounding.HALF_AWAY: down + (rest + positive > 2),
        Rounding.HALF_UP: down + (rest >= 2),
        Rounding.HALF_TOWARD_ZERO: down + (rest + ~positive > 2)}[rounding]
    np.testing.assert_array_equal(
        form.encode(real, rounding=rounding), np.minimum(np.maximum(whole, form.min), form.max))
    span = form.max - form.min + 1
    np.testing.assert_array_equal(
        form.encode(real, rounding=rounding, overflow=Overflow.WRAP),
        (whole - form.min) % span + form.min)
    inside = (whole >= form.min) & (whole <= form.max)
    np.testing.assert_array_equal(
        form.encode(real[inside], rounding=rounding, overflow=Overflow.ERROR), whole[inside])
    for value in real[~inside][[0, -1]]:
        with pytest.raises(ValueError, match=rf"^{form} on its grid: a value lies outside "
                                             rf"{form.min} to {form.max}$"):
            form.encode([value], rounding=rounding, overflow=Overflow.ERROR)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("form", [IntFormat(3), TernaryFormat(), FixedFormat(6, 4),
                                  FixedFormat(4, -7, signed=False), *WIDE[::3]], ids=str)
def test_encode_equals_fractions(form, rounding, rng):
    """Numbers of every exponent from the smallest to the largest there are."""
    spread = rng.integers(-3, form.width + 3, 60) + form.lsb
    real = np.concatenate([
        rng.normal(size=60) * 2.0**spread,
        rng.normal(size=20) * 2.0 ** rng.integers(-1000, 1000, 20),
        [0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308, 2.0**-1000, -(2.0**-1000)]])
    for overflow in (Overflow.SATURATE, Overflow.WRAP):
        expected = encoded(real.tolist(), form.lsb, form.min, form.max, rounding, overflow)
        assert form.encode(real, rounding=rounding, overflow=overflow).tolist() == expected
    expected = encoded(real.tolist(), form.lsb, form.min, form.max, rounding, Overflow.ERROR)
    for value, code in zip(real.tolist(), expected, strict=True):
        if code is not None:
            assert form.encode(value, rounding=rounding, overflow=Overflow.ERROR) == code
            continue
        with pytest.raises(ValueError, match=r"a value lies outside"):
            form.encode(value, rounding=rounding, overflow=Overflow.ERROR)


@pytest.mark.parametrize("form", WIDE, ids=str)
def test_ends_of_wide_formats(form):
    """Next to the limits, where float64 holds every 2nd to 1024th integer only."""
    limits = np.array([float(form.min), float(form.max + 1), float(form.max // 2 + 1)])
    near = np.concatenate([limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf)])
    real = np.ldexp(near, form.lsb)
    for overflow in (Overflow.SATURATE, Overflow.WRAP):
        expected = encoded(real.tolist(), form.lsb, form.min, form.max, Rounding.FLOOR, overflow)
        assert form.encode(real, rounding=Rounding.FLOOR, overflow=overflow).tolist() == expected
    assert form.encode([np.inf, -np.inf]).tolist() == [form.max, form.min]
    above = np.ldexp(float(form.max + 1), form.lsb)
    with pytest.raises(ValueError, match=rf"outside {form.min} to {form.max}$"):
        form.encode(above, overflow=Overflow.ERROR)


def test_bits_at_all_widths(rng):
    for form in EVERY:
        codes = ends(form, rng)
        expected = [int(c) % 2**form.width for c in codes.tolist()]
        bits = form.to_bits(codes)
        assert bits.dtype == np.uint64
        assert bits.tolist() == expected, form
        assert form.from_bits(bits).tolist() == codes.tolist(), form
        values = form.to_fixed(codes)
        assert form.from_fixed(values).tolist() == codes.tolist(), form
        assert form.to_fixed([form.min, form.max]).tolist() == [form.fixed_min, form.fixed_max]


def test_decode_at_all_widths(rng):
    for form in EVERY:
        codes = ends(form, rng)
        step = Fraction(2) ** form.lsb
        expected = [float(int(value) * step) for value in form.to_fixed(codes).tolist()]
        assert form.decode(codes).tolist() == expected, form


def test_dtype_is_the_smallest():
    types = [np.dtype(f"{kind}{8 * size}") for size in (1, 2, 4, 8) for kind in ("int", "uint")]
    for form in EVERY:
        fitting = [d for d in types
                   if np.iinfo(d).min <= form.min and form.max <= np.iinfo(d).max]
        assert form.dtype in fitting, form
        assert form.dtype.itemsize == fitting[0].itemsize, form


@pytest.mark.parametrize(("form", "other"), [
    (IntFormat(1), ml_dtypes.int1), (IntFormat(1, signed=False), ml_dtypes.uint1),
    (IntFormat(2), ml_dtypes.int2), (IntFormat(2, signed=False), ml_dtypes.uint2),
    (IntFormat(4), ml_dtypes.int4), (IntFormat(4, signed=False), ml_dtypes.uint4)], ids=str)
def test_against_ml_dtypes(form, other):
    """Limits, values of bit patterns, and conversion from reals, which cuts fractions off."""
    info = ml_dtypes.iinfo(other)
    assert (info.min, info.max, info.bits) == (form.min, form.max, form.width)
    bits = np.arange(2**form.width, dtype=np.uint8)
    np.testing.assert_array_equal(form.from_bits(bits), bits.view(other).astype(np.int64))
    real = np.linspace(form.min - 0.9, form.max + 0.9, 77)
    real = real[np.trunc(real) == np.clip(np.trunc(real), form.min, form.max)]
    np.testing.assert_array_equal(form.encode(real, rounding=Rounding.TOWARD_ZERO),
                                  real.astype(other).astype(np.int64))


@pytest.mark.parametrize("form", [IntFormat(8), FixedFormat(8, 3), TernaryFormat()], ids=str)
def test_encode_refuses(form):
    with pytest.raises(ValueError, match=rf"^NaN has no code in {form}$"):
        form.encode([0.0, np.nan])
    with pytest.raises(ValueError, match=rf"^{form} on its grid: infinity cannot wrap$"):
        form.encode([-np.inf], overflow=Overflow.WRAP)
    with pytest.raises(ValueError, match=r"^integers must be at most 2\*\*53"):
        form.encode([2**53 + 1])
    with pytest.raises(TypeError, match=r"^values must be real numbers, not <U3$"):
        form.encode("1.5")


@pytest.mark.parametrize("method", ["to_fixed", "from_fixed", "decode", "to_bits"])
@pytest.mark.parametrize("form", [IntFormat(8), FixedFormat(8, 3), TernaryFormat(), IntFormat(64),
                                  IntFormat(63, signed=False)], ids=str)
def test_codes_are_refused_before_they_are_cut(form, method):
    """Neither fractions nor what wraps on the way to int64 may pass."""
    call = getattr(form, method)
    with pytest.raises(TypeError, match=rf"must hold integers for {form}, not float64$"):
        call([0.0, 1.0])
    with pytest.raises(TypeError, match=r"must hold integers .* not object$"):
        call([2**64])
    wrong = [form.max + 1, 2**64 - 1, *([form.min - 1] if form.width < 64 else [])]
    for value in wrong:
        dtype = np.int64 if value < 2**63 else np.uint64
        with pytest.raises(ValueError, match=rf"\[1\] is {value}, but {form} holds "
                                             rf"{form.min} to {form.max}$"):
            call(np.array([0, value], dtype))


def test_from_bits_refuses():
    with pytest.raises(ValueError, match=r"^bits\[1, 0\] is 256, but int8 has 8 bits$"):
        IntFormat(8).from_bits([[255, 0], [256, 0]])
    with pytest.raises(ValueError, match=r"^bits is -1, but uint8 has 8 bits$"):
        IntFormat(8, signed=False).from_bits(-1)
    with pytest.raises(TypeError, match=r"^bits must be integers, not float64$"):
        IntFormat(8).from_bits([1.0])
    with pytest.raises(ValueError, match=r"^bits\[2\] is -2, but ternary holds -1 to 1$"):
        TernaryFormat().from_bits([1, 3, 2])


def test_check_names_the_first_offender():
    form = IntFormat(4)
    form.check("x", np.array([[-8, 7]]))
    form.check("x", np.empty((0, 3), np.int8))
    form.check("x", np.array([True]))
    with pytest.raises(ValueError, match=r"^x\[1, 2\] is 8, but int4 holds -8 to 7$"):
        form.check("x", np.array([[0, 1, 2], [3, 7, 8], [9, -9, 0]]))
    with pytest.raises(ValueError, match=r"^x is -9, but int4 holds -8 to 7$"):
        form.check("x", np.int64(-9))
    with pytest.raises(ValueError, match=r"^x\[0\] is 200, but ternary holds -1 to 1$"):
        TernaryFormat().check("x", np.array([200], np.uint8))
    with pytest.raises(TypeError, match=r"^x must hold integers for int4, not float32$"):
        form.check("x", np.zeros(3, np.float32))


def test_arrays_of_any_shape(rng):
    form = IntFormat(6)
    codes = rng.integers(-32, 32, (2, 3, 4), dtype=np.int8)
    for result in (form.to_fixed(codes), form.decode(codes), form.encode(form.decode(codes)),
                   form.from_bits(form.to_bits(codes))):
        np.testing.assert_array_equal(result, codes)
    for result in (form.to_fixed(5), form.from_fixed(5), form.decode(5), form.encode(5.2),
                   form.to_bits(5), form.from_bits(5)):
        assert isinstance(result, np.ndarray)
        assert (result.shape, int(result)) == ((), 5)
    # Views that are neither contiguous nor of this machine's byte order.
    np.testing.assert_array_equal(form.from_bits(form.to_bits(codes[:, ::2].T)), codes[:, ::2].T)
    np.testing.assert_array_equal(form.to_bits(codes.astype(">i4")), form.to_bits(codes))


def test_nothing_is_changed_in_place(rng):
    form = IntFormat(8)
    codes = rng.integers(-100, 100, 9)
    real = codes + 0.5
    before = codes.copy(), real.copy()
    form.to_fixed(codes)[:] = 0
    form.from_fixed(codes)[:] = 0
    form.from_bits(codes & 255)[:] = 0
    form.encode(real)[:] = 0
    np.testing.assert_array_equal(codes, before[0])
    np.testing.assert_array_equal(real, before[1])


def test_as_index():
    for good in (5, np.int8(5), np.uint64(5), np.array(5)):
        index = as_index("width", good)
        assert (type(index), index) == (int, 5)
    for bad in (True, np.True_, 5.0, np.float32(5), "5", None, [5], np.array([5, 6]), 5j):
        with pytest.raises(TypeError, match=r"^width must be an integer, not "):
            as_index("width", bad)
