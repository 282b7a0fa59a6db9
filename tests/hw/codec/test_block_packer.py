# amaranth: UnusedElaboratable=no
"""Every block format's packer: blocks as they are encoded, any patterns, and one wrong code."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Shape
from amaranth.lib.data import ArrayLayout

from hw.codec.block_packer import BlockPacker, fields_layout
from sw_model.formats import IntFormat
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.gguf import GGUF_FORMATS
from tests.support.layouts import words_of
from tests.support.probe import probe

#: Formats that hold whatever their fields' bits can, and those that do not.
FULL = ["mx<e3m2>", "nvfp4<ue5m3>", "q4_0", "q4_1", "q8_0", "q4_k", "q6_k", "iq4_nl", "gguf_mxfp4",
        "gguf_nvfp4", "tq2_0", "bitmod<4,32>", "bitmod<3,5>"]
PARTIAL = ["mxint8", "nvfp4", "nvint4", "bfp<5,7>", "tq1_0", "stq1_0", "sherry<32>"]

#: The same of other elements and sizes.
MORE_FULL = ["mx<e2m1>", "mx<e2m3>", "mx<e4m3fn,16>", "mx<e5m2>", "mxint8<asymmetric>",
             "bitmod<3,128>"]
MORE_PARTIAL = ["nvint4<ue5m3>", "bfp<8,32>", "bfp<16,3>", "sherry<128>"]

#: Blocks of each kind that are tried.
COUNT = 200


def layouts(form):
    """The fields' element shapes and lengths, None for those without an axis."""
    for name, field in fields_layout(form):
        array = isinstance(field.shape, ArrayLayout)
        yield (name, Shape.cast(field.shape.elem_shape if array else field.shape),
               field.shape.length if array else None)


def any_patterns(form, rng):
    """Fields of random bits, but first of zeros, of ones, and of a one on top of zeros."""
    fields = {}
    for name, shape, length in layouts(form):
        size = (COUNT,) if length is None else (COUNT, length)
        numbers = rng.integers(0, 1 << shape.width, size)
        numbers[0], numbers[1], numbers[2] = 0, (1 << shape.width) - 1, 1 << shape.width - 1
        fields[name] = numbers - ((numbers >> shape.width - 1 << shape.width)
                                  if shape.signed else 0)
    return fields


def encoded(form, rng):
    """Fields of random reals, those of a block in a row; what belongs to the tensor apart."""
    reals = rng.normal(0, 0.1, (COUNT, form.size)).astype(np.float32)
    reals[0], reals[1], reals[2, 1:] = 0, 0.25, 0
    fields = form.encode(reals)
    return {name: fields[name].reshape(COUNT, *([] if length is None else [length]))
            for name, _, length in layouts(form)}


def one_changed(form, fields, rng):
    """The same, but for one number of each."""
    random = any_patterns(form, rng)
    changed = {name: array.astype(np.int64) for name, array in fields.items()}
    names = list(changed)
    for row in range(COUNT):
        name = names[row % len(names)]
        place = row if changed[name].ndim == 1 else (row, rng.integers(changed[name].shape[1]))
        changed[name][place] = random[name][place]
    return changed


def packed(form, fields, row):
    """The golden model's word, None for what it refuses."""
    block = {name: array[row:row + 1] for name, array in fields.items()}
    try:
        return int.from_bytes(form.pack(block).tobytes(), "little")
    except ValueError:
        return None


@pytest.mark.parametrize(("full", "partial"), [
    (FULL, PARTIAL), pytest.param(MORE_FULL, MORE_PARTIAL, marks=pytest.mark.full)],
    ids=["all kinds", "more"])
def test_equals_the_golden_model(need, rng, tmp_path, full, partial):
    need("verilator")
    full, partial = ([parse_block_format(text) for text in texts] for texts in (full, partial))
    forms, given = full + partial, []
    for form in forms:
        legal = encoded(form, rng)
        parts = [legal, any_patterns(form, rng), one_changed(form, legal, rng)]
        given.append({name: np.concatenate([part[name] for part in parts]) for name in legal})
    found = probe([BlockPacker(form) for form in forms],
                  [words_of(fields_layout(form), fields)
                   for form, fields in zip(forms, given, strict=True)], tmp_path / "build")
    for form, fields, seen in zip(forms, given, found, strict=True):
        expected = [packed(form, fields, row) for row in range(3 * COUNT)]
        refused = [word is None for word in expected]
        assert seen["illegal"].tolist() == refused, str(form)
        assert not any(refused[:COUNT])
        assert any(refused) == (form in partial), str(form)
        for row, word in enumerate(expected):
            assert word is None or int(seen["o"][row]) == word, f"{form}, row {row}"


def test_every_gguf_format_has_a_packer():
    assert set(GGUF_FORMATS) <= {*FULL, *PARTIAL}


@pytest.mark.parametrize("text", ["olive<int4>", "olive<flint4>", "olive<int8>"])
def test_every_pair(need, tmp_path, text):
    need("verilator")
    form = parse_block_format(text)
    width = form.normal.width
    codes = np.stack(np.divmod(np.arange(1 << 2 * width), 1 << width), axis=-1)
    (found,) = probe([BlockPacker(form)], [words_of(fields_layout(form), {"codes": codes})],
                     tmp_path / "build")
    beside_victim = (codes[:, ::-1] == form.identifier) & (codes == 0)
    illegal = beside_victim.any(axis=-1)
    assert illegal.sum() == 2
    np.testing.assert_array_equal(found["illegal"], illegal)
    for pair in codes[illegal]:
        with pytest.raises(ValueError, match="is no pair"):
            form.pack({"codes": pair[None]})
    data = form.pack({"codes": codes[~illegal]}).astype(int)
    np.testing.assert_array_equal(found["o"][~illegal], data @ (1 << 8 * np.arange(data.shape[1])))


def test_every_five_and_four_trits(need, tmp_path):
    need("verilator")
    form = parse_block_format("tq1_0")
    digits = np.array(list(np.ndindex(*[3] * 5)))
    # Bytes 0 to 31 have the digits that lie 32 apart, 32 to 47 those 16 apart, the rest four.
    codes = np.concatenate([np.repeat(part, times, axis=1) for part, times in (
        (digits, 32), (digits[::-1], 16), (digits[:, 1:], 4))], axis=1)
    fields = {"codes": codes, "scales": np.arange(len(codes))}
    (found,) = probe([BlockPacker(form)], [words_of(fields_layout(form), fields)],
                     tmp_path / "build")
    assert not found["illegal"].any()
    assert [int(word) for word in found["o"]] == [packed(form, fields, row)
                                                  for row in range(len(codes))]


def test_another_format():
    with pytest.raises(TypeError, match=r"^format_ must be a format of blocks with hardware, not "
                                        r"IntFormat"):
        BlockPacker(IntFormat(8))
