"""Codes of any width in bytes, least significant bit first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bytes_for", "pack_lsb_first", "unpack_lsb_first"]


def bytes_for(count: int, width: int) -> int:
    """Bytes that ``count`` codes of ``width`` bits take, the last one filled up."""
    return -(-count * width // 8)


def pack_lsb_first(patterns: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """Bytes of the bit patterns along the last axis.

    Bit ``j`` of pattern ``k`` is bit ``(k * width + j) % 8`` of byte ``(k * width + j) // 8``:
    of two nibbles the low one comes first, and four 6-bit codes fill 3 bytes. What is left of
    the last byte is 0.

    >>> pack_lsb_first(np.array([0x1, 0xB, 0x6], np.uint64), 4)
    array([177,   6], dtype=uint8)

    Parameters
    ----------
    patterns : uint64, shape (..., count)
        Each below ``2**width``.
    width : int
        1 to 64.

    Returns
    -------
    uint8, shape (..., bytes_for(count, width))
    """
    bits = (patterns[..., None] >> np.arange(width, dtype=np.uint64)).astype(np.uint8) & 1
    flat = bits.reshape(*patterns.shape[:-1], patterns.shape[-1] * width)
    return np.packbits(flat, axis=-1, bitorder="little")


def unpack_lsb_first(data: NDArray[np.uint8], width: int, count: int) -> NDArray[np.uint64]:
    """The inverse of :func:`pack_lsb_first`: bit patterns, shape (..., count).

    >>> unpack_lsb_first(np.array([177, 6], np.uint8), 4, 3)
    array([ 1, 11,  6], dtype=uint64)

    Raises
    ------
    ValueError
        If a bit behind the last pattern is not 0.
    """
    bits = np.unpackbits(data, axis=-1, bitorder="little")
    if bits[..., count * width:].any():
        raise ValueError(f"the bits behind {count} codes of {width} bits must be 0")
    each = bits[..., :count * width].reshape(*data.shape[:-1], count, width)
    return np.asarray((each.astype(np.uint64) << np.arange(width, dtype=np.uint64))
                      .sum(axis=-1, dtype=np.uint64))
