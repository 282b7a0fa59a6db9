"""NVFP4 and its relatives: worked values, float32 step by step, edges, refusals."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from sw_model.formats import NAMED, IntFormat
from sw_model.formats.blocks import NVFormat
from tests.support.float32 import nearest_float32

E2M1, INT4 = NAMED["e2m1"], IntFormat(4)
UE4M3, UE5M3 = NAMED["ue4m3"], NAMED["ue5m3"]
FP4, INT = NVFormat(E2M1), NVFormat(INT4)
EVERY = [FP4, INT, NVFormat(E2M1, UE5M3), NVFormat(INT4, UE5M3)]

WORKED = np.array([.01, -.02, .03, .5, -1, 1.5, 2.25, -3, .1, .2, -.3, .4, .6, -.7, .8, 2.9]
                  + [.001 * k for k in range(-8, 8)])


def same(one, other):
    assert sorted(one) == sorted(other)
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name])


def test_worked_nvfp4():
    fields = FP4.encode(WORKED)
    assert fields["tensor_scale"] == np.float32(1) / np.float32(896)
    assert fields["scales"].tolist() == [0x7E, 0x3A]
    assert UE4M3.decode(fields["scales"]).tolist() == [448, 1.25]
    assert fields["codes"][0].tolist() == [0, 8, 0, 2, 0xC, 5, 6, 0xF, 0, 1, 9, 2, 2, 0xB, 3, 7]
    got = FP4.decode(fields)[:16]
    wanted = np.array([0, -0.0, 0, .5, -1, 1.5, 2, -3, 0, .25, -.25, .5, .5, -.75, .75, 3])
    # 1 / 896 is no float32: the last bit of some products shows it.
    np.testing.assert_allclose(got, wanted, rtol=2**-23)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted))


def test_worked_nvint4():
    fields = INT.encode(WORKED)
    assert fields["tensor_scale"] == np.float32(1) / (np.float32(448 * 7) / np.float32(3))
    assert fields["codes"][0].tolist() == [0, 0, 0, 1, -2, 4, 5, -7, 0, 0, -1, 1, 1, -2, 2, 7]


def test_worked_ue5m3():
    """3 / 6 is code 0x70, .008 / 6 rounds to 0x2B; there is no scale of the tensor."""
    form = NVFormat(E2M1, UE5M3)
    fields = form.encode(WORKED)
    assert sorted(fields) == ["codes", "scales"]
    assert UE5M3.decode([0x78, 0x01, 0xFE]).tolist() == [1.0, 2.0**-17, 114688]
    assert fields["scales"].tolist() == [0x70, 0x2B]
    assert form.decode(fields)[:16].tolist() == [
        0, -0.0, 0, .5, -1, 1.5, 2, -3, 0, .25, -.25, .5, .5, -.75, .75, 3]


def test_packed_bytes():
    """The scale, then two codes a byte, the first one in the low nibble."""
    packed = FP4.pack(FP4.encode(WORKED))
    assert packed[0].tolist() == [0x7E, 0x80, 0x20, 0x5C, 0xF6, 0x10, 0x29, 0xB2, 0x73]
    packed = INT.pack(INT.encode(WORKED))
    assert packed[0].tolist() == [0x7E, 0x00, 0x10, 0x4E, 0x95, 0x00, 0x1F, 0xE1, 0x72]
    assert FP4.bits == INT.bits == 4.5
    assert FP4.block_bytes == 9


def exactly(form: NVFormat, values: np.ndarray, tensor_scale: np.float32 | None = None
            ) -> dict[str, list]:
    """Every operation of the definition on fractions, each rounded to float32."""
    f32 = nearest_float32
    values = [Fraction(v) for v in values.astype(np.float32).tolist()]
    largest = 6 if form.element == E2M1 else 7
    amax = max(abs(v) for v in values)
    enc = Fraction(1)
    if tensor_scale is not None:
        enc = Fraction(f32(1 / Fraction(float(tensor_scale))))
    elif form.scale == UE4M3 and amax:
        enc = Fraction(f32(min(Fraction(448 * largest) / amax, Fraction(2) ** 126)))
    most = 448 if form.scale == UE4M3 else 114688
    scales, codes = [], []
    for start in range(0, len(values), 16):
        block = values[start:start + 16]
        peak = Fraction(f32(max(abs(v) for v in block) / largest))
        scale = closest(form.scale, min(Fraction(f32(peak * enc)), Fraction(most)))
        divisor = Fraction(float(form.scale.decode(np.array(scale))))
        scales.append(scale)
        for value in block:
            shown = Fraction(f32(Fraction(f32(value * enc)) / divisor)) if divisor else Fraction(0)
            shown = max(Fraction(-largest), min(Fraction(largest), shown))
            codes.append(round(shown) if form.element == INT4 else
                         closest(E2M1, abs(shown)) | (bool(divisor) and value < 0) << 3)
    return {"scales": scales, "codes": codes, "tensor_scale": f32(1 / enc)}


def closest(form, value: Fraction) -> int:
    """The positive code nearest to a value, by comparing all; of two the even one."""
    codes = np.arange(1 << (form.width - form.signed))
    return min((abs(Fraction(v) - value), code & 1, code) for code, v in
               zip(codes.tolist(), form.decode(codes).tolist(), strict=True) if np.isfinite(v))[2]


def tensors(rng):
    """Of all magnitudes of float32, with blocks far below their tensor's largest one."""
    for power in (-149, -140, -120, -100, -20, 0, 1, 60, 120):
        values = rng.normal(size=64) * 2.0 ** np.repeat(rng.integers(-22, 1, 4), 16)
        yield (values / 8 * 2.0**power).astype(np.float32)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_every_step_is_rounded_once(rng, form):
    for values in tensors(rng):
        fields, wanted = form.encode(values), exactly(form, values)
        assert fields["scales"].tolist() == wanted["scales"]
        assert fields["codes"].ravel().tolist() == wanted["codes"]
        if form.has_tensor_scale:
            assert float(fields["tensor_scale"]) == wanted["tensor_scale"]


