"""Named floats: every code, and every encoding, as NumPy, ml_dtypes and TestFloat have it."""

from __future__ import annotations

import gzip
import re

import ml_dtypes
import numpy as np
import pytest

from sw_model.formats import NAMED, IntFormat, MinifloatFormat, Overflow, Rounding, Specials
from tests.support.reals import around, assert_same, every_16_bit_real, sample

OTHERS = {"e5m2": ml_dtypes.float8_e5m2, "e4m3fn": ml_dtypes.float8_e4m3fn,
          "e3m2": ml_dtypes.float6_e3m2fn, "e2m3": ml_dtypes.float6_e2m3fn,
          "e2m1": ml_dtypes.float4_e2m1fn, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}
NARROW = [name for name in OTHERS if NAMED[name].width <= 8]


def unsigned(bits):
    """NumPy's type of so many bits, or more."""
    return np.uint8 if bits <= 8 else np.uint16


def other_codes(name, reals):
    """The codes that the oracle gives."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = reals.astype(OTHERS[name])
    return found.view(unsigned(NAMED[name].width)).astype(np.int64)


@pytest.mark.parametrize("name", OTHERS)
def test_every_code(name):
    form = NAMED[name]
    codes = np.arange(1 << form.width)
    with np.errstate(invalid="ignore"):
        expected = codes.astype(unsigned(form.width)).view(OTHERS[name]).astype(np.float64)
    assert_same(form.decode(codes), expected)
    np.testing.assert_array_equal(form.to_bits(codes), codes)
    np.testing.assert_array_equal(form.from_bits(codes), codes)
    there = ~np.isnan(expected)
    np.testing.assert_array_equal(form.encode(expected[there]), codes[there])


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_16_bit_real(name, dtype):
    """All numbers of float16 and bfloat16, as arrays of three types."""
    with np.errstate(over="ignore"):
        reals = every_16_bit_real().astype(dtype)
    np.testing.assert_array_equal(NAMED[name].encode(reals), other_codes(name, reals))


@pytest.mark.parametrize("name", OTHERS)
def test_ties_and_neighbours_in_float32(name):
    """ml_dtypes takes float64 by way of float32, so float32 is what can be compared."""
    form = NAMED[name]
    reals = around(form.values(), np.float32)
    np.testing.assert_array_equal(form.encode(reals), other_codes(name, reals))


@pytest.mark.parametrize("name", OTHERS)
def test_random_reals(name, rng):
    reals = sample(NAMED[name].values(), rng, dtype=np.float32)
    np.testing.assert_array_equal(NAMED[name].encode(reals), other_codes(name, reals))
    reals = rng.integers(0, 2**32, 100_000, np.uint32).view(np.float32)
    reals = reals[~np.isnan(reals)]
    np.testing.assert_array_equal(NAMED[name].encode(reals), other_codes(name, reals))


def test_float64_is_rounded_once():
    """A float32 in between would make a tie of what is just above one."""
    for name in OTHERS:
        form = NAMED[name]
        one, nearest = form.encode(1.0), form.values()[form.encode(1.0) + 1]
        above = np.nextafter((1 + nearest) / 2, 2)
        assert form.encode(above) == one + 1, name
    reals = around(NAMED["fp16"].values())
    np.testing.assert_array_equal(NAMED["fp16"].encode(reals), other_codes("fp16", reals))


@pytest.mark.parametrize("name", ["e5m2", "e4m3fn", "fp16", "bf16"])
def test_nan_and_overflow_have_the_oracles_codes(name):
    """Except the sign of NaN, which is dropped: there is one code for NaN."""
    form = NAMED[name]
    reals = np.array([np.nan, np.inf, -np.inf, 1e38, -1e38 * 3], np.float32)
    np.testing.assert_array_equal(form.encode(reals), other_codes(name, reals))
    assert form.encode(-np.float64("nan")) == form.nan == form.encode(np.nan)


def test_values_of_the_standards():
    """OCP FP8 1.0, table 1; OCP MX 1.0, tables 3 to 5: maxima, least normal and subnormal."""
    for name, largest, normal, subnormal in [
            ("e5m2", 57344, 2.0**-14, 2.0**-16), ("e4m3fn", 448, 2.0**-6, 2.0**-9),
            ("e3m2", 28, 0.25, 0.0625), ("e2m3", 7.5, 1, 0.125), ("e2m1", 6, 1, 0.5),
            ("fp16", 65504, 2.0**-14, 2.0**-24), ("bf16", 2.0**127 * (2 - 2.0**-7), 2.0**-126,
                                                  2.0**-133)]:
        form = NAMED[name]
        assert form.decode([1, 1 << form.mantissa]).tolist() == [subnormal, normal], name
        assert form.decode(form.encode(1e300, overflow=Overflow.SATURATE)) == largest, name
    assert NAMED["e2m1"].decode(range(8)).tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    # Unsigned scales: UE5M3 has bias 15, and all ones are NaN.
    scale = NAMED["ue5m3"]
    assert scale.decode([0x78, 1, 0xFE]).tolist() == [1, 2.0**-17, 114688]
    assert np.isnan(scale.decode(0xFF))
    assert_same(NAMED["ue4m3"].decode(range(128)), NAMED["e4m3fn"].decode(range(128)))


def test_nan_and_infinities_by_format():
    e4m3, e5m2, e2m1, scale = (NAMED[n] for n in ("e4m3fn", "e5m2", "e2m1", "ue4m3"))
    assert (e4m3.nan, e4m3.negative_nan, e4m3.infinity()) == (0x7F, 0xFF, None)
    assert (e5m2.nan, e5m2.infinity(), e5m2.infinity(negative=True)) == (0x7E, 0x7C, 0xFC)
    assert (e2m1.nan, e2m1.negative_nan, e2m1.infinity()) == (None, None, None)
    assert (scale.nan, scale.negative_nan, scale.signed_zero) == (0x7F, 0x7F, None)
    assert (e2m1.signed_zero, NAMED["bf16"].signed_zero) == (8, 0x8000)


def test_trap_nan_is_refused_where_it_has_no_code():
    """ml_dtypes makes minus zero of it, silently."""
    for name in ("e2m1", "e2m3", "e3m2"):
        form = NAMED[name]
        silent = np.array([np.nan], np.float32).astype(OTHERS[name]).astype(np.float32)
        assert_same(silent, [-0.0])
        with pytest.raises(ValueError, match=rf"^NaN has no code in {name}$"):
            form.encode([1.0, np.nan])
        # Infinities saturate there and here.
        assert form.decode(form.encode([-np.inf, np.inf])).tolist() == [form.values().min(),
                                                                       form.values().max()]


def test_trap_e4m3_overflows_to_nan_unless_told_to_saturate():
    """Blocks of MX want values clamped, as OCP says; a cast alone gives NaN, or infinity."""
    reals = np.array([448, 464, 464.1, 500, 1e30, np.inf, -500])
    e4m3, e5m2 = NAMED["e4m3fn"], NAMED["e5m2"]
    assert e4m3.encode(reals).tolist() == [0x7E, 0x7E, 0x7F, 0x7F, 0x7F, 0x7F, 0xFF]
    assert e4m3.encode(reals, overflow=Overflow.SATURATE).tolist() == [0x7E] * 6 + [0xFE]
    assert e5m2.encode([57344, 61439.9, 61440, 1e9, -1e9]).tolist() == [
        0x7B, 0x7B, 0x7C, 0x7C, 0xFC]
    assert e5m2.encode([1e9, np.inf, -np.inf], overflow=Overflow.SATURATE).tolist() == [
        0x7B, 0x7B, 0xFB]
    np.testing.assert_array_equal(e4m3.encode(reals), other_codes("e4m3fn", reals))


def test_trap_rules_for_ties():
    """OCP's rounding is to even; gguf's goes to the smaller magnitude, microxcaling's away."""
    e2m1, ties = NAMED["e2m1"], np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
    for rounding, expected in [
            (Rounding.HALF_EVEN, [0, 1, 1, 2, 2, 4, 4]),
            (Rounding.HALF_TOWARD_ZERO, [0, 0.5, 1, 1.5, 2, 3, 4]),
            (Rounding.HALF_AWAY, [0.5, 1, 1.5, 2, 3, 4, 6])]:
        for sign in (-1, 1):
            found = e2m1.decode(e2m1.encode(sign * ties, rounding=rounding))
            assert found.tolist() == [sign * value for value in expected]
    assert e2m1.decode(e2m1.encode(-ties, rounding=Rounding.HALF_UP)).tolist() == [
        0, -0.5, -1, -1.5, -2, -3, -4]


