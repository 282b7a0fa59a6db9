# amaranth: UnusedElaboratable=no
"""Every pair of OliVe's, and every bias."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.olive import OliveFixedUnpacker, OliveUnpacker
from sw_model.formats import IntFormat
from sw_model.formats.blocks.olive import OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from tests.support.probe import probe

FORMATS = [*(OliveFormat(normal) for normal in Normal),
           *(OliveFormat(normal, bias) for normal in (Normal.INT4, Normal.FLINT4)
             for bias in (0, 1, 8)),
           OliveFormat(Normal.INT8, 0)]


def pairs(form):
    """Every pair's codes and its packed pattern."""
    width = form.normal.width
    patterns = np.arange(1 << 2 * width)
    low, high = patterns & ((1 << width) - 1), patterns >> width
    return patterns, np.stack([low, high] if width == 8 else [high, low], axis=-1)


def legal(form, codes):
    """Pairs that the golden model packs: no victim stands beside a magnitude of zero."""
    victim = codes == form.identifier
    return ~(victim[:, ::-1] & (codes == 0)).any(axis=-1)


def test_every_pair(need, tmp_path):
    need("verilator")
    components = [kind(form) for form in FORMATS for kind in (OliveUnpacker, OliveFixedUnpacker)]
    found = probe(components, [pairs(each.format)[0] for each in components], tmp_path / "build")
    for k, form in enumerate(FORMATS):
        patterns, codes = pairs(form)
        good = legal(form, codes)
        packed = form.pack({"codes": codes[good]}).reshape(-1, form.block_bytes).astype(int)
        np.testing.assert_array_equal(packed @ (1 << 8 * np.arange(form.block_bytes)),
                                      patterns[good], str(form))
        exponents, integers = form.split(codes[good])
        parts, fixed = found[2 * k:2 * k + 2]
        np.testing.assert_array_equal(parts["exponents"][good], exponents, str(form))
        np.testing.assert_array_equal(parts["integers"][good], integers, str(form))
        np.testing.assert_array_equal(fixed["o"][good], integers << exponents, str(form))
        for each in (parts, fixed):
            np.testing.assert_array_equal(each["illegal"], ~good, str(form))
        with pytest.raises(ValueError, match="is no pair"):
            form.split(codes[~good][0])


def test_another_type():
    with pytest.raises(TypeError, match=r"^format_ must be an OliveFormat, not IntFormat"):
        OliveUnpacker(IntFormat(4))
