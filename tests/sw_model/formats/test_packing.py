"""Packings against plain Python over strings of bits, and against GGUF's ternary bytes."""

from __future__ import annotations

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from sw_model.formats import NAMED
from sw_model.formats.packing import (
    Order,
    fp6_as_fp16,
    join_fp6,
    pack_bits,
    pack_trits,
    split_fp6,
    unpack_bits,
    unpack_trits,
)

WIDTHS = (*range(17), 24, 32, 33, 63, 64)
E3M2 = NAMED["e3m2"]


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
    trits = pack_trits(np.empty(shape, np.int8))
    assert trits.shape == (*shape[:-1], -(-count // 5))
    assert unpack_trits(trits, count).shape == shape
    if count % 4 == 0:
        assert join_fp6(*split_fp6(np.empty(shape, np.uint8))).shape == shape


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
    (lambda: split_fp6([1, 2, 3]), ValueError,
     r"^FP6 is stored four codes at a time, but there are 3$"),
    (lambda: split_fp6([1, 2, 3, 64]), ValueError, r"^codes must be 0 to 63, not 64$"),
    (lambda: split_fp6([1, 2, 3, 4], "low"), TypeError, r"^order must be an Order, not 'low'$"),
    (lambda: join_fp6(np.zeros(3, np.uint8), np.zeros(1, np.uint8)), ValueError,
     r"^the upper plane must have twice the bytes of the lower, but the shapes are "
     r"\(3,\) and \(1,\)$"),
    (lambda: join_fp6([1, 2], np.zeros(1, np.uint8)), TypeError, r"^upper must be bytes"),
    (lambda: fp6_as_fp16([64]), ValueError, r"^codes must be 0 to 63, not 64$"),
    (lambda: pack_trits([0, 2]), ValueError, r"^values must be -1 to 1, not 2$"),
    (lambda: pack_trits([0.0]), TypeError, r"^values must be integers, not float64$"),
    (lambda: unpack_trits(np.zeros(1, np.uint8), 6), ValueError,
     r"^6 trits take 2 bytes, but there are 1$"),
    (lambda: unpack_trits(np.array([0, 112], np.uint8), 7), ValueError,
     r"^the digits behind 7 trits must be 0$"),
])
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("order", Order)
def test_fp6_planes(order, rng):
    """By strings of bits: the upper four of each code, the lower two, first low or high."""
    codes = np.concatenate([np.arange(64), rng.integers(0, 64, 400)])
    texts = [f"{code:06b}" for code in codes.tolist()]
    expected = []
    for cut, each in ((slice(0, 4), 2), (slice(4, 6), 4)):
        parts = [text[cut] for text in texts]
        groups = [parts[k:k + each] for k in range(0, len(parts), each)]
        expected.append([int("".join(g if order is Order.HIGH_FIRST else g[::-1]), 2)
                         for g in groups])
    upper, lower = split_fp6(codes.reshape(2, -1), order)
    assert [upper.ravel().tolist(), lower.ravel().tolist()] == expected
    np.testing.assert_array_equal(join_fp6(upper, lower, order), codes.reshape(2, -1))


def test_fp6_worked_values():
    codes = E3M2.encode([5.0, -0.3, 28, 2.0**-4])
    assert [f"{code:06b}" for code in codes.tolist()] == ["010101", "100101", "011111", "000001"]
    upper, lower = split_fp6(codes, Order.HIGH_FIRST)
    assert (upper.tolist(), lower.tolist()) == ([0b0101_1001, 0b0111_0000], [0b01_01_11_01])


def test_fp6_is_fp16_shifted():
    """All 64 codes, subnormals and both zeros."""
    codes = np.arange(64)
    bits = fp6_as_fp16(codes)
    assert bits.dtype == np.uint16
    expected = E3M2.decode(codes) / 2.0**12
    found = bits.view(np.float16).astype(np.float64)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
    np.testing.assert_array_equal(NAMED["fp16"].decode(bits), expected)


def test_every_byte_of_trits():
    """All 243 words, against the digits of their numbers."""
    words = np.array(list(np.ndindex(3, 3, 3, 3, 3))) - 1
    packed = pack_trits(words)
    assert packed.ravel().tolist() == [-(-256 * number // 243) for number in range(243)]
    np.testing.assert_array_equal(unpack_trits(packed, 5), words)
    for byte in set(range(256)) - set(packed.ravel().tolist()):
        with pytest.raises(ValueError, match=rf"^byte {byte} is none that five trits make$"):
            unpack_trits(np.array([0, byte], np.uint8), 10)
    assert [pack_trits(v).tolist() for v in ([0, -1, 1, 1, 0], [-1] * 5, [1] * 5)] == [
        [112], [0], [255]]


def test_trits_of_any_count(rng):
    for count in range(30):
        values = rng.integers(-1, 2, (3, count))
        packed = pack_trits(values)
        for row, line in zip(values.tolist(), packed.tolist(), strict=True):
            digits = [value + 1 for value in row] + [0] * (-count % 5)
            numbers = [int("".join(map(str, digits[k:k + 5])), 3) for k in range(0, count, 5)]
            assert line == [-(-256 * number // 243) for number in numbers]
        back = unpack_trits(packed, count)
        assert back.dtype == np.int8
        np.testing.assert_array_equal(back, values)


def test_trits_are_ggufs(rng):
    """The bytes of a TQ1_0 block, whose order GGUF interleaves."""
    values = rng.integers(-1, 2, 256)
    first = pack_trits(values[:160].reshape(5, 32).T).ravel()
    second = pack_trits(values[160:240].reshape(5, 16).T).ravel()
    third = pack_trits(values[240:].reshape(4, 4).T).ravel()
    scale = np.array([1.0], np.float16).view(np.uint8)
    block = np.concatenate([first, second, third, scale])
    np.testing.assert_array_equal(dequantize(block, GGMLQuantizationType.TQ1_0), values)
