"""Five ternary values a byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..binary import TernaryFormat
from .base import Packing
from .checks import Bytes, bytes_of, checked_count, expect_bytes, integers_of, padded

__all__ = ["TRITS", "TritPacking", "pack_trits", "unpack_trits"]

#: Digits of a byte, the first the most significant.
TRITS = 5

#: The byte of each number below 243.
TO_BYTE: Bytes = ((256 * np.arange(3**TRITS) + 3**TRITS - 1) // 3**TRITS).astype(np.uint8)


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
    array = integers_of("values", values, 1, least=-1)
    digits = padded(array.astype(np.int8) + 1, -(-array.shape[-1] // TRITS) * TRITS)
    fives = digits.reshape(*array.shape[:-1], digits.shape[-1] // TRITS, TRITS).astype(np.uint16)
    number = fives[..., 0]
    for place in range(1, TRITS):
        number = number * 3 + fives[..., place]
    return TO_BYTE[number]


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
    array, count = bytes_of("data", data), checked_count(count)
    expect_bytes(array, -(-count // TRITS), f"{count} trits")
    legal = np.zeros(256, np.bool_)
    legal[TO_BYTE] = True
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


@dataclass(frozen=True)
class TritPacking(Packing):
    """``trits5``: ternary codes, five a byte; see :func:`pack_trits`."""

    @property
    def element(self) -> TernaryFormat:
        return TernaryFormat()

    @property
    def bits(self) -> float:
        return 8 / TRITS

    def bytes_for(self, count: int) -> int:
        return -(-checked_count(count) // TRITS)

    def pack(self, codes: ArrayLike) -> Bytes:
        return pack_trits(codes)

    def unpack(self, data: ArrayLike, count: int) -> NDArray[np.int8]:
        return unpack_trits(data, count)

    def __str__(self) -> str:
        return "trits5"
