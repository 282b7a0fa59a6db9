"""Codes of any width side by side in bytes, the least significant bit first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from .checks import Bytes, bytes_of, checked_count, expect_bytes, integers_of, padded

__all__ = ["bytes_for", "pack_bits", "unpack_bits"]

#: Groups in one go, so that what is computed on the way stays in the processor's cache.
GROUPS = 1 << 13


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
    array = integers_of("codes", codes, (1 << width) - 1)
    count = array.shape[-1]
    size, each = _group(width)
    groups = -(-count // size)
    narrow = padded(array.astype(_kind(width)), groups * size).reshape(-1, size)
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
    array, count = bytes_of("data", data), checked_count(count)
    expect_bytes(array, bytes_for(count, width), f"{count} codes of {width} bits")
    rest = -count * width % 8
    if rest and array.size and (array[..., -1] >> np.uint8(8 - rest)).any():
        raise ValueError(f"the last {rest} bits behind {count} codes of {width} bits must be zero")
    size, each = _group(width)
    groups = -(-count // size)
    packed = padded(array, groups * each).reshape(math.prod(array.shape[:-1]) * groups, each)
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


def _group(width: int) -> tuple[int, int]:
    """The fewest codes that fill whole bytes, and how many."""
    size = 8 // math.gcd(8, width)
    return size, size * width // 8


def _overlaps(width: int) -> list[tuple[int, int, int]]:
    """Code and byte of a group that share bits, and where in the byte the code begins."""
    size, each = _group(width)
    return [(code, byte, code * width - 8 * byte) for code in range(size) for byte in range(each)
            if code * width < 8 * byte + 8 and 8 * byte < code * width + width]


def _kind(width: int) -> np.dtype[Any]:
    """The narrowest unsigned type."""
    return next(np.dtype(f"u{size}") for size in (1, 2, 4, 8) if width <= 8 * size)


def _width(width: object) -> int:
    bits = as_index("width", width)
    if not 0 <= bits <= 64:
        raise ValueError(f"width must be 0 to 64, not {bits}")
    return bits
