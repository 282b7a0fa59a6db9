"""Packing against integer arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.tables import pack_words, unpack_words, vectors_to_words, words_to_vectors
from sw_model.tables import words as tables


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 13, 16, 24, 31, 32, 33, 63, 64])
@pytest.mark.parametrize("lanes", [1, 2, 5, 8, 33])
@pytest.mark.parametrize("signed", [False, True])
def test_round_trip(rng, width, lanes, signed):
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    high = min(high, (1 << 63) - 1)
    codes = rng.integers(low, high, (11, lanes), endpoint=True)
    words = pack_words(codes, width)
    plain = [sum((int(code) & (1 << width) - 1) << k * width for k, code in enumerate(row))
             for row in codes]
    assert words == plain
    assert all(type(word) is int for word in words)
    back = unpack_words(words, width, lanes, signed=signed)
    np.testing.assert_array_equal(back, codes)


def test_chunks_meet(rng, monkeypatch):
    monkeypatch.setattr(tables, "_CHUNK_BITS", 1000)
    codes = rng.integers(0, 32, (50, 15))
    words = pack_words(codes, 5)
    assert len(words) == 50
    np.testing.assert_array_equal(unpack_words(words, 5, 15), codes)


def test_bits_above_the_lanes_are_ignored():
    np.testing.assert_array_equal(unpack_words([0xFF21], 4, 2), [[1, 2]])


def test_no_words():
    assert pack_words(np.zeros((0, 3), np.int8), 9) == []
    assert unpack_words([], 9, 3).shape == (0, 3)


@pytest.mark.parametrize("elements", [1, 4, 5, 8])
@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_vectors_and_words(rng, elements, lanes):
    vectors = rng.integers(-8, 8, (3, elements))
    words = vectors_to_words(vectors, lanes, padding=77)
    assert words.shape == (3 * -(-elements // lanes), lanes)
    assert (words == 77).sum() == 3 * (-elements % lanes)
    np.testing.assert_array_equal(words_to_vectors(words, elements), vectors)


def test_faults():
    with pytest.raises(ValueError, match=r"^codes must have the shape \(words, lanes\), not "):
        pack_words([1, 2], 4)
    with pytest.raises(TypeError, match=r"^codes must be integers, not float64$"):
        pack_words([[1.0]], 4)
    with pytest.raises(ValueError, match=r"^width must be at most 64, not 65$"):
        pack_words([[1]], 65)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        unpack_words([1], 4, 0)
    with pytest.raises(ValueError, match=r"^3 words are not a whole number of vectors"):
        words_to_vectors([[1, 2]] * 3, 3)


def test_words_of_an_array_in_another_order():
    """Tiles of a matrix are views whose last axis is not the quickest."""
    table = np.arange(20 * 3).reshape(3, 20).T
    assert pack_words(table, 8) == pack_words(np.ascontiguousarray(table), 8)
    assert pack_words(np.tile(table, 4), 8) == pack_words(np.tile(table, 4).copy(order="C"), 8)
