# amaranth: UnusedElaboratable=no
"""FP6's planes: many groups of four codes, in both orders."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.fp6 import Fp6Packer, Fp6Unpacker
from sw_model.formats.packing import Order, fp6_as_fp16, split_fp6
from tests.support.probe import probe


def test_groups_of_four(need, rng, tmp_path):
    need("verilator")
    words = np.concatenate([np.array([0, (1 << 24) - 1]), 1 << np.arange(24),
                            rng.integers(0, 1 << 24, 100_000)])
    codes = words[:, None] >> np.arange(0, 24, 6) & 63
    planes = {}
    for order in Order:
        upper, lower = (plane.astype(np.int64) for plane in split_fp6(codes, order))
        planes[order] = upper[:, 0] | upper[:, 1] << 8, lower[:, 0]
    found = probe(
        [*map(Fp6Unpacker, Order), *map(Fp6Packer, Order)],
        [*(upper | lower << 16 for upper, lower in planes.values()), words, words],
        tmp_path / "build")
    for k, order in enumerate(Order):
        np.testing.assert_array_equal(found[k]["o"], codes, str(order))
        np.testing.assert_array_equal(found[k]["halves"], fp6_as_fp16(codes), str(order))
        packed, (upper, lower) = found[2 + k]["o"], planes[order]
        np.testing.assert_array_equal(packed["upper"], upper, str(order))
        np.testing.assert_array_equal(packed["lower"], lower, str(order))


@pytest.mark.parametrize("make", [Fp6Unpacker, Fp6Packer])
def test_another_order(make):
    with pytest.raises(TypeError, match=r"^order must be an Order, not 'low_first'$"):
        make("low_first")
