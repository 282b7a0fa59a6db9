"""All GGUF blocks: what the gguf package says, and what all of them refuse."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.gguf import GGUF_FORMATS
from tests.support.gguf_oracle import assert_same_floats, dequantised, quantised

EVERY = list(GGUF_FORMATS.values())
PACKED_BY_GGUF = [GGUF_FORMATS[name] for name in
                  ("q4_0", "q4_1", "q8_0", "tq1_0", "tq2_0", "gguf_mxfp4")]

#: Of the worked blocks: eight values and zeros.
WORKED = np.array([.3, -1.7, 5, .02, 2.6, -.9, 6.2, 1.1] + [0] * 24)

#: Where the FP16 scales of a block lie.
HALVES = {"q4_0": [0], "q4_1": [0, 2], "q8_0": [0], "q4_k": [0, 2], "q6_k": [208], "iq4_nl": [0],
          "tq1_0": [52], "tq2_0": [64]}

SIZES = {"q4_0": (32, 18, 4.5), "q4_1": (32, 20, 5.0), "q8_0": (32, 34, 8.5),
         "q4_k": (256, 144, 4.5), "q6_k": (256, 210, 6.5625), "iq4_nl": (32, 18, 4.5),
         "gguf_mxfp4": (32, 17, 4.25), "gguf_nvfp4": (64, 36, 4.5), "tq1_0": (256, 54, 1.6875),
         "tq2_0": (256, 66, 2.0625)}


def random_blocks(form, rng, count=200):
    return rng.integers(0, 256, (count, form.block_bytes), dtype=np.uint8)


def same(one, other):
    assert sorted(one) == sorted(other)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


def test_names_and_sizes():
    assert list(GGUF_FORMATS) == [str(form) for form in EVERY]
    assert {str(f): (f.size, f.block_bytes, f.bits) for f in EVERY} == SIZES


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_value_objects(form):
    assert form == type(form)()
    assert hash(form) == hash(type(form)())
    assert form != next(other for other in EVERY if other is not form)
    with pytest.raises(AttributeError):
        form.colour = 1


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_random_bytes_decode_as_gguf_says(form, rng):
    data = random_blocks(form, rng)
    assert_same_floats(form.decode(form.unpack(data)).reshape(200, form.size),
                       dequantised(form, data))


@pytest.mark.parametrize("half", [0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFFFF, 0x0001, 0x8001, 0x0000,
                                  0x8000, 0x03FF, 0x7BFF, 0xFBFF], ids=hex)
@pytest.mark.parametrize("name", HALVES)
def test_special_scales(name, half, rng):
    """Infinities, NaN, subnormals, zeros and the largest, each in each FP16 of a block."""
    form = GGUF_FORMATS[name]
    for place in HALVES[name]:
        data = random_blocks(form, rng, 20)
        data[:, place:place + 2] = half & 255, half >> 8
        fields = form.unpack(data)
        assert any((array == half).all() for array in fields.values() if array.ndim == 1)
        got = form.decode(fields).reshape(20, form.size)
        assert_same_floats(got, dequantised(form, data))
        if half in (0x7C01, 0x7E00, 0xFFFF):
            assert np.isnan(got).all()
        elif half in (0x7C00, 0xFC00):
            assert not np.isfinite(got).all()


@pytest.mark.parametrize("form", [f for f in EVERY if str(f) != "tq1_0"], ids=str)
def test_pack_is_the_inverse_of_unpack(form, rng):
    data = random_blocks(form, rng)
    np.testing.assert_array_equal(form.pack(form.unpack(data)), data)


@pytest.mark.parametrize("form", PACKED_BY_GGUF, ids=str)
def test_random_blocks_pack_as_gguf_says(form, rng):
    """More than 100,000 values of each."""
    count = max(500, 102_400 // form.size)
    values = rng.standard_normal((count, form.size)).astype(np.float32)
    values *= np.float32(2) ** rng.integers(-8, 8, (count, 1))
    got = form.pack(form.encode(values)).reshape(count, form.block_bytes)
    np.testing.assert_array_equal(got, quantised(form, values))


@pytest.mark.parametrize("form", PACKED_BY_GGUF, ids=str)
def test_edge_blocks_pack_as_gguf_says(form, rng):
    size = form.size
    grid = rng.integers(-8, 9, (50, size)) / 4.0
    halves = rng.integers(-127, 128, (50, size)) / 2.0
    halves[:, 0] = 127
    one = np.zeros((2, size))
    one[0, 5], one[1, size - 1] = 3.5, -2.25
    edges = np.concatenate([
        np.zeros((1, size)), np.full((1, size), -0.0), np.full((1, size), 1.5),
        np.full((1, size), -0.75), one, np.tile([[1.0, -1.0]], (1, size // 2)),
        np.tile([[-1.0, 1.0]], (1, size // 2)), np.full((1, size), 60000.0), grid, halves])
    got = form.pack(form.encode(edges)).reshape(-1, form.block_bytes)
    np.testing.assert_array_equal(got, quantised(form, edges))


def test_worked_bytes():
    """Vectors of the reference: Q4_0, Q4_1 and Q8_0 of one block, and MXFP4 of another."""
    for name, wanted in (
            ("q4_0", "33ba888a8288858980878888888888888888"),
            ("q4_1", "3738cdbe34303d3338323f353333333333333333"),
            ("q8_0", "402a06dd660035ee7f17" + "00" * 24)):
        form = GGUF_FORMATS[name]
        data = form.pack(form.encode(WORKED))
        assert data.tobytes().hex() == wanted
        same(form.unpack(data), form.encode(WORKED))
    other = WORKED.copy()
    other[6] = 7.9
    form = GGUF_FORMATS["gguf_mxfp4"]
    fields = form.encode(other)
    assert form.pack(fields).tobytes().hex() == "7f010b0600050a07020000000000000000"
    assert form.decode(fields)[:8].tolist() == [.5, -1.5, 4, 0, 3, -1, 6, 1]


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_shapes(form, rng):
    """Leading axes stay; tensors without elements have no blocks."""
    values = rng.standard_normal((2, 3, 2 * form.size))
    fields = form.encode(values)
    assert fields["codes"].shape == (2, 3, 2, form.size)
    data = form.pack(fields)
    assert data.shape == (2, 3, 2, form.block_bytes)
    assert data.dtype == np.uint8
    same(form.unpack(data), fields)
    decoded = form.decode(fields)
    assert decoded.shape == values.shape
    alone = form.decode(form.encode(values[1, 2]))
    np.testing.assert_array_equal(alone, decoded[1, 2])
    for empty in ((0,), (0, form.size), (3, 0)):
        nothing = form.encode(np.zeros(empty))
        assert form.decode(nothing).shape == empty
        assert form.pack(nothing).shape == (*empty[:-1], empty[-1] // form.size, form.block_bytes)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_integers_and_lists_are_taken(form):
    whole = [k % 5 - 2 for k in range(form.size)]
    same(form.encode(whole), form.encode(np.array(whole, np.float16)))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_values_are_rounded_to_float32_first(form, rng):
    values = rng.standard_normal((20, form.size))
    same(form.encode(values), form.encode(values.astype(np.float32)))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_wrong_values(form):
    with pytest.raises(ValueError, match=r"takes runs of \d+ elements, but the shape is \(31,\)$"):
        form.encode(np.zeros(31))
    with pytest.raises(ValueError, match=r"takes runs of \d+ elements, but the shape is \(\)$"):
        form.encode(1.0)
    with pytest.raises(TypeError, match=r"^values must be real numbers, not complex128$"):
        form.encode(np.zeros(form.size, complex))
    for value, shown in ((np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"), (1e39, r"1e\+39")):
        wrong = np.zeros(form.size)
        wrong[7] = value
        with pytest.raises(ValueError, match=rf"^{form} takes finite numbers of float32, not "
                                             rf"{shown}$"):
            form.encode(wrong)


@pytest.mark.parametrize("name", HALVES)
def test_scales_beyond_fp16_are_refused(name):
    form = GGUF_FORMATS[name]
    values = np.zeros(form.size)
    values[3], values[4] = 3e38, -3e38
    with pytest.raises(ValueError, match=rf"^{name} has scales of FP16, at most 65504, but these "
                                         r"values need (\d.*e\+3\d|inf)$"):
        form.encode(values)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_the_smallest_numbers_become_zero(form):
    """Those of float32, whose reciprocals are infinite; so does what FP16 does not reach."""
    for value in (1e-45, -1e-45, 2e-39, 1e-30):
        fields = form.encode(np.full(form.size, value))
        decoded = form.decode(fields)
        if str(form) == "gguf_mxfp4":  # its scales reach nearly as far as float32
            assert (np.abs(decoded - value) <= max(abs(value) / 4, 2.0**-129)).all()
        else:
            assert not decoded.any()


@pytest.mark.parametrize("exponent", [-149, -147, -146, -126, -125, -124])
def test_exception_q4_0_of_the_smallest_numbers(exponent):
    """Up to ``2**-125`` gguf's ``1 / d`` is infinite, unless ``d`` is 0: no zero has code 8.

    The scale is zero as FP16, so what is decoded is zero either way.
    """
    form = GGUF_FORMATS["q4_0"]
    values = np.zeros((1, 32), np.float32)
    values[0, 3] = np.ldexp(np.float32(1), exponent)
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = form.unpack(quantised(form, values))
    ours = form.encode(values[0])
    assert ours["scales"].tolist() == theirs["scales"].tolist() == [0x8000]
    assert (ours["codes"][0, 4:] == 8).all()
    assert (theirs["codes"][0, 4:] == 8).all() == (not -146 <= exponent <= -125)


@pytest.mark.parametrize("exponent", [-149, -140, -128, -126, -125])
def test_exception_mxfp4_of_the_smallest_numbers(exponent):
    """Below ``2**-125`` gguf's scale wraps round and leaves zero; here it is the least, 0."""
    form = GGUF_FORMATS["gguf_mxfp4"]
    values = np.zeros((1, 32), np.float32)
    values[0, 3] = np.ldexp(np.float32(1), exponent)
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = quantised(form, values)
    assert theirs[0, 0] == (exponent + 125) % 256
    fields = form.encode(values[0])
    assert fields["scales"].tolist() == [0]
    assert form.decode(fields)[3] == (values[0, 3] if exponent >= -128 else 0)
    assert dequantised(form, theirs)[0, 3] == (values[0, 3] if exponent == -125 else 0)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_wrong_bytes(form):
    with pytest.raises(TypeError, match=r"^data must be bytes \(uint8\), not int64$"):
        form.unpack(np.zeros(form.block_bytes, np.int64))
    for shape in ((form.block_bytes - 1,), (form.block_bytes, 1), ()):
        with pytest.raises(ValueError, match=rf"^a block of {form} has {form.block_bytes} bytes"):
            form.unpack(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match=rf"^data of {form} must have an axis of blocks, but"):
        form.unpack(np.zeros(form.block_bytes, np.uint8))


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("use", ["decode", "pack"])
def test_wrong_fields(form, use):
    method = getattr(form, use)
    good = dict(form.encode(np.zeros((2, form.size))))
    for name, array in good.items():
        with pytest.raises(ValueError, match=rf"^{form} has the field '{name}', but there are"):
            method({key: field for key, field in good.items() if key != name})
        with pytest.raises(ValueError, match=rf"^field '{name}' of {form} must "):
            method({**good, name: array[:1] if name != "codes" else array[..., 1:]})
        with pytest.raises(TypeError, match=rf"^{name} must hold integers"):
            method({**good, name: array.astype(float)})
        with pytest.raises(ValueError, match=rf"^{name}\[.*\] is 70000, but"):
            method({**good, name: np.full(array.shape, 70000)})
        with pytest.raises(ValueError, match=rf"^{name}\[.*\] is -200, but"):
            method({**good, name: np.full(array.shape, -200)})
    with pytest.raises(ValueError, match=r"must have an axis of blocks, but has shape"):
        method({**good, "codes": good["codes"][0, 0]})