@pytest.mark.parametrize("form", [FP4, INT], ids=str)
def test_a_tensor_scale_that_is_given(rng, form):
    """From one that is all too small, so that nearly all saturates, to one that is too large."""
    for values in tensors(rng):
        own = form.encode(values)["tensor_scale"]
        for factor in (0.01, 0.7, 1, 1.3, 50):
            given = max(np.float32(own * factor), np.float32(2.0**-126))
            fields, wanted = form.encode(values, given), exactly(form, values, given)
            assert fields["scales"].tolist() == wanted["scales"]
            assert fields["codes"].ravel().tolist() == wanted["codes"]
            assert fields["tensor_scale"] == given
            assert fields["tensor_scale"].dtype == np.float32
            for start in range(0, 64, 16):
                part = form.encode(values[start:start + 16], tensor_scale=given)
                np.testing.assert_array_equal(part["codes"][0], fields["codes"][start // 16])


def test_a_tensor_scale_far_too_small_saturates():
    fields = FP4.encode(np.array([3e38, -3e38] + 13 * [1.0] + [0.0]), np.float32(2.0**-126))
    assert fields["scales"].tolist() == [0x7E]
    assert fields["codes"].tolist() == [[7, 0xF] + 13 * [7] + [0]]


@pytest.mark.parametrize(("form", "given", "error", "message"), [
    (NVFormat(E2M1, UE5M3), np.float32(1), ValueError, r"^nvfp4<ue5m3> has no tensor_scale$"),
    (FP4, 1.0, TypeError, r"^tensor_scale must be float32, not float64$"),
    (FP4, np.ones(1, np.float32), ValueError, r"^tensor_scale must have no axes, but has shape "),
    (FP4, np.float32(0), ValueError, r"^tensor_scale must be positive and finite, not 0\.0$"),
    (FP4, np.float32(2.0**-128), ValueError, r"^tensor_scale must have a finite inverse, not ")])
def test_tensor_scales_that_are_refused(form, given, error, message):
    with pytest.raises(error, match=message):
        form.encode(np.ones(16), given)


def test_the_order_of_operations_counts(rng):
    """Blocks whose scale is so near a tie of E4M3 that another order would miss it."""
    found = 0
    for most in rng.uniform(1, 2, 200).astype(np.float32):
        enc = np.float32(448 * 6) / most
        for tie in (17 / 16, 19 / 16, 27 / 16, 31 / 16):
            amax = np.float32(64 * tie * 6) / enc
            values = np.array([most] + 15 * [0] + [amax] + 15 * [0], np.float32)
            other = FP4.scale.encode(amax * (enc / np.float32(6)))
            scales = FP4.encode(values)["scales"].tolist()
            assert scales == exactly(FP4, values)["scales"]
            found += scales[1] != int(other)
    assert found > 20


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_decoding_is_rounded_once(rng, form):
    for values in tensors(rng):
        fields = form.encode(values)
        tensor = Fraction(float(fields.get("tensor_scale", 1)))
        scales = np.repeat(form.scale.decode(fields["scales"]), 16).tolist()
        elements = form.element.decode(fields["codes"]).ravel().tolist()
        got = form.decode(fields)
        assert got.dtype == np.float32
        assert got.tolist() == [nearest_float32(Fraction(e) * Fraction(s) * tensor)
                                for e, s in zip(elements, scales, strict=True)]


@pytest.mark.parametrize("form", [FP4, INT], ids=str)
def test_casts_of_ml_dtypes(rng, form):
    largest = np.float32(6 if form == FP4 else 7)
    for values in rng.normal(size=(50, 4, 16)).astype(np.float32):
        enc = np.float32(448) * largest / np.abs(values).max()
        scales = np.minimum(np.float32(448), np.abs(values).max(axis=-1) / largest * enc)
        scales = scales.astype(ml_dtypes.float8_e4m3fn)
        scaled = values * enc / scales.astype(np.float32)[:, None]
        inside = np.clip(scaled, -largest, largest)
        codes = (inside.astype(ml_dtypes.float4_e2m1fn).view(np.uint8) if form == FP4
                 else np.rint(inside))
        fields = form.encode(values.ravel())
        np.testing.assert_array_equal(fields["scales"], scales.view(np.uint8))
        np.testing.assert_array_equal(fields["codes"], codes)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_round_trips(rng, form):
    values = rng.normal(size=(3, 2, 48)) * 2.0 ** rng.integers(-30, 30, (3, 2, 48))
    fields = form.encode(values)
    packed = form.pack(fields)
    assert packed.shape == (3, 2, 3, 9)
    same(form.unpack(packed, fields.get("tensor_scale")), fields)
    assert form.decode(fields).shape == values.shape


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_zeros_and_no_blocks(form):
    fields = form.encode(np.zeros(32))
    assert not fields["codes"].any()
    assert fields["scales"].tolist() == [0, 0]
    assert fields.get("tensor_scale", 1) == 1
    assert form.decode(fields).tolist() == 32 * [0]
    fields = form.encode(np.zeros((2, 0)))
    assert fields["codes"].shape == (2, 0, 16)
    assert form.decode(fields).shape == (2, 0)
    same(form.unpack(form.pack(fields), fields.get("tensor_scale")), fields)


def test_a_scale_of_zero_makes_plain_zeros():
    """A block below half of the least scale, 2**-10, of its tensor's share."""
    values = np.array([1.0] + 15 * [0] + 16 * [-(2.0**-20)])
    fields = FP4.encode(values)
    assert fields["scales"].tolist() == [0x7E, 0]
    assert fields["codes"][1].tolist() == 16 * [0]
    # Four times as much, and the scale is the least subnormal one.
    values[16:] *= 4
    fields = FP4.encode(values)
    assert fields["scales"].tolist() == [0x7E, 1]
    assert fields["codes"][1].tolist() == 16 * [0xF]


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("value", [1.0, -3.0])
def test_equal_elements(form, value):
    fields = form.encode(np.full(32, value))
    assert (np.abs(form.element.decode(fields["codes"])) == form.largest).all()
    np.testing.assert_allclose(form.decode(fields), value, rtol=2**-4)


@pytest.mark.parametrize("form", [FP4, INT], ids=str)
def test_the_largest_tensors_stay_finite(form):
    value = np.finfo(np.float32).max
    for _ in range(100):
        fields = form.encode(np.full(16, value))
        assert fields["scales"].tolist() == [0x7E]
        np.testing.assert_allclose(form.decode(fields), value, rtol=2**-21)
        value = np.nextafter(value, np.float32(0))


def test_the_smallest_tensors_have_a_normal_scale():
    values = np.full(16, 2.0**-149, np.float32)
    fields = FP4.encode(values)
    assert fields["tensor_scale"] == np.float32(2.0**-126)
    assert fields["scales"].tolist() == [0]
    values = np.full(16, 2.0**-130, np.float32)
    fields = FP4.encode(values)
    assert fields["tensor_scale"] == np.float32(2.0**-126)
    # 2**-130 / 6 is subnormal; times 2**126 the scale of it is 2**-4 / 6.
    assert UE4M3.decode(fields["scales"]).tolist() == [5 * 2.0**-9]
    assert (np.abs(FP4.decode(fields) / values - 1) < 0.2).all()


def test_ue5m3_saturates():
    form = NVFormat(E2M1, UE5M3)
    fields = form.encode(np.array([1e30, -1e30] + 14 * [0.0]))
    assert fields["scales"].tolist() == [0xFE]
    assert form.decode(fields)[:2].tolist() == [6 * 114688, -6 * 114688]


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_not_finite_makes_the_block_nan(form, wrong):
    values = np.ones(48)
    clean = form.encode(values)
    values[20] = wrong
    fields = form.encode(values)
    assert fields["scales"][1] == form.scale.nan
    assert not fields["codes"][1].any()
    reals = form.decode(fields)
    assert np.isnan(reals[16:32]).all()
    np.testing.assert_array_equal(np.delete(reals, slice(16, 32)), form.decode(clean)[:32])


def test_a_large_tensor_scale_may_be_infinite():
    fields = {**FP4.encode(np.ones(16)), "tensor_scale": np.float32(1e38)}
    assert FP4.decode(fields).tolist() == 16 * [np.inf]


@pytest.mark.parametrize(("values", "error", "message"), [
    (np.zeros(17), ValueError, r"^nvfp4 takes runs of 16 elements, but the shape is \(17,\)$"),
    (np.zeros(()), ValueError, r"^nvfp4 takes runs of 16 elements, but the shape is \(\)$"),
    (np.zeros(16, complex), TypeError, r"^values must be real numbers, not complex128$"),
    (np.full(16, 1e39), ValueError, r"^1e\+39 lies outside the range of float32$")])
def test_values_that_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        FP4.encode(values)


CODES, SCALES, TENSOR = np.zeros((2, 16), np.int8), np.zeros(2, np.uint8), np.float32(1)


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"tensor_scale": None}, ValueError, r"^nvint4 has the field 'tensor_scale', but there are "
                                         r"codes, scales$"),
    ({"tensor_scale": np.float64(1)}, TypeError, r"^tensor_scale must be float32, not float64$"),
    ({"tensor_scale": np.ones(2, np.float32)}, ValueError,
     r"^tensor_scale must have no axes, but has shape \(2,\)$"),
    *(({"tensor_scale": np.float32(wrong)}, ValueError,
       r"^tensor_scale must be positive and finite, not ") for wrong in (0, -1, np.inf, np.nan)),
    ({"codes": CODES - 8}, ValueError, r"^codes hold -8, which is no code of nvint4$"),
    ({"codes": CODES + 8}, ValueError, r"^codes\[0, 0\] is 8, but int4 holds -8 to 7$"),
    ({"codes": CODES[0]}, ValueError, r"^field 'codes' of nvint4 must have an axis of blocks"),
    ({"codes": None}, ValueError, r"^nvint4 has the field 'codes', but there are scales, tens"),
    ({"scales": SCALES + 128}, ValueError, r"^scales\[0\] is 128, but ue4m3 holds 0 to 127$"),
    ({"scales": SCALES[:1]}, ValueError, r"^field 'scales' of nvint4 must end in axes \(2,\)")])
