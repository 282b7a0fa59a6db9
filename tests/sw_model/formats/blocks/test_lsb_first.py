"""Codes in bytes: the order of bits, by hand and by Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.lsb_first import bytes_for, pack_lsb_first, unpack_lsb_first


def test_four_codes_of_six_bits_fill_three_bytes():
    codes = np.array([0b000001, 0b100000, 0b110011, 0b101010], np.uint64)
    packed = pack_lsb_first(codes, 6)
    assert [f"{byte:08b}" for byte in packed] == ["00000001", "00111000", "10101011"]


def test_of_two_nibbles_the_low_one_is_first():
    assert pack_lsb_first(np.array([0xA, 0x5, 0xF], np.uint64), 4).tolist() == [0x5A, 0x0F]


@pytest.mark.parametrize("width", [1, 3, 4, 5, 6, 7, 8, 11, 16, 33, 64])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 32])
def test_packed_codes_are_one_number(rng, width, count):
    codes = rng.integers(0, 2**width, (3, count), np.uint64, endpoint=False) if width < 64 else \
        rng.integers(0, 2**64 - 1, (3, count), np.uint64, endpoint=True)
    packed = pack_lsb_first(codes, width)
    assert packed.shape == (3, bytes_for(count, width))
    for row, data in zip(codes, packed, strict=True):
        number = sum(int(code) << width * place for place, code in enumerate(row))
        assert int.from_bytes(data.tobytes(), "little") == number
    np.testing.assert_array_equal(unpack_lsb_first(packed, width, count), codes)


@pytest.mark.parametrize("bit", [4, 7])
def test_filling_must_be_zero(bit):
    data = np.array([0x21, 1 << bit], np.uint8)
    with pytest.raises(ValueError, match=r"^the bits behind 3 codes of 4 bits must be 0$"):
        unpack_lsb_first(data, 4, 3)