@pytest.mark.parametrize("name", OTHERS)
def test_overflow_error(name):
    """Refused is what rounds beyond the largest, but no infinity that has a code."""
    form = NAMED[name]
    largest, following = form.boundaries().values[-1], form.boundaries().following[1]
    half = form.boundaries().range[1]
    for rounding, inside, outside in [
            (Rounding.HALF_TOWARD_ZERO, half, np.nextafter(half, np.inf)),
            (Rounding.HALF_AWAY, np.nextafter(half, 0), half),
            (Rounding.FLOOR, np.nextafter(following, 0), following),
            (Rounding.TOWARD_ZERO, np.nextafter(following, 0), following),
            (Rounding.CEILING, largest, np.nextafter(largest, np.inf)),
            (Rounding.AWAY_FROM_ZERO, largest, np.nextafter(largest, np.inf))]:
        mirrored = {Rounding.FLOOR: Rounding.CEILING, Rounding.CEILING: Rounding.FLOOR}
        for sign, mode in ((1, rounding), (-1, mirrored.get(rounding, rounding))):
            code = form.encode(sign * inside, rounding=mode, overflow=Overflow.ERROR)
            assert form.decode(code) == sign * largest
            message = re.escape(f"{sign * outside} lies outside {name}")
            with pytest.raises(ValueError, match=rf"^{message}$"):
                form.encode([0, sign * outside], rounding=mode, overflow=Overflow.ERROR)
    if form.specials is Specials.IEEE:
        assert form.encode(-np.inf, overflow=Overflow.ERROR) == form.infinity(negative=True)
    else:
        with pytest.raises(ValueError, match=rf"^-inf lies outside {name}$"):
            form.encode([-np.inf, np.inf], overflow=Overflow.ERROR)


