"""Codes side by side in bytes: any width, FP6 in two planes, five trits a byte."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import as_index

__all__ = ["Order", "bytes_for", "fp6_as_fp16", "join_fp6", "pack_bits", "pack_trits", "split_fp6",
           "unpack_bits", "unpack_trits"]

Bytes = NDArray[np.uint8]

#: Groups in one go, so that what is computed on the way stays in the processor's cache.
GROUPS = 1 << 13

#: Digits of a byte, the first the most significant.
TRITS = 5


class Order(enum.Enum):
    """Where in a byte the first of several codes lies."""

    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


def bytes_for(count: int, width: int) -> int:
    """Bytes that ``count`` codes of ``width`` bits take, the last one filled up."""
    return -(-count * width // 8)


def pack_bits(codes: ArrayLike, width: int) -> Bytes:
    """Bit patterns of ``width`` bits as bytes, the least significant bit first.

    Bit ``i`` of pattern ``k`` is bit ``k * width + i`` of the last axis, and bit ``j`` of that
    is bit ``j % 8`` of byte ``j // 8``. What is left of the last byte is zero.

    >>> pack_bits([0b001, 0b010, 0b111], 3).tolist()
    [209, 1]

    Parameters
    ----------
    codes : integers, shape (..., n)
        See :meth:`Format.to_bits` for those of a format.
    width : int
        0 to 64; codes of no bits take no bytes.

    Returns
    -------
    uint8, shape (..., bytes_for(n, width))

    Raises
    ------
    TypeError, ValueError
        If the codes are not integers of that many bits, or have no axis.
    """
    width = _width(width)
    array = _integers("codes", codes, (1 << width) - 1)
    count = array.shape[-1]
    size, each = _group(width)
    groups = -(-count // size)
    narrow = _padded(array.astype(_kind(width)), groups * size).reshape(-1, size)
    packed = np.zeros((len(narrow), each), np.uint8)
    for start in range(0, len(narrow), GROUPS):
        source, target = narrow[start:start + GROUPS], packed[start:start + GROUPS]
        for code, byte, shift in _overlaps(width):
            part = source[:, code]
            part = part >> np.uint8(-shift) if shift < 0 else part << np.uint8(shift)
            target[:, byte] |= part.astype(np.uint8)
    whole = packed.reshape(*array.shape[:-1], groups * each)
    return np.ascontiguousarray(whole[..., :bytes_for(count, width)])


def unpack_bits(data: ArrayLike, width: int, count: int) -> NDArray[Any]:
    """The inverse of :func:`pack_bits`: the narrowest unsigned type, shape (..., count).

    Raises
    ------
    TypeError
        If the data are not bytes (uint8).
    ValueError
        If the last axis has not as many bytes as ``count`` patterns take, or the bits behind
        the last pattern are not zero.
    """
    width = _width(width)
    array, count = _bytes("data", data), _count(count)
    _expect(array, bytes_for(count, width), f"{count} codes of {width} bits")
    rest = -count * width % 8
    if rest and array.size and (array[..., -1] >> np.uint8(8 - rest)).any():
        raise ValueError(f"the last {rest} bits behind {count} codes of {width} bits must be zero")
    size, each = _group(width)
    groups = -(-count // size)
    packed = _padded(array, groups * each).reshape(math.prod(array.shape[:-1]) * groups, each)
    codes = np.zeros((len(packed), size), _kind(width))
    mask = codes.dtype.type((1 << width) - 1)
    for start in range(0, len(packed), GROUPS):
        source, target = packed[start:start + GROUPS], codes[start:start + GROUPS]
        for code, byte, shift in _overlaps(width):
            part = source[:, byte].astype(codes.dtype)
            part = part << np.uint8(-shift) if shift < 0 else part >> np.uint8(shift)
            target[:, code] |= part
        target &= mask
    return np.ascontiguousarray(codes.reshape(*array.shape[:-1], groups * size)[..., :count])


def split_fp6(codes: ArrayLike, order: Order = Order.LOW_FIRST) -> tuple[Bytes, Bytes]:
    """FP6 (``e3m2``) in its 4+2 storage: two planes, each of aligned bytes.

    The first plane has the upper four bits of each code, sign and exponent, two codes a byte;
    the second has the mantissas, four a byte.

    >>> [plane.tolist() for plane in split_fp6([0b010101, 0b100101, 0b011111, 0b000001])]
    [[149, 7], [117]]

    Parameters
    ----------
    codes : integers, shape (..., n)
        0 to 63; n must be a multiple of 4.
    order : Order
        Which end of a byte has the first code.

    Returns
    -------
    uint8 of shape (..., n / 2) and of shape (..., n / 4)

    Raises
    ------
    TypeError, ValueError
        If the codes are not such integers.
    """
    array = _integers("codes", codes, 63).astype(np.uint8)
    if array.shape[-1] % 4:
        raise ValueError(f"FP6 is stored four codes at a time, but there are {array.shape[-1]}")
    return _ordered(pack_bits(array >> 2, 4), 4, order), _ordered(pack_bits(array & 3, 2), 2, order)


def join_fp6(upper: ArrayLike, lower: ArrayLike, order: Order = Order.LOW_FIRST) -> Bytes:
    """The inverse of :func:`split_fp6`.

    Raises
    ------
    TypeError
        If the planes are not bytes (uint8).
    ValueError
        If the first has not twice as many bytes as the second.
    """
    fours, twos = _bytes("upper", upper), _bytes("lower", lower)
    if fours.shape != (*twos.shape[:-1], 2 * twos.shape[-1]):
        raise ValueError(f"the upper plane must have twice the bytes of the lower, but the shapes "
                         f"are {fours.shape} and {twos.shape}")
    count = 4 * twos.shape[-1]
    high = unpack_bits(_ordered(fours, 4, order), 4, count)
    return np.asarray(high << 2 | unpack_bits(_ordered(twos, 2, order), 2, count))


def fp6_as_fp16(codes: ArrayLike) -> NDArray[np.uint16]:
    """Patterns of FP16 that stand for ``2**-12`` times the values of FP6, subnormals too.

    Only wires: the sign becomes bit 15 and the five bits of magnitude bits 12 to 8, so the
    factor is the difference of the biases, 15 - 3.

    Raises
    ------
    TypeError, ValueError
        If the codes are not integers from 0 to 63.
    """
    array = _integers("codes", codes, 63, axes=0).astype(np.uint16)
    return np.asarray((array & 32) << 10 | (array & 31) << 8)


def pack_trits(values: ArrayLike) -> Bytes:
    """Ternary values -1, 0 and 1, five a byte, as GGUF's TQ1_0 has them.

    With ``N`` the number that five digits ``value + 1`` make in base 3, the first the most
    significant, a byte is ``ceil(256 * N / 243)``. Digits behind the last value are 0.

    >>> pack_trits([0, -1, 1, 1, 0]).tolist()
    [112]

    Returns
    -------
    uint8, shape (..., ceil(n / 5))

    Raises
    ------
    TypeError, ValueError
        If the values are not such integers, or have no axis.
    """
    array = _integers("values", values, 1, least=-1)
    digits = _padded(array.astype(np.int8) + 1, -(-array.shape[-1] // TRITS) * TRITS)
    fives = digits.reshape(*array.shape[:-1], digits.shape[-1] // TRITS, TRITS).astype(np.uint16)
    number = fives[..., 0]
    for place in range(1, TRITS):
        number = number * 3 + fives[..., place]
    return _TO_BYTE[number]


def unpack_trits(data: ArrayLike, count: int) -> NDArray[np.int8]:
    """The inverse of :func:`pack_trits`, by multiplication alone: int8, shape (..., count).

    Digit ``n`` of a byte is ``((byte * 3**n % 256) * 3) >> 8``.

    Raises
    ------
    TypeError
        If the data are not bytes (uint8).
    ValueError
        If the last axis has not as many bytes as ``count`` values take, a byte is none of the
        243 that values make, or the digits behind the last value are not 0.
    """
    array, count = _bytes("data", data), _count(count)
    _expect(array, -(-count // TRITS), f"{count} trits")
    legal = np.zeros(256, np.bool_)
    legal[_TO_BYTE] = True
    wrong = ~legal[array]
    if wrong.any():
        raise ValueError(f"byte {int(array[wrong][0])} is none that five trits make")
    digits = np.empty((*array.shape, TRITS), np.int8)
    for place in range(TRITS):
        # Modulo 256 by itself, as these are bytes.
        rest = array * np.uint8(3**place)
        digits[..., place] = (rest.astype(np.uint16) * 3) >> 8
    flat = digits.reshape(*array.shape[:-1], array.shape[-1] * TRITS)
    if flat[..., count:].any():
        raise ValueError(f"the digits behind {count} trits must be 0")
    return np.ascontiguousarray(flat[..., :count]) - np.int8(1)


_TO_BYTE: Bytes = ((256 * np.arange(3**TRITS) + 3**TRITS - 1) // 3**TRITS).astype(np.uint8)


def _group(width: int) -> tuple[int, int]:
    """The fewest codes that fill whole bytes, and how many."""
    size = 8 // math.gcd(8, width)
    return size, size * width // 8


def _overlaps(width: int) -> list[tuple[int, int, int]]:
    """Code and byte of a group that share bits, and where in the byte the code begins."""
    size, each = _group(width)
    return [(code, byte, code * width - 8 * byte) for code in range(size) for byte in range(each)
            if code * width < 8 * byte + 8 and 8 * byte < code * width + width]


def _ordered(data: Bytes, width: int, order: Order) -> Bytes:
    """The codes of each byte turned round, if the first is to be the highest."""
    if not isinstance(order, Order):
        raise TypeError(f"order must be an Order, not {order!r}")
    if order is Order.LOW_FIRST:
        return data
    turned = (data & 0x0F) << 4 | data >> 4
    if width == 2:
        turned = (turned & 0x33) << 2 | (turned & 0xCC) >> 2
    return np.asarray(turned, np.uint8)


def _padded(array: NDArray[Any], count: int) -> NDArray[Any]:
    """Zeros behind the last axis, up to ``count``."""
    if array.shape[-1] == count:
        return np.ascontiguousarray(array)
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, count - array.shape[-1])])


def _kind(width: int) -> np.dtype[Any]:
    """The narrowest unsigned type."""
    return next(np.dtype(f"u{size}") for size in (1, 2, 4, 8) if width <= 8 * size)


def _width(width: object) -> int:
    bits = as_index("width", width)
    if not 0 <= bits <= 64:
        raise ValueError(f"width must be 0 to 64, not {bits}")
    return bits


def _count(count: object) -> int:
    number = as_index("count", count)
    if number < 0:
        raise ValueError(f"count must not be negative, but is {number}")
    return number


def _integers(name: str, values: ArrayLike, most: int, *, least: int = 0, axes: int = 1
              ) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    if array.ndim < axes:
        raise ValueError(f"{name} must have an axis")
    if array.size and not (least <= int(array.min()) and int(array.max()) <= most):
        wrong = array[(array < least) | (array > most)][0]
        raise ValueError(f"{name} must be {least} to {most}, not {int(wrong)}")
    return array


def _bytes(name: str, data: ArrayLike) -> Bytes:
    array = np.asarray(data)
    if array.dtype != np.uint8:
        raise TypeError(f"{name} must be bytes (uint8), not {array.dtype}")
    if array.ndim < 1:
        raise ValueError(f"{name} must have an axis")
    return array


def _expect(array: Bytes, count: int, what: str) -> None:
    if array.shape[-1] != count:
        raise ValueError(f"{what} take {count} bytes, but there are {array.shape[-1]}")
