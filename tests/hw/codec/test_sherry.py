# amaranth: UnusedElaboratable=no
"""Sherry's 32 codes, and everything that four lanes can hold."""

from __future__ import annotations

import numpy as np

from hw.codec.sherry import SherryPacker, SherryUnpacker
from sw_model.formats.blocks.sherry import join_four, split_four
from tests.support.probe import probe


def test_every_code_and_every_four(need, tmp_path):
    need("verilator")
    codes, patterns = np.arange(32), np.arange(256)
    fours = patterns[:, None] >> np.arange(0, 8, 2) & 3
    fours -= fours >> 1 << 2
    unpacked, packed = probe([SherryUnpacker(), SherryPacker()], [codes, patterns],
                             tmp_path / "build")
    np.testing.assert_array_equal(unpacked["o"], split_four(codes.astype(np.uint8)))

    legal = ((fours == 0).sum(axis=-1) == 1) & (fours != -2).all(axis=-1)
    assert legal.sum() == 32
    np.testing.assert_array_equal(packed["illegal"], ~legal)
    np.testing.assert_array_equal(packed["o"][legal], join_four(fours[legal]))