@pytest.mark.parametrize("name", ["ue4m3", "ue5m3"])
def test_unsigned_refuse_what_is_negative(name):
    """However it is rounded; minus zero is zero."""
    form = NAMED[name]
    for rounding in Rounding:
        assert form.encode([-0.0, 0.0], rounding=rounding).tolist() == [0, 0]
        assert form.encode([-1e-300, -1.0], rounding=rounding).tolist() == [form.nan] * 2
        assert form.encode([-1.0], rounding=rounding, overflow=Overflow.SATURATE) == 0
        with pytest.raises(ValueError, match=rf"^-1e-300 lies outside {name}$"):
            form.encode([-1e-300], rounding=rounding, overflow=Overflow.ERROR)


def vectors(folder, name):
    """Columns of TestFloat's vectors: argument, result, flags."""
    lines = gzip.decompress((folder / "vectors/testfloat" / f"{name}.rne.txt.gz").read_bytes())
    rows = [[int(word, 16) for word in line.split()] for line in lines.decode().splitlines()]
    return np.array(rows, np.uint64).T


@pytest.mark.parametrize(("case", "name"), [("f32_to_f16", "fp16"), ("f32_to_bf16", "bf16")])
def test_testfloat_encode(case, name, data_dir):
    argument, result, _ = vectors(data_dir, case)
    assert len(argument) >= 600
    reals = argument.astype(np.uint32).view(np.float32)
    form, expected = NAMED[name], result.astype(np.int64)
    found = form.encode(reals)
    # TestFloat keeps the sign and digits of NaN.
    nan = np.isnan(reals)
    np.testing.assert_array_equal(found[~nan], expected[~nan])
    np.testing.assert_array_equal(found[nan], form.nan)
    assert np.isnan(form.decode(expected[nan])).all()


