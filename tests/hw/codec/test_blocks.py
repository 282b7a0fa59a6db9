# amaranth: UnusedElaboratable=no
"""Packed blocks of MX, NVFP4 and BFP to their codes."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.blocks import BlockUnpacker
from sw_model.formats import IntFormat
from sw_model.formats.blocks import parse_block_format
from tests.support.probe import probe

FORMATS = ["mx<e2m1>", "mx<e2m3>", "mx<e3m2>", "mx<e4m3fn>", "mx<e4m3fn,16>", "mx<e5m2>",
           "mxint8<asymmetric>", "mxint8", "nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>",
           "bfp<8,32>", "bfp<5,7>", "bfp<2,3>", "bfp<16,8>", "mx<e2m3,1>"]

#: Formats whose scales, UE4M3, leave a bit of their byte.
SEVEN_BITS = ("nvfp4", "nvint4")


def random_blocks(form, rng):
    """Codes that the format has, every scale, and the packed bytes."""
    element, count = form.element, 256
    # Only asymmetric blocks have the most negative integer.
    low = element.min + (element.min < 0 and "asymmetric" not in str(form))
    codes = rng.integers(low, element.max + 1, (count, form.size))
    codes[0], codes[1] = low, element.max
    scales = np.arange(count) % (128 if str(form) in SEVEN_BITS else 256)
    fields = {"codes": codes, "scales": scales.astype(np.uint8)}
    return codes, scales, form.pack(fields)


def zeros(form, code):
    return {"codes": np.full((1, form.size), code), "scales": np.zeros(1, np.uint8)}


def test_random_blocks(need, rng, tmp_path):
    need("verilator")
    forms = [parse_block_format(text) for text in FORMATS]
    cases = [random_blocks(form, rng) for form in forms]
    found = probe([BlockUnpacker(form) for form in forms], [packed for *_, packed in cases],
                  tmp_path / "build")
    for form, (codes, scales, _), fields in zip(forms, cases, found, strict=True):
        np.testing.assert_array_equal(fields["o"]["codes"], codes, str(form))
        np.testing.assert_array_equal(fields["o"]["scales"], scales, str(form))
        assert not fields["illegal"].any()


def test_bits_that_fill_up_must_be_zero(need, tmp_path):
    need("verilator")
    form = parse_block_format("bfp<5,7>")
    packed = np.repeat(form.pack(zeros(form, 0))[0][None], 6, axis=0)
    packed[1:, -1] = 1 << np.arange(3, 8)
    (found,) = probe([BlockUnpacker(form)], [packed], tmp_path / "build")
    assert found["illegal"].tolist() == [0, 1, 1, 1, 1, 1]
    form.unpack(packed[:1])
    for block in packed[1:]:
        with pytest.raises(ValueError, match=r"^the last 5 bits behind 7 codes of 5 bits "
                                             r"must be zero$"):
            form.unpack(block[None])


def refused(form, block):
    try:
        form.unpack(block[None])
    except ValueError:
        return True
    return False


def test_illegal_is_what_the_golden_model_refuses(need, rng, tmp_path):
    """Of random bytes, and of one code alone that is the most negative."""
    need("verilator")
    forms = [parse_block_format(text) for text in FORMATS]
    data = []
    for form in forms:
        alone = 1 << 8 + form.element.width * form.size - 1
        data.append(np.concatenate([
            np.frombuffer(alone.to_bytes(form.block_bytes, "little"), np.uint8)[None],
            rng.integers(0, 256, (200, form.block_bytes), dtype=np.uint8)]))
    found = probe([BlockUnpacker(form) for form in forms], data, tmp_path / "build")
    some = []
    for form, blocks, fields in zip(forms, data, found, strict=True):
        expected = [refused(form, block) for block in blocks]
        assert fields["illegal"].tolist() == expected, str(form)
        some += [str(form)] * (any(expected) and not all(expected))
    assert some == ["mxint8", "nvfp4", "nvint4", "nvint4<ue5m3>", "bfp<8,32>", "bfp<5,7>",
                    "bfp<2,3>", "bfp<16,8>", "mx<e2m3,1>"]


def test_another_format():
    with pytest.raises(TypeError, match=r"^format_ must be a BFPFormat, .*, not IntFormat"):
        BlockUnpacker(IntFormat(8))
