"""Words of bytes against arithmetic on Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import parse_format
from verif.packing import pack, storage, unpack

SPELLINGS = ["bipolar", "ternary", "uint3", "int8", "uint9", "int16", "int20", "int24", "uint33",
             "int64"]


def as_integers(words: np.ndarray) -> list[int]:
    """Little-endian bytes as integers."""
    return [int.from_bytes(word.tobytes(), "little") for word in words]


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_lane_zero_is_lowest(rng, spelling, lanes):
    form = parse_format(spelling)
    codes = rng.integers(form.min, form.max, (4, 2 * lanes), endpoint=True)
    words = pack(codes, form, lanes=lanes, vector=2 * lanes)
    assert words.shape == (8, storage(lanes * form.width))
    expected = [sum((int(code) & (1 << form.width) - 1) << k * form.width
                    for k, code in enumerate(group)) for group in codes.reshape(-1, lanes)]
    assert as_integers(words) == expected
    np.testing.assert_array_equal(unpack(words, form, lanes=lanes, vector=2 * lanes), codes)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_padding_is_noise_that_unpacking_drops(rng, spelling):
    form = parse_format(spelling)
    codes = rng.integers(form.min, form.max, (50, 5), endpoint=True)
    plain = pack(codes, form, lanes=3, vector=5)
    noisy = pack(codes, form, lanes=3, vector=5, rng=rng)
    top = 2 * form.width
    assert all(word >> top == 0 for word in as_integers(plain)[1::2])
    assert any(word >> top for word in as_integers(noisy)[1::2])
    assert all(word >> 3 * form.width == 0 for word in as_integers(noisy))
    np.testing.assert_array_equal(unpack(noisy, form, lanes=3, vector=5), codes)


def test_wider_lanes_are_extended():
    word = np.array([0xF85 & 0xFFF, 0x07B, 0x085], np.uint16).view(np.uint8).reshape(3, 2)
    codes = unpack(word, parse_format("int8"), lanes=1, vector=1, width=12)
    # The last word is not extended by its sign, and so no code of int8.
    assert codes.ravel().tolist() == [-123, 123, 133]
    codes = unpack(word, parse_format("uint8"), lanes=1, vector=1, width=12)
    assert codes.ravel().tolist() == [0xF85, 123, 133]


def test_storage_of_nothing():
    with pytest.raises(ValueError, match=r"^bits must be at least 1, not 0$"):
        storage(0)
