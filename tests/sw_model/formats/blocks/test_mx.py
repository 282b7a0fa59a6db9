"""MX blocks: worked values, edges, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import NAMED, FixedFormat, IntFormat
from sw_model.formats.blocks import MX_ELEMENTS, MX_INT8, MXFormat, ScaleRule

ELEMENTS = [*MX_ELEMENTS.values(), MX_INT8]
EVERY = [MXFormat(element) for element in ELEMENTS] + [MXFormat(MX_INT8, symmetric=False)]
FP4, FP8, INT8 = MXFormat(NAMED["e2m1"]), MXFormat(NAMED["e5m2"]), MXFormat(MX_INT8)

WORKED = np.array([.3, -1.7, 5, .02, 2.6, -.9, 7.9, 1.1] + 24 * [0.0])


def same(one, other):
    assert sorted(one) == sorted(other)
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name])


@pytest.mark.parametrize(("name", "scale", "codes", "values"), [
    ("e5m2", 0x72, [0x69, 0xF3, 0x79, 0x59, 0x75, 0xEF, 0x7B, 0x70],
     [.3125, -1.75, 5, .01953125, 2.5, -.875, 7, 1]),
    ("e4m3fn", 0x79, [0x5A, 0xEE, 0x7A, 0x3A, 0x72, 0xE6, 0x7E, 0x69],
     [.3125, -1.75, 5, .01953125, 2.5, -.875, 7, 1.125]),
    ("e3m2", 0x7D, [0x0D, 0x37, 0x1D, 0x01, 0x19, 0x33, 0x1F, 0x14],
     [.3125, -1.75, 5, .015625, 2.5, -.875, 7, 1]),
    ("e2m3", 0x7F, [0x02, 0x2E, 0x1A, 0x00, 0x12, 0x27, 0x1F, 0x09],
     [.25, -1.75, 5, 0, 2.5, -.875, 7.5, 1.125]),
    ("e2m1", 0x7F, [0x1, 0xB, 0x6, 0x0, 0x5, 0xA, 0x7, 0x2], [.5, -1.5, 4, 0, 3, -1, 6, 1]),
    ("int8", 0x81, [0x05, 0xE5, 0x50, 0x00, 0x2A, 0xF2, 0x7E, 0x12],
     [.3125, -1.6875, 5, 0, 2.625, -.875, 7.875, 1.125]),
])
def test_worked_block(name, scale, codes, values):
    form = MXFormat(MX_ELEMENTS.get(name, MX_INT8))
    fields = form.encode(WORKED)
    assert fields["scales"].tolist() == [scale]
    assert form.element.to_bits(fields["codes"])[0].tolist() == codes + 24 * [0]
    assert form.decode(fields).tolist() == values + 24 * [0.0]


def test_packed_bytes():
    """The scale first; nibbles, 6-bit codes and bytes least significant bit first."""
    packed = FP4.pack(FP4.encode(WORKED))[0]
    assert packed[:5].tolist() == [0x7F, 0xB1, 0x06, 0xA5, 0x27]
    form = MXFormat(NAMED["e3m2"])
    packed = form.pack(form.encode(WORKED))[0]
    number = 0x0D | 0x37 << 6 | 0x1D << 12 | 0x01 << 18
    assert packed[:4].tolist() == [0x7D, *number.to_bytes(3, "little")]
    packed = INT8.pack(INT8.encode(WORKED))[0]
    assert packed[:4].tolist() == [0x81, 0x05, 0xE5, 0x50]


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("rule", ScaleRule)
@pytest.mark.parametrize("size", [1, 3, 16, 32])
def test_round_trips(rng, form, rule, size):
    form = MXFormat(form.element, size, rule, form.symmetric)
    values = rng.normal(size=(2, 5 * size)) * 2.0 ** rng.integers(-140, 130, (2, 5 * size))
    fields = form.encode(values)
    packed = form.pack(fields)
    assert packed.shape == (2, 5, form.block_bytes)
    same(form.unpack(packed), fields)
    assert form.decode(fields).shape == values.shape
    if rule is not ScaleRule.FPQUANT:
        # What has been rounded stays, but for blocks that the rule would now scale otherwise.
        again = form.encode(form.decode(fields))
        kept = again["scales"] == fields["scales"]
        assert kept.any()
        np.testing.assert_array_equal(again["codes"][kept], fields["codes"][kept])


def test_bits():
    assert [form.bits for form in EVERY] == [8.25, 8.25, 6.25, 6.25, 4.25, 8.25, 8.25]
    assert MXFormat(NAMED["e2m3"], 4).block_bytes == 4
    assert MXFormat(NAMED["e2m3"], 1).block_bytes == 2


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_decoding_is_exact_for_every_scale_and_code(form):
    codes = np.arange(form.element.min, form.element.max + 1)
    if form.symmetric and form.element == MX_INT8:
        codes = codes[1:]
    one = MXFormat(form.element, 1, symmetric=form.symmetric)
    for scale in range(255):
        scales = np.full(len(codes), scale, np.uint8)
        got = one.decode({"codes": codes[:, None], "scales": scales})
        elements = form.element.decode(codes)
        finite = np.isfinite(elements)
        assert ([Fraction(v) for v in got[finite].tolist()]
                == [Fraction(v) * Fraction(2) ** (scale - 127) for v in elements[finite].tolist()])
        np.testing.assert_array_equal(got[~finite], elements[~finite])


def nearest(form: MXFormat, value: float, scale: int) -> Fraction:
    """The finite element nearest to a value, by comparing all; of two the even one."""
    shown = Fraction(value) / Fraction(2) ** (scale - 127)
    if form.rule is ScaleRule.FPQUANT:
        shown = shown * 3 / 4
    codes = np.arange(form.element.min + (form.element == MX_INT8 and form.symmetric),
                      form.element.max + 1)
    candidates = [(abs(Fraction(v) - shown), code & 1, code)
                  for code, v in zip(codes.tolist(), form.element.decode(codes).tolist(),
                                     strict=True) if np.isfinite(v)]
    return Fraction(float(form.element.decode(np.array(min(candidates)[2]))))


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("rule", ScaleRule)
def test_elements_are_the_nearest(rng, form, rule):
    form = MXFormat(form.element, 4, rule, form.symmetric)
    values = rng.normal(size=24) * 2.0 ** rng.integers(-20, 20, 24)
    fields = form.encode(values)
    elements = form.element.decode(fields["codes"]).ravel().tolist()
    for value, element, scale in zip(values.tolist(), elements,
                                     np.repeat(fields["scales"], 4).tolist(), strict=True):
        assert Fraction(element) == nearest(form, value, scale)


def test_ties_go_to_the_even_code():
    ties = np.array([.25, .75, 1.25, 1.75, 2.5, 3.5, 5, 4])
    form = MXFormat(NAMED["e2m1"], 8)
    assert form.decode(form.encode(ties)).tolist() == [0, 1, 1, 2, 2, 4, 4, 4]
    assert form.decode(form.encode(-ties)).tolist() == [-0.0, -1, -1, -2, -2, -4, -4, -4]


@pytest.mark.parametrize(("rule", "scale", "values"), [
    (ScaleRule.FLOOR, 127, [6, 1, -.5, 0]), (ScaleRule.CEIL, 128, [8, 1, -1, 0]),
    (ScaleRule.RNE, 128, [8, 1, -1, 0])])
def test_rules_trade_range_for_resolution(rule, scale, values):
    form = MXFormat(NAMED["e2m1"], 4, rule)
    fields = form.encode([7.9, 1, -.6, .1])
    assert fields["scales"].tolist() == [scale]
    assert form.decode(fields).tolist() == values


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_fpquant_rounds_four_thirds_once(form):
    codes = np.arange(form.element.max + 1)
    codes = codes[np.isfinite(form.element.decode(codes))][:, None]
    fields = {"codes": codes, "scales": np.full(len(codes), 126, np.uint8)}
    got = MXFormat(form.element, 1, ScaleRule.FPQUANT).decode(fields)
    # A fraction becomes the nearest float64.
    assert got.tolist() == [float(Fraction(v) * 4 / 3 / 2)
                            for v in form.element.decode(codes).ravel().tolist()]


def test_ceil_saturates_where_the_scale_ends():
    form = MXFormat(NAMED["e2m1"], 1, ScaleRule.CEIL)
    values = np.array([4.5, 7.9, 2.0**129, 6 * 2.0**127, 2.0**130])
    assert form.decode(form.encode(values)).tolist() == [4, 8, 2.0**129, 6 * 2.0**127,
                                                         6 * 2.0**127]


def test_fpquant_never_saturates():
    form = MXFormat(NAMED["e2m1"], 4, ScaleRule.FPQUANT)
    fields = form.encode([7.9, 4, -2, .1])
    assert fields["scales"].tolist() == [127]
    assert form.element.decode(fields["codes"])[0].tolist() == [6, 3, -1.5, 0]
    # Times 4/3, rounded once.
    assert form.decode(fields).tolist() == [8, 4, -2, 0]


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_zero_blocks(form):
    fields = form.encode(np.zeros(64))
    assert fields["scales"].tolist() == [0, 0]
    assert not fields["codes"].any()
    assert form.decode(fields).tolist() == 64 * [0.0]


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("value", [1.0, -1.0, 2.0**-20, -(2.0**100)])
def test_equal_elements(form, value):
    assert form.decode(form.encode(np.full(32, value))).tolist() == 32 * [value]


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_no_blocks(form):
    fields = form.encode(np.zeros((3, 0), np.float32))
    assert fields["codes"].shape == (3, 0, 32)
    assert fields["scales"].shape == (3, 0)
    assert form.decode(fields).shape == (3, 0)
    assert form.pack(fields).shape == (3, 0, form.block_bytes)
    same(form.unpack(form.pack(fields)), fields)


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_not_finite_makes_the_block_nan(form, wrong):
    values = np.ones(96)
    values[40] = wrong
    fields = form.encode(values)
    assert fields["scales"][1] == 255
    assert not fields["codes"][1].any()
    same(form.unpack(form.pack(fields)), fields)
    reals = form.decode(fields)
    assert np.isnan(reals[32:64]).all()
    assert (reals[:32] == 1).all()
    assert (reals[64:] == 1).all()


def test_scale_255_outdoes_codes():
    fields = {"codes": np.full((1, 32), 0x7C), "scales": np.array([255])}
    assert np.isnan(FP8.decode(fields)).all()


def test_special_elements_decode_as_themselves():
    codes = np.zeros((1, 32), np.uint8)
    codes[0, :4] = 0x7C, 0xFC, 0x7D, 0x7B
    got = FP8.decode({"codes": codes, "scales": np.array([128])})
    np.testing.assert_array_equal(got[:4], [np.inf, -np.inf, np.nan, 2 * 57344])
    codes[0, :4] = 0x7F, 0xFF, 0x7E, 0
    got = MXFormat(NAMED["e4m3fn"]).decode({"codes": codes, "scales": np.array([127])})
    np.testing.assert_array_equal(got[:4], [np.nan, np.nan, 448, 0])


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_largest_elements_saturate_and_are_never_special(form):
    values = np.array([2 - 2.0**-20, -(2 - 2.0**-20)] + 30 * [0.0])
    reals = form.decode(form.encode(values))
    assert np.isfinite(reals).all()
    unit = 2.0 ** (np.frexp(form.largest)[1] - 1)
    assert reals[0] == form.largest / unit
    assert reals[1] == (-form.largest / unit if form.symmetric else -2)


@pytest.mark.parametrize(("form", "least", "most"), [
    (FP4, 2.0**-128, 6 * 2.0**127), (FP8, 2.0**-143, 57344 * 2.0**127),
    (INT8, 2.0**-133, 127 / 64 * 2.0**127)], ids=["fp4", "fp8", "int8"])
def test_extremes(form, least, most):
    """Scales are clamped at both ends: what is smaller vanishes, what is larger saturates."""
    values = np.array([1e300, -1e300, most, 1.0] + 28 * [0.0])
    fields = form.encode(values)
    assert fields["scales"].tolist() == [254]
    assert form.decode(fields)[:3].tolist() == [most, -most, most]
    # Half of the least is a tie, and goes to zero.
    fields = form.encode(np.array([least, -least, least / 2, 0.75 * least] + 28 * [0.0]))
    assert fields["scales"].tolist() == [0]
    assert form.decode(fields)[:4].tolist() == [least, -least, 0, least]


def test_subnormal_float32():
    tiny = np.float32(2.0**-149)
    values = np.array([3, -5, 127, 1] + 28 * [0], np.float32) * tiny
    form = MXFormat(NAMED["e5m2"])
    fields = form.encode(values)
    assert fields["scales"].tolist() == [0]
    # 2**-143 is the least: 127 * 2**-149 is nearly twice that.
    assert form.decode(fields)[:4].tolist() == [0, -0.0, 2.0**-142, 0]
    values = np.array([2.0**-127, -(2.0**-128)] + 30 * [0], np.float32)
    assert FP4.decode(FP4.encode(values))[:2].tolist() == [2.0**-127, -(2.0**-128)]


def test_every_real_type():
    for kind in (np.float16, np.float32, np.float64, np.int8, np.uint16, np.int64, np.bool_):
        values = np.array([1, 0, 1, 1] + 28 * [0], kind)
        assert FP4.decode(FP4.encode(values)).tolist() == values.tolist()
    assert FP4.decode(FP4.encode([1, 0] * 16)).tolist() == [1, 0] * 16


def test_asymmetric_int8_has_one_code_more():
    values = np.array([-1.999, 1.999] + 30 * [0.0])
    assert INT8.encode(values)["codes"][0, :2].tolist() == [-127, 127]
    assert EVERY[-1].encode(values)["codes"][0, :2].tolist() == [-128, 127]
    fields = {"codes": np.full((1, 32), -128), "scales": np.array([127])}
    assert EVERY[-1].decode(fields).tolist() == 32 * [-2.0]
    for refuse in (INT8.decode, INT8.pack):
        with pytest.raises(ValueError, match=r"^codes hold -128, which is no code of mxint8$"):
            refuse(fields)
    with pytest.raises(ValueError, match=r"^codes hold -128, which is no code of mxint8$"):
        INT8.unpack(EVERY[-1].pack(fields))


@pytest.mark.parametrize(("values", "error", "message"), [
    (np.zeros(31), ValueError, r"^mx<e2m1> takes runs of 32 elements, but the shape is \(31,\)$"),
    (np.float64(1), ValueError, r"^mx<e2m1> takes runs of 32 elements, but the shape is \(\)$"),
    (np.zeros((32, 1)), ValueError, r"^mx<e2m1> takes runs of 32 .* shape is \(32, 1\)$"),
    (np.zeros(32, complex), TypeError, r"^values must be real numbers, not complex128$"),
    (np.array(["1"] * 32), TypeError, r"^values must be real numbers, not <U1$"),
    (np.full(32, 2**53 + 1), ValueError, r"^integers must be at most 2\*\*53")])
def test_values_that_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        FP4.encode(values)


CODES, SCALES = np.zeros((2, 32), np.int8), np.zeros(2, np.uint8)


@pytest.mark.parametrize(("fields", "error", "message"), [
    ({}, ValueError, r"^mx<e2m1> has the field 'codes', but there are none$"),
    ({"codes": CODES}, ValueError, r"^mx<e2m1> has the field 'scales', but there are codes$"),
    ({"codes": CODES[:, :31], "scales": SCALES}, ValueError,
     r"^field 'codes' of mx<e2m1> must end in axes \(32,\), but has shape \(2, 31\)$"),
    ({"codes": CODES[0], "scales": SCALES[0]}, ValueError,
     r"^field 'codes' of mx<e2m1> must have an axis of blocks and one of elements, but has "
     r"shape \(32,\)$"),
    ({"codes": CODES, "scales": SCALES[:1]}, ValueError,
     r"^field 'scales' of mx<e2m1> must end in axes \(2,\), but has shape \(1,\)$"),
    ({"codes": CODES, "scales": SCALES[None]}, ValueError,
     r"^field 'scales' of mx<e2m1> must have shape \(2,\), not \(1, 2\)$"),
    ({"codes": CODES + 16, "scales": SCALES}, ValueError,
     r"^codes\[0, 0\] is 16, but e2m1 holds 0 to 15$"),
    ({"codes": CODES, "scales": np.array([0, 256])}, ValueError,
     r"^scales\[1\] is 256, but e8m0 holds 0 to 255$"),
    ({"codes": CODES * 1.0, "scales": SCALES}, TypeError,
     r"^codes must hold integers for e2m1, not float64$"),
    ({"codes": CODES, "scales": SCALES * 1.0}, TypeError,
     r"^scales must hold integers for e8m0, not float64$")])
def test_fields_that_are_refused(fields, error, message):
    for refuse in (FP4.decode, FP4.pack):
        with pytest.raises(error, match=message):
            refuse(fields)


def test_bytes_that_are_refused():
    with pytest.raises(TypeError, match=r"^data must be bytes \(uint8\), not int64$"):
        FP4.unpack(np.zeros((1, 17), np.int64))
    with pytest.raises(ValueError, match=r"^a block of mx<e2m1> has 17 bytes, but the shape is "
                                         r"\(1, 16\)$"):
        FP4.unpack(np.zeros((1, 16), np.uint8))
    with pytest.raises(ValueError, match=r"^the last 4 bits behind 1 codes of 4 bits must be "
                                         r"zero$"):
        MXFormat(NAMED["e2m1"], 1).unpack(np.array([[127, 0x12]], np.uint8))
    with pytest.raises(ValueError, match=r"^field 'codes' of mx<e2m1> must have an axis of blocks "
                                         r"and one of elements, but has shape \(32,\)$"):
        FP4.unpack(np.zeros(17, np.uint8))


@pytest.mark.parametrize(("arguments", "error", "message"), [
    (("e2m1",), TypeError, r"^element must be a MinifloatFormat or FixedFormat, not 'e2m1'$"),
    ((IntFormat(8),), TypeError, r"^element must be a MinifloatFormat or FixedFormat, not IntF"),
    ((NAMED["fp16"],), ValueError, r"^element must be one of e5m2, e4m3fn, e3m2, e2m3, e2m1 and "
                                   r"fixed<8,6>, not fp16$"),
    ((FixedFormat(8, 5),), ValueError, r"^element must be one of .*, not fixed<8,5>$"),
    ((NAMED["e2m1"], 0), ValueError, r"^size must be at least 1, not 0$"),
    ((NAMED["e2m1"], 32.0), TypeError, r"^size must be an integer, not 32.0$"),
    ((NAMED["e2m1"], 32, "floor"), TypeError, r"^rule must be a ScaleRule, not 'floor'$"),
    ((MX_INT8, 32, ScaleRule.FLOOR, 1), TypeError, r"^symmetric must be a bool, not 1$"),
    ((NAMED["e2m1"], 32, ScaleRule.FLOOR, False), ValueError,
     r"^floating-point elements are symmetric$")])
def test_formats_that_do_not_exist(arguments, error, message):
    with pytest.raises(error, match=message):
        MXFormat(*arguments)