@pytest.mark.parametrize(("case", "name"), [("f16_to_f32", "fp16"), ("bf16_to_f32", "bf16")])
def test_testfloat_decode(case, name, data_dir):
    argument, result, _ = vectors(data_dir, case)
    assert len(argument) >= 400
    expected = result.astype(np.uint32).view(np.float32)
    assert_same(NAMED[name].decode(argument.astype(np.int64)), expected.astype(np.float64))


def test_testfloat_integers(data_dir):
    argument, result, _ = vectors(data_dir, "i32_to_f16")
    whole = argument.astype(np.uint32).view(np.int32)
    np.testing.assert_array_equal(NAMED["fp16"].encode(whole), result.astype(np.int64))
    argument, result, flags = vectors(data_dir, "f16_to_i32")
    valid = flags & 0x10 == 0
    assert 300 < valid.sum() < len(valid)
    reals = NAMED["fp16"].decode(argument.astype(np.int64))
    expected = result.astype(np.uint32).view(np.int32)
    np.testing.assert_array_equal(IntFormat(32).encode(reals[valid]), expected[valid])
    assert not np.isfinite(reals[~valid]).any()


@pytest.mark.parametrize(("make", "kind", "message"), [
    (lambda: MinifloatFormat(0, 3), ValueError, r"^exponent must be 1 to 8 bits, not 0$"),
    (lambda: MinifloatFormat(9, 3), ValueError, r"^exponent must be 1 to 8 bits, not 9$"),
    (lambda: MinifloatFormat(4, 11), ValueError, r"^mantissa must be 0 to 10 bits, not 11$"),
    (lambda: MinifloatFormat(4, -1), ValueError, r"^mantissa must be 0 to 10 bits, not -1$"),
    (lambda: MinifloatFormat(8, 8), ValueError, r"^a float must have 2 to 16 bits, not 17$"),
    (lambda: MinifloatFormat(1, 0, signed=False), ValueError,
     r"^a float must have 2 to 16 bits, not 1$"),
    (lambda: MinifloatFormat(4, 3, 201), ValueError, r"^bias must be -200 to 200, not 201$"),
    (lambda: MinifloatFormat(4, 3, saturate=False), ValueError,
     r"^a float without infinities and NaN must saturate$"),
    (lambda: MinifloatFormat(1, 0, specials=Specials.IEEE), ValueError,
     r"^a float must have a number that is not zero$"),
    (lambda: MinifloatFormat(1, 2, specials=Specials.IEEE, subnormals=False), ValueError,
     r"^a float must have a number that is not zero$"),
    (lambda: MinifloatFormat(4.0, 3), TypeError, r"^exponent must be an integer, not 4\.0$"),
    (lambda: MinifloatFormat(4, True), TypeError, r"^mantissa must be an integer, not True$"),
    (lambda: MinifloatFormat(4, 3, "7"), TypeError, r"^bias must be an integer, not '7'$"),
    (lambda: MinifloatFormat(4, 3, specials="fn"), TypeError,
     r"^specials must be a Specials, not 'fn'$"),
    (lambda: MinifloatFormat(4, 3, subnormals=0), TypeError, r"^subnormals must be a bool, not 0$"),
    (lambda: MinifloatFormat(4, 3, saturate=1), TypeError, r"^saturate must be a bool, not 1$"),
    (lambda: MinifloatFormat(4, 3, signed=None), TypeError, r"^signed must be a bool, not None$"),
])
def test_there_is_no_such_float(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_value_objects():
    usual = MinifloatFormat(4, 3, 7)
    assert usual == MinifloatFormat(np.int64(4), np.uint8(3)) == MinifloatFormat(4, 3)
    assert (usual.bias, usual.offset, type(usual.exponent)) == (None, 7, int)
    assert hash(usual) == hash(MinifloatFormat(4, 3))
    assert usual != NAMED["e4m3fn"] != MinifloatFormat(4, 3, specials=Specials.FN)
    with pytest.raises(AttributeError):
        usual.exponent = 5
