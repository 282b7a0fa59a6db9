"""Codes to the words that wires carry, and back, as bytes.

A word holds ``lanes`` lanes of ``width`` bits, lane 0 in the low bits, in as many bytes as
Verilator keeps it in (see :func:`storage`), little-endian. Lanes that a vector does not
reach are padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Format

__all__ = ["pack", "storage", "unpack"]


def storage(bits: int) -> int:
    """Bytes in which Verilator keeps ``bits`` bits.

    >>> [storage(bits) for bits in (1, 9, 32, 33, 65)]
    [1, 2, 4, 8, 12]
    """
    if bits < 1:
        raise ValueError(f"bits must be at least 1, not {bits}")
    for size in (1, 2, 4, 8):
        if bits <= 8 * size:
            return size
    return 4 * -(-bits // 32)


def pack(codes: NDArray[Any], form: Format, *, lanes: int, vector: int,
         rng: np.random.Generator | None = None) -> NDArray[np.uint8]:
    """Words of the vectors that ``codes`` holds one after the other.

    Parameters
    ----------
    codes : integers of any shape
        In row-major order, a multiple of ``vector`` of them.
    form : Format
        Lanes are as wide as it is.
    lanes, vector : int
        Lanes of a word, and codes of a vector, which starts on a word of its own.
    rng : numpy.random.Generator, optional
        Fills padding lanes with noise; without it they are zero.

    Returns
    -------
    array, shape (words, storage(lanes * form.width))
    """
    words = -(-vector // lanes)
    raw = form.to_bits(codes).reshape(-1, vector)
    padded = np.zeros((len(raw), words * lanes), np.uint64)
    padded[:, :vector] = raw
    if rng is not None and words * lanes > vector:
        noise = rng.integers(0, 1 << 63, (len(raw), words * lanes - vector), np.uint64)
        padded[:, vector:] = noise & np.uint64((1 << form.width) - 1)
    return _join(padded.reshape(-1, lanes), form.width)


def unpack(words: NDArray[np.uint8], form: Format, *, lanes: int, vector: int,
           width: int | None = None) -> NDArray[np.int64]:
    """Codes of vectors, the inverse of :func:`pack`; padding is dropped.

    Parameters
    ----------
    words : array, shape (words, bytes)
    form : Format
        Of the codes.
    lanes, vector : int
        Lanes of a word, and codes of a vector.
    width : int, optional
        Bits of a lane, if not those of the format: a signed format is then extended by
        its sign, and a lane that is not yields a code outside the format's range.

    Returns
    -------
    array, shape (vectors, vector)
    """
    width = form.width if width is None else width
    raw = _split(words, lanes, width).reshape(-1, -(-vector // lanes) * lanes)
    raw = np.ascontiguousarray(raw[:, :vector])
    if form.min < 0:
        spare = np.int64(64 - width)
        return (raw.view(np.int64) << spare) >> spare
    return raw.view(np.int64)


def _join(lanes: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """Bit patterns, shape (words, lanes), as words of bytes."""
    words, count = lanes.shape
    out = np.zeros((words, storage(count * width)), np.uint8)
    if width % 8 == 0:
        octets = lanes.astype("<u8").view(np.uint8).reshape(words, count, 8)[:, :, :width // 8]
        out[:, :count * width // 8] = octets.reshape(words, -1)
        return out
    size = storage(width)
    octets = lanes.astype(f"<u{size}").view(np.uint8).reshape(words, count, size)
    bits = np.unpackbits(octets, axis=2, count=width, bitorder="little")
    packed = np.packbits(bits.reshape(words, -1), axis=1, bitorder="little")
    out[:, :packed.shape[1]] = packed
    return out


def _split(words: NDArray[np.uint8], count: int, width: int) -> NDArray[np.uint64]:
    """The inverse of :func:`_join`."""
    size = storage(width)
    octets = np.zeros((len(words), count, size), np.uint8)
    if width % 8 == 0:
        used = words[:, :count * width // 8].reshape(len(words), count, width // 8)
        octets[:, :, :width // 8] = used
    else:
        bits = np.unpackbits(words, axis=1, count=count * width, bitorder="little")
        packed = np.packbits(bits.reshape(len(words), count, width), axis=2, bitorder="little")
        octets[:, :, :packed.shape[2]] = packed
    return octets.view(f"<u{size}").reshape(len(words), count).astype(np.uint64)
