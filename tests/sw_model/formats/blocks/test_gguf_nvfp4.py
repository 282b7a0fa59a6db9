"""NVFP4 of GGUF: its scales, its quantiser, its range."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import NAMED
from sw_model.formats.blocks.gguf_nvfp4 import GgufNvfp4Format
from tests.support.gguf_oracle import assert_same_floats, dequantised

NV = GgufNvfp4Format()
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6])


def test_every_byte_of_scale():
    data = np.zeros((256, 36), np.uint8)
    data[:, :4] = np.arange(256)[:, None]
    data[:, 4:] = np.arange(32) * 8
    got = NV.decode(NV.unpack(data)).reshape(256, 64)
    assert_same_floats(got, dequantised(NV, data))
    ones = {"codes": np.full((256, 64), 2), "scales": np.tile(np.arange(256)[:, None], 4)}
    scales = NV.decode(ones).reshape(256, 64)[:, 0]
    wanted = NAMED["ue4m3"].decode(np.arange(127)).astype(np.float32)
    np.testing.assert_array_equal(scales[:127], wanted)
    np.testing.assert_array_equal(scales[128:255], wanted)
    assert (scales[127], scales[255]) == (0, 480)


def plain(x):
    """Round to nearest, the largest magnitude of 16 at 6, by the nearest scale."""
    groups = x.reshape(-1, 16)
    all_scales = NAMED["ue4m3"].decode(np.arange(127))
    wanted = np.abs(groups).max(axis=1) / 6
    scale = all_scales[np.abs(wanted[:, None] - all_scales).argmin(axis=1)][:, None]
    safe = np.where(scale == 0, 1, scale)
    nearest = np.abs(np.abs(groups / safe)[..., None] - E2M1).argmin(axis=-1)
    return (np.sign(groups) * scale * E2M1[nearest]).reshape(x.shape)


def squared(got, wanted):
    return np.square(got.astype(np.float64) - wanted).reshape(-1, 16).sum(axis=-1)


@pytest.mark.parametrize("factor", [1.0, 300.0, 2.0**-9])
def test_no_worse_than_plain_rounding(factor, rng):
    x = (rng.standard_normal((200, 64)) * factor).astype(np.float32).astype(np.float64)
    got, other = squared(NV.decode(NV.encode(x)), x), squared(plain(x), x)
    assert (got <= other).all()
    assert got.sum() < 0.95 * other.sum()


def test_errors_are_bounded(rng):
    """By the plain error of the group: half of the widest step, 1, and the scale's rounding."""
    x = rng.standard_normal((200, 64)).astype(np.float32).astype(np.float64)
    largest = np.abs(x).reshape(-1, 16).max(axis=1)
    worst = np.abs(plain(x) - x).reshape(-1, 16).max(axis=1)
    assert (worst <= largest * (1 + 2**-4) / 6 * 1.01).all()
    got = np.abs(NV.decode(NV.encode(x)) - x).reshape(-1, 16).max(axis=1)
    assert (got <= np.sqrt(squared(plain(x), x))).all()


def test_round_trip(rng):
    data = rng.integers(0, 256, (300, 36), dtype=np.uint8)
    data[:, :4] &= 0x7F
    once = NV.decode(NV.unpack(data))
    np.testing.assert_array_equal(NV.decode(NV.encode(once)), once)


@pytest.mark.parametrize("largest", range(1, 8))
def test_round_trip_whatever_the_largest_magnitude(largest, rng):
    """A scale is found again from any magnitude that is the largest of its 16."""
    codes = rng.integers(0, largest + 1, (100, 1, 64)) + 8 * rng.integers(0, 2, (100, 1, 64))
    codes[..., ::16] = largest
    once = NV.decode({"codes": codes, "scales": rng.integers(1, 127, (100, 1, 4))})
    np.testing.assert_array_equal(NV.decode(NV.encode(once)), once)


def test_edges():
    fields = NV.encode(np.zeros(64))
    assert not fields["codes"].any()
    assert not fields["scales"].any()
    ends = np.tile([2688.0, -2688.0], 32)
    fields = NV.encode(ends)
    assert (fields["scales"] == 0x7E).all()
    np.testing.assert_array_equal(NV.decode(fields), ends)
    smallest = np.tile([2.0**-10, -(2.0**-10)], 32)
    np.testing.assert_array_equal(NV.decode(NV.encode(smallest)), smallest)
    with pytest.raises(ValueError, match=r"^gguf_nvfp4 holds values up to 2688, not 2688\.25$"):
        NV.encode(np.full(64, -2688.25))
