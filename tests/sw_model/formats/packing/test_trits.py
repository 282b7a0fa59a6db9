"""Five ternary values a byte: every one, and GGUF's."""

from __future__ import annotations

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from sw_model.formats import TernaryFormat
from sw_model.formats.packing import TritPacking, pack_trits, unpack_trits


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 5), (2, 0, 4)])
def test_empty(shape):
    trits = pack_trits(np.empty(shape, np.int8))
    assert trits.shape == (*shape[:-1], -(-shape[-1] // 5))
    assert unpack_trits(trits, shape[-1]).shape == shape


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda: pack_trits([0, 2]), ValueError, r"^values must be -1 to 1, not 2$"),
    (lambda: pack_trits([0.0]), TypeError, r"^values must be integers, not float64$"),
    (lambda: unpack_trits(np.zeros(1, np.uint8), 6), ValueError,
     r"^6 trits take 2 bytes, but there are 1$"),
    (lambda: unpack_trits(np.array([0, 112], np.uint8), 7), ValueError,
     r"^the digits behind 7 trits must be 0$"),
    (lambda: pack_trits([-2]), ValueError, r"^values must be -1 to 1, not -2$"),
    (lambda: pack_trits(1), ValueError, r"^values must have an axis$"),
    (lambda: unpack_trits([112], 5), TypeError, r"^data must be bytes \(uint8\), not int64$"),
    (lambda: unpack_trits(np.uint8(112), 5), ValueError, r"^data must have an axis$"),
    (lambda: unpack_trits(np.zeros(1, np.uint8), -1), ValueError,
     r"^count must not be negative, but is -1$"),
    (lambda: TritPacking().bytes_for(2.0), TypeError, r"^count must be an integer, not 2\.0$"),
])
def test_refuses(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


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


def test_the_packing(rng):
    form = TritPacking()
    values = rng.integers(-1, 2, (3, 17))
    packed = form.pack(values)
    assert packed.shape == (3, form.bytes_for(17)) == (3, 4)
    np.testing.assert_array_equal(packed, pack_trits(values))
    np.testing.assert_array_equal(form.unpack(packed, 17), values)
    assert (form.bits, form.element) == (1.6, TernaryFormat())
