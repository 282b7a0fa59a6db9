# amaranth: UnusedElaboratable=no
"""Every GGUF block: random ones, and those of equal bits."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.gguf import BLOCKS, GgufUnpacker
from sw_model.formats import IntFormat
from sw_model.formats.blocks.gguf import GGUF_FORMATS
from tests.support.probe import probe

SHARED = ("scales", "minima", "d", "dmin")


def test_every_format_has_one():
    assert set(BLOCKS) == {*GGUF_FORMATS, "stq1_0"}


def test_random_blocks(need, rng, tmp_path):
    need("verilator")
    forms = [block.form for block in BLOCKS.values()]
    data = [np.concatenate([np.zeros((1, form.block_bytes), np.uint8),
                            np.full((1, form.block_bytes), 255, np.uint8),
                            rng.integers(0, 256, (200, form.block_bytes), dtype=np.uint8)])
            for form in forms]
    found = probe([GgufUnpacker(form) for form in forms], data, tmp_path / "build")
    for form, blocks, fields in zip(forms, data, found, strict=True):
        expected = form.unpack(blocks)
        assert set(fields["o"]) == {"elements", *(set(expected) & set(SHARED))}
        np.testing.assert_array_equal(fields["o"]["elements"],
                                      form.element.to_fixed(expected["codes"]), str(form))
        for name in set(expected) & set(SHARED):
            np.testing.assert_array_equal(fields["o"][name], expected[name], f"{form} {name}")


def test_another_format():
    with pytest.raises(TypeError, match=r"^format_ must be one of q4_0, .*, not IntFormat"):
        GgufUnpacker(IntFormat(8))
