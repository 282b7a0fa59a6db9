"""Packed codes against plain Python over strings of bits."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.packing import pack_bits, unpack_bits

WIDTHS = (*range(17), 24, 32, 33, 63, 64)


def plain(codes, width):
    """Bytes of a list of codes: their bits in a row, the least significant first."""
    bits = [code >> place & 1 for code in codes for place in range(width)]
    bits += [0] * (-len(bits) % 8)
    return [sum(bits[k + j] << j for j in range(8)) for k in range(0, len(bits), 8)]


def drawn(rng, width, shape):
    """Any codes of that many bits."""
    return rng.integers(0, (1 << width) - 1, shape, np.uint64 if width > 63 else np.int64,
                        endpoint=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_equals_plain_bits(width, rng):
    for count in (*range(20), 1000):
        codes = drawn(rng, width, count)
        packed = pack_bits(codes, width)
        assert (packed.dtype, packed.tolist()) == (np.uint8, plain(codes.tolist(), width))
        back = unpack_bits(packed, width, count)
        assert back.dtype.itemsize == next(size for size in (1, 2, 4, 8) if width <= 8 * size)
        np.testing.assert_array_equal(back, codes)


@pytest.mark.parametrize("width", WIDTHS)
def test_many_codes_and_axes(width, rng):
    """More than are taken in one go; along the last axis; of any type and stride."""
    codes = drawn(rng, width, (3, 2, 40_001))
    codes[0, 0, :2] = 0, (1 << width) - 1
    packed = pack_bits(codes, width)
    assert packed.shape == (3, 2, -(-40_001 * width // 8))
    np.testing.assert_array_equal(unpack_bits(packed, width, 40_001), codes)
    for index in np.ndindex(3, 2):
        whole = int.from_bytes(packed[index].tobytes(), "little")
        places = rng.integers(0, 40_001, 50)
        assert [whole >> k * width & (1 << width) - 1 for k in places.tolist()] \
            == codes[index][places].tolist()
    for dtype in (np.uint16, np.int32, np.uint64)[max(0, (width > 16) + (width > 31)):]:
        np.testing.assert_array_equal(pack_bits(codes.astype(dtype)[0, 0], width), packed[0, 0])
    np.testing.assert_array_equal(pack_bits(codes[0, 1, ::-3], width),
                                  pack_bits(codes[0, 1, ::-3].copy(), width))


def test_worked_values():
    assert pack_bits([1, 2, 7], 3).tolist() == [0b11_010_001, 0b1]
    assert pack_bits([0xABC, 0x123], 12).tolist() == [0xBC, 0x3A, 0x12]
    assert pack_bits([0x1234], 16).tolist() == [0x34, 0x12]
    assert pack_bits([True, False, True], 1).tolist() == [5]
    np.testing.assert_array_equal(pack_bits([1, 0, 0, 1, 1, 0, 1, 0, 1], 1),
                                  np.packbits([1, 0, 0, 1, 1, 0, 1, 0, 1], bitorder="little"))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 5), (2, 0, 4)])
def test_empty(shape):
    count = shape[-1]
    packed = pack_bits(np.empty(shape, np.int64), 5)
    assert packed.shape == (*shape[:-1], -(-count * 5 // 8))
    assert unpack_bits(packed, 5, count).shape == shape


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda: pack_bits([0], -1), ValueError, r"^width must be 0 to 64, not -1$"),
    (lambda: pack_bits([1], 65), ValueError, r"^width must be 0 to 64, not 65$"),
    (lambda: pack_bits([1], 0), ValueError, r"^codes must be 0 to 0, not 1$"),
    (lambda: pack_bits([1], 4.0), TypeError, r"^width must be an integer, not 4\.0$"),
    (lambda: pack_bits([1.0], 4), TypeError, r"^codes must be integers, not float64$"),
    (lambda: pack_bits([3, 16], 4), ValueError, r"^codes must be 0 to 15, not 16$"),
    (lambda: pack_bits([-1], 4), ValueError, r"^codes must be 0 to 15, not -1$"),
    (lambda: pack_bits(3, 4), ValueError, r"^codes must have an axis$"),
    (lambda: unpack_bits([1], 4, 2), TypeError, r"^data must be bytes \(uint8\), not int64$"),
    (lambda: unpack_bits(np.uint8(1), 4, 2), ValueError, r"^data must have an axis$"),
    (lambda: unpack_bits(np.zeros(2, np.uint8), 4, 2), ValueError,
     r"^2 codes of 4 bits take 1 bytes, but there are 2$"),
    (lambda: unpack_bits(np.zeros(1, np.uint8), 3, 3), ValueError,
     r"^3 codes of 3 bits take 2 bytes, but there are 1$"),
    (lambda: unpack_bits(np.array([[0, 1], [0, 2]], np.uint8), 3, 3), ValueError,
     r"^the last 7 bits behind 3 codes of 3 bits must be zero$"),
    (lambda: unpack_bits(np.zeros(1, np.uint8), 3, -1), ValueError,
     r"^count must not be negative, but is -1$"),
])
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