def test_fields_that_are_refused(changes, error, message):
    fields = {"codes": CODES, "scales": SCALES, "tensor_scale": TENSOR, **changes}
    fields = {name: array for name, array in fields.items() if array is not None}
    with pytest.raises(error, match=message):
        INT.decode(fields)


def test_bytes_that_are_refused():
    with pytest.raises(TypeError, match=r"^data must be bytes \(uint8\), not int8$"):
        FP4.unpack(np.zeros((1, 9), np.int8))
    with pytest.raises(ValueError, match=r"^a block of nvfp4 has 9 bytes, but the shape is "):
        FP4.unpack(np.zeros(8, np.uint8))
    data = np.zeros((1, 9), np.uint8)
    data[0, 0] = 0x80
    with pytest.raises(ValueError, match=r"^scales\[0\] is 128, but ue4m3 holds 0 to 127$"):
        FP4.unpack(data)
    data[0, :2] = 0, 0x80
    with pytest.raises(ValueError, match=r"^codes hold -8, which is no code of nvint4$"):
        INT.unpack(data)
    with pytest.raises(TypeError, match=r"^tensor_scale must be float32, not float64$"):
        FP4.unpack(data, 1.0)
    with pytest.raises(ValueError, match=r"^nvfp4<ue5m3> has no tensor_scale$"):
        NVFormat(E2M1, UE5M3).unpack(data, TENSOR)
    assert sorted(FP4.unpack(data)) == ["codes", "scales"]


@pytest.mark.parametrize(("arguments", "message"), [
    ((NAMED["e3m2"],), r"^element must be e2m1 or int4, not e3m2$"),
    ((IntFormat(4, signed=False),), r"^element must be e2m1 or int4, not uint4$"),
    ((E2M1, NAMED["e4m3fn"]), r"^scale must be one of ue4m3, ue5m3, not e4m3fn$")])
def test_formats_that_do_not_exist(arguments, message):
    with pytest.raises(ValueError, match=message):
        NVFormat(*arguments)
