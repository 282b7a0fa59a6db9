"""Nibbles, halves and reciprocals of GGUF blocks."""

from __future__ import annotations

import numpy as np

from sw_model.formats import NAMED
from sw_model.formats.blocks.gguf_base import (
    inverse,
    join_nibbles,
    read_halves,
    real_halves,
    split_nibbles,
    write_halves,
)


def test_every_half(rng):
    patterns = np.arange(1 << 16, dtype=np.uint16)
    np.testing.assert_array_equal(real_halves(patterns), NAMED["fp16"].decode(patterns))
    data = write_halves(patterns[:, None])
    assert data.shape == (1 << 16, 2)
    assert data[0x1234].tolist() == [0x34, 0x12]
    np.testing.assert_array_equal(read_halves(data), patterns)
    assert write_halves(np.array([[0x1234, 0xABCD]])).tolist() == [[0x34, 0x12, 0xCD, 0xAB]]


def test_nibbles(rng):
    codes = np.arange(8)
    assert join_nibbles(codes, 8).tolist() == [0x40, 0x51, 0x62, 0x73]
    assert join_nibbles(codes, 4).tolist() == [0x20, 0x31, 0x64, 0x75]
    assert join_nibbles(codes, 2).tolist() == [0x10, 0x32, 0x54, 0x76]
    data = rng.integers(0, 256, (3, 5, 32), dtype=np.uint8)
    for run in (2, 16, 32, 64):
        np.testing.assert_array_equal(join_nibbles(split_nibbles(data, run), run), data)


def test_inverse_is_zero_where_it_would_be_infinite():
    got = inverse(np.array([2, -0.5, 0, -0.0, 1e-45, -1e-39], np.float32))
    assert got.dtype == np.float32
    assert got.tolist() == [0.5, -2, 0, 0, 0, 0]
    assert inverse(np.array([1e-45])).tolist() == [1 / 1e-45]
