"""Contents of memories and streams as data: codes to words of bits and back.

A vector of ``n`` elements travels as ``ceil(n / lanes)`` words; lane 0 stands in the low
bits of a word, and the lanes past ``n`` in the last word are padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import as_index

__all__ = ["pack_fields", "pack_words", "unpack_words", "vectors_to_words", "words_to_vectors"]

#: Bits handled at a time, so that a large table needs tens of megabytes and not gigabytes.
_CHUNK_BITS = 1 << 25


def _at_least_one(name: str, value: object) -> int:
    number = as_index(name, value)
    if number < 1:
        raise ValueError(f"{name} must be at least 1, not {number}")
    return number


def _width(value: object) -> int:
    width = _at_least_one("width", value)
    if width > 64:
        raise ValueError(f"width must be at most 64, not {width}")
    return width


def pack_words(codes: ArrayLike, width: int) -> list[int]:
    """One integer for each row of ``codes``: lane ``k`` in bits ``k*width`` and up.

    Parameters
    ----------
    codes : integers, shape (words, lanes)
        Signed codes are cut to two's complement.
    width : int
        Bits of a lane, 1 to 64.

    Raises
    ------
    ValueError
        If ``codes`` has not two axes, or ``width`` is out of range.

    Examples
    --------
    >>> [hex(word) for word in pack_words([[1, -1], [2, 3]], 4)]
    ['0xf1', '0x32']
    """
    width = _width(width)
    table = np.asarray(codes)
    if table.ndim != 2:
        raise ValueError(f"codes must have the shape (words, lanes), not {table.shape}")
    if table.dtype.kind not in "iub":
        raise TypeError(f"codes must be integers, not {table.dtype}")
    words, lanes = table.shape
    step = max(1, _CHUNK_BITS // max(1, lanes * 64))
    packed: list[int] = []
    for start in range(0, words, step):
        packed += _pack(table[start:start + step].astype("<i8", order="C"), width)
    return packed


def _pack(codes: NDArray[np.int64], width: int) -> list[int]:
    words, lanes = codes.shape
    if lanes * width <= 64:
        mask = np.uint64((1 << width) - 1)
        shifts = np.arange(lanes, dtype=np.uint64) * np.uint64(width)
        lanes_in_place = (codes.view(np.uint64) & mask) << shifts
        return [int(word) for word in np.bitwise_or.reduce(lanes_in_place, axis=1)]
    if width % 8 == 0:
        rows = np.ascontiguousarray(
            codes.view(np.uint8).reshape(words, lanes, 8)[:, :, :width // 8])
    else:
        bits = np.unpackbits(codes.view(np.uint8).reshape(words, lanes, 8), axis=2,
                             bitorder="little")[:, :, :width]
        rows = np.packbits(bits.reshape(words, lanes * width), axis=1, bitorder="little")
    data, size = rows.tobytes(), rows.size // words
    return [int.from_bytes(data[k:k + size], "little") for k in range(0, len(data), size)]


def pack_fields(fields: Sequence[ArrayLike], widths: Sequence[int]) -> list[int]:
    """One integer for each word of lanes that are structures.

    Parameters
    ----------
    fields : sequence of integers, each of shape (words, lanes)
        The fields of every lane; field 0 stands in the lane's low bits.
    widths : sequence of int
        Bits of each field, of any number.

    Examples
    --------
    >>> [hex(word) for word in pack_fields([[[1, 2]], [[-1, 3]]], [4, 8])]
    ['0x32ff1']
    """
    stride = sum(widths)
    lane: Any = 0
    position = 0
    for field, width in zip(fields, widths, strict=True):
        mask = (1 << _at_least_one("width", width)) - 1
        lane = lane + ((np.asarray(field).astype(object) & mask) << position)
        position += width
    return [sum(int(value) << k * stride for k, value in enumerate(row)) for row in lane]


def unpack_words(
    words: Sequence[int], width: int, lanes: int, *, signed: bool = False
) -> NDArray[np.int64]:
    """Codes of packed words; the inverse of :func:`pack_words`.

    Parameters
    ----------
    words : sequence of int
        Not negative; bits above ``width * lanes`` are ignored.
    width, lanes : int
        Bits of a lane (1 to 64) and lanes of a word.
    signed : bool
        Whether the codes are two's complement.

    Returns
    -------
    codes : int64, shape (words, lanes)
        Unsigned codes of 64 bits come out as two's complement.
    """
    width, lanes = _width(width), _at_least_one("lanes", lanes)
    size = -(-width * lanes // 8)
    mask = (1 << 8 * size) - 1
    codes = np.empty((len(words), lanes), np.int64)
    step = max(1, _CHUNK_BITS // (lanes * 64))
    for start in range(0, len(words), step):
        chunk = words[start:start + step]
        data = b"".join((int(word) & mask).to_bytes(size, "little") for word in chunk)
        rows = np.frombuffer(data, np.uint8).reshape(len(chunk), size)
        codes[start:start + step] = _unpack(rows, width, lanes)
    if signed:
        spare = 64 - width
        codes = (codes << spare) >> spare
    return codes


def _unpack(rows: NDArray[np.uint8], width: int, lanes: int) -> NDArray[np.int64]:
    wide = np.zeros((len(rows), lanes, 8), np.uint8)
    if width % 8 == 0:
        wide[:, :, :width // 8] = rows.reshape(len(rows), lanes, width // 8)
    else:
        bits = np.unpackbits(rows, axis=1, bitorder="little", count=width * lanes)
        wide[:, :, :-(-width // 8)] = np.packbits(bits.reshape(len(rows), lanes, width), axis=2,
                                                  bitorder="little")
    return wide.view("<i8").reshape(len(rows), lanes).astype(np.int64)


def vectors_to_words(vectors: ArrayLike, lanes: int, *, padding: int = 0) -> NDArray[Any]:
    """Words in which vectors travel: shape (vectors, elements) to (vectors * ceil, lanes).

    >>> vectors_to_words([[1, 2, 3], [4, 5, 6]], 2).tolist()
    [[1, 2], [3, 0], [4, 5], [6, 0]]
    """
    lanes = _at_least_one("lanes", lanes)
    table = np.asarray(vectors)
    if table.ndim != 2:
        raise ValueError(f"vectors must have the shape (vectors, elements), not {table.shape}")
    missing = -table.shape[1] % lanes
    padded = np.pad(table, ((0, 0), (0, missing)), constant_values=padding)
    return padded.reshape(-1, lanes)


def words_to_vectors(words: ArrayLike, elements: int) -> NDArray[Any]:
    """Vectors of ``elements`` from the words in which they travelled, padding dropped.

    Raises
    ------
    ValueError
        If the words are not a whole number of vectors.
    """
    elements = _at_least_one("elements", elements)
    table = np.asarray(words)
    if table.ndim != 2:
        raise ValueError(f"words must have the shape (words, lanes), not {table.shape}")
    lanes = table.shape[1]
    each = -(-elements // lanes)
    if len(table) % each:
        raise ValueError(f"{len(table)} words are not a whole number of vectors of {each} words")
    return table.reshape(-1, each * lanes)[:, :elements]
