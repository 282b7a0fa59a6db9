"""What no block format takes, and what each makes of NaN, infinities and very large values."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks import parse_block_format

#: Blocks that hold NaN as a whole, and saturate.
WITH_NAN = ("mx<e2m1>", "mx<e4m3fn>", "mx<e5m2,16>", "mxint8", "mxint8<asymmetric>", "bfp<8,32>")
#: Those of NVIDIA, whose values are float32.
NVIDIA = ("nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>")
#: Those that refuse both.
FINITE = ("q4_0", "q4_1", "q8_0", "q4_k", "q6_k", "iq4_nl", "gguf_mxfp4", "gguf_nvfp4", "tq1_0",
          "tq2_0", "stq1_0", "sherry<32>", "bitmod<3,8>", "bitmod<4,128>", "olive<int4>",
          "olive<flint4>", "olive<int8>")
TEXTS = [*WITH_NAN, *NVIDIA, *FINITE]

#: Fields that belong to a tensor, and so to no packed block.
BESIDE = {"tensor_scale", "channel"}


def with_one(form, value):
    """Two blocks, of which the first holds the value."""
    values = np.tile(np.linspace(-1, 1, form.size), 2)
    values[0] = value
    return values


def fields_of(form):
    return dict(form.encode(np.linspace(-1, 1, 3 * form.size)[None]))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinities(text, value):
    form = parse_block_format(text)
    if text in FINITE:
        with pytest.raises(ValueError, match=r"takes finite numbers of float32, not -?(nan|inf)$"):
            form.encode(with_one(form, value))
        return
    decoded = form.decode(form.encode(with_one(form, value)))
    assert np.isnan(decoded[:form.size]).all()
    assert np.isfinite(decoded[form.size:]).all()


@pytest.mark.parametrize("text", TEXTS)
def test_values_beyond_every_scale(text):
    """Saturated by scales that are powers of two, else refused."""
    form = parse_block_format(text)
    if text in WITH_NAN:
        decoded = form.decode(form.encode(with_one(form, 1e300)))
        assert np.isfinite(decoded).all()
        assert decoded[0] == form.largest * 2.0 ** 127 * (4 / 3 if "fpquant" in text else 1)
        return
    with pytest.raises(ValueError, match=r"float32"):
        form.encode(with_one(form, 1e300))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["<U1", complex, object])
def test_what_is_no_real_number(text, kind):
    form = parse_block_format(text)
    with pytest.raises(TypeError, match="must be real numbers"):
        form.encode(np.zeros(form.size).astype(kind))


@pytest.mark.parametrize("text", TEXTS)
def test_runs_that_are_no_blocks(text):
    form = parse_block_format(text)
    for shape in ((form.size + 1,), (2, form.size - 1), ()):
        with pytest.raises(ValueError, match=rf"takes runs of {form.size} elements"):
            form.encode(np.zeros(shape))
    empty = form.encode(np.zeros((2, 0)))
    assert form.decode(empty).shape == (2, 0)
    assert form.pack(empty).shape == (2, 0, form.block_bytes)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("method", ["decode", "pack"])
def test_fields_that_are_none(text, method):
    """Missing, of another shape, without an axis of blocks, no integers, out of range."""
    form = parse_block_format(text)
    good = fields_of(form)
    call = getattr(form, method)
    for name, array in good.items():
        if method == "pack" and name in BESIDE:
            call({**good, name: None})
            continue
        with pytest.raises(ValueError, match=f"has the field '{name}', but there are "):
            call({other: field for other, field in good.items() if other != name})
        wrong_shapes = [array.ravel()[:1] if array.size > 1 else array.reshape(1, 1)]
        wrong_shapes += [array[..., :-1], array.ravel()[0]] if array.ndim else []
        for wrong in wrong_shapes:
            with pytest.raises(ValueError, match="shape"):
                call({**good, name: wrong})
        if array.dtype.kind == "f":
            with pytest.raises(TypeError, match=f"{name} must be float32, not float64"):
                call({**good, name: array.astype(np.float64)})
            continue
        with pytest.raises(TypeError, match=f"{name} must hold integers for .*, not float64"):
            call({**good, name: array + 0.5})
        for wrong in (2**20, -2**20):
            broken = array.astype(np.int64)
            broken[(0,) * array.ndim] = wrong
            with pytest.raises(ValueError, match=f"{wrong}"):
                call({**good, name: broken})


@pytest.mark.parametrize("text", TEXTS)
def test_bytes_that_are_none(text):
    form = parse_block_format(text)
    data = form.pack(fields_of(form))
    for wrong in (data.astype(np.int64), data.tolist(), data.astype(np.float64)):
        with pytest.raises(TypeError, match=r"^data must be bytes \(uint8\), not "):
            form.unpack(wrong)
    for wrong in (data[..., :-1], np.concatenate([data, data], axis=-1), np.uint8(0)):
        with pytest.raises(ValueError, match=rf"^a block of .* has {form.block_bytes} bytes"):
            form.unpack(wrong)
    with pytest.raises(ValueError, match=r"axis of blocks|shape"):
        form.unpack(data[0, 0])
    assert form.unpack(data[:0])["codes"].shape == (0, 3, form.size)
