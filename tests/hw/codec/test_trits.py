# amaranth: UnusedElaboratable=no
"""Ternary weights in bytes: every byte, and every five weights."""

from __future__ import annotations

import itertools

import numpy as np

from hw.codec.trits import TritPacker, TritPairUnpacker, TritUnpacker
from sw_model.formats.blocks.gguf import TQ2_0Format
from sw_model.formats.blocks.gguf_ternary import split_trits
from sw_model.formats.packing import pack_trits, unpack_trits
from tests.support.probe import probe


def test_every_byte_and_every_five(need, tmp_path):
    need("verilator")
    every = np.arange(256, dtype=np.uint8)
    patterns = np.arange(1 << 10)
    fives = patterns[:, None] >> np.arange(0, 10, 2) & 3
    fives -= fives >> 1 << 2
    found = probe([TritUnpacker(), TritPairUnpacker(), TritPacker()], [every, every, patterns],
                  tmp_path / "build")

    np.testing.assert_array_equal(found[0]["o"], split_trits(every, 5).T.astype(int) - 1)
    packed = pack_trits(np.array(list(itertools.product((-1, 0, 1), repeat=5))))[:, 0]
    assert len(set(packed.tolist())) == 243
    np.testing.assert_array_equal(found[0]["o"][packed], unpack_trits(packed[:, None], 5))

    form = TQ2_0Format()
    blocks = np.zeros((256, form.block_bytes), np.uint8)
    blocks[:, 0] = every
    codes = form.unpack(blocks)["codes"][:, 0:128:32]
    np.testing.assert_array_equal(found[1]["o"], form.element.to_fixed(codes))

    illegal = (fives == -2).any(axis=-1)
    np.testing.assert_array_equal(found[2]["illegal"], illegal)
    assert (~illegal).sum() == 243
    np.testing.assert_array_equal(found[2]["o"][~illegal], pack_trits(fives[~illegal])[:, 0])
