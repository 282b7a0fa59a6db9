"""FP6's planes against plain Python over strings of bits, and against FP16."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import NAMED
from sw_model.formats.packing import Fp6Packing, Order, fp6_as_fp16, join_fp6, split_fp6

E3M2 = NAMED["e3m2"]


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4), (2, 0, 4)])
def test_empty(shape):
    assert join_fp6(*split_fp6(np.empty(shape, np.uint8))).shape == shape
    form = Fp6Packing()
    packed = form.pack(np.empty(shape, np.uint8))
    assert packed.shape == (*shape[:-1], form.bytes_for(shape[-1]))
    assert form.unpack(packed, shape[-1]).shape == shape


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda: split_fp6([1, 2, 3]), ValueError,
     r"^FP6 is stored four codes at a time, but there are 3$"),
    (lambda: split_fp6([1, 2, 3, 64]), ValueError, r"^codes must be 0 to 63, not 64$"),
    (lambda: split_fp6([1, 2, 3, 4], "low"), TypeError, r"^order must be an Order, not 'low'$"),
    (lambda: join_fp6(np.zeros(3, np.uint8), np.zeros(1, np.uint8)), ValueError,
     r"^the upper plane must have twice the bytes of the lower, but the shapes are "
     r"\(3,\) and \(1,\)$"),
    (lambda: join_fp6([1, 2], np.zeros(1, np.uint8)), TypeError, r"^upper must be bytes"),
    (lambda: fp6_as_fp16([64]), ValueError, r"^codes must be 0 to 63, not 64$"),
    (lambda: split_fp6([0.5, 1, 2, 3]), TypeError, r"^codes must be integers, not float64$"),
    (lambda: split_fp6(3), ValueError, r"^codes must have an axis$"),
    (lambda: split_fp6([1, 2, 3, -1]), ValueError, r"^codes must be 0 to 63, not -1$"),
    (lambda: fp6_as_fp16([np.nan]), TypeError, r"^codes must be integers, not float64$"),
    (lambda: Fp6Packing("low"), TypeError, r"^order must be an Order, not 'low'$"),
    (lambda: Fp6Packing().pack([1, 2, 3]), ValueError,
     r"^FP6 is stored four codes at a time, but there are 3$"),
    (lambda: Fp6Packing().bytes_for(6), ValueError,
     r"^FP6 is stored four codes at a time, but there are 6$"),
    (lambda: Fp6Packing().bytes_for(-4), ValueError, r"^count must not be negative, but is -4$"),
    (lambda: Fp6Packing().unpack(np.zeros(4, np.uint8), 4), ValueError,
     r"^4 codes of FP6 take 3 bytes, but there are 4$"),
    (lambda: Fp6Packing().unpack([1, 2, 3], 4), TypeError,
     r"^data must be bytes \(uint8\), not int64$"),
    (lambda: Fp6Packing().unpack(np.zeros(3, np.uint8), 4.0), TypeError,
     r"^count must be an integer, not 4\.0$"),
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


@pytest.mark.parametrize("order", Order)
def test_the_packing_is_both_planes(order, rng):
    codes = rng.integers(0, 64, (3, 40))
    form = Fp6Packing(order)
    packed = form.pack(codes)
    assert packed.shape == (3, form.bytes_for(40)) == (3, 40 * form.bits / 8)
    upper, lower = split_fp6(codes, order)
    np.testing.assert_array_equal(packed[:, :20], upper)
    np.testing.assert_array_equal(packed[:, 20:], lower)
    np.testing.assert_array_equal(form.unpack(packed, 40), codes)
    assert form.element == E3M2
