"""GGUF's TQ1_0 and TQ2_0: 256 ternary weights in 54 and 66 bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codebook import CodebookFormat
from ..rounding import Rounding, round_real
from .base import Fields
from .gguf_base import HalfScaledFormat, inverse

__all__ = ["TQ1_0Format", "TQ2_0Format", "join_trits", "split_trits"]

#: Powers of three that bring each of a byte's five trits to the front.
POWERS = 3 ** np.arange(5)

#: Runs of a TQ1_0 block: first weight, trits of a byte, bytes.
RUNS = ((0, 5, 32), (160, 5, 16), (240, 4, 4))


def join_trits(trits: NDArray[Any]) -> NDArray[np.uint8]:
    """Bytes of up to five trits 0 to 2, shape (..., trits, n) to (..., n).

    The first trit leads the number in base 3, and missing ones are 0; the byte is that number
    over 243, rounded up in 256ths.

    >>> join_trits(np.array([[1], [0], [2], [2], [1]]))
    array([112], dtype=uint8)
    """
    weights = POWERS[::-1][:trits.shape[-2], None]
    number = (trits.astype(np.int64) * weights).sum(axis=-2)
    return ((number * 256 + 242) // 243).astype(np.uint8)


def split_trits(data: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The first ``count`` trits of bytes, shape (..., n) to (..., count, n).

    Inverse of :func:`join_trits`, without a division: what lies below the leading trits is a
    fraction, of which three times show the next trit as whole part. The 13 bytes that are not
    among the 243 give the trits of the next larger fraction below them.
    """
    fractions = data.astype(np.int64)[..., None, :] * POWERS[:count, None] & 255
    return (fractions * 3 >> 8).astype(np.uint8)


class _TernaryFormat(HalfScaledFormat):
    """The quantiser that both share."""

    size: ClassVar[int] = 256
    scale_first: ClassVar[bool] = False

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values)
        scale = np.abs(x).max(axis=-1, keepdims=True)
        ternary = round_real(x * inverse(scale), Rounding.HALF_AWAY)
        return {"codes": (ternary + 1).astype(np.uint8), "scales": self.halves(scale[..., 0])}


@dataclass(frozen=True)
class TQ1_0Format(_TernaryFormat):
    """``tq1_0``: ``scale * (code - 1)``, code 0 to 2, five in a byte; 54 bytes for 256 weights.

    The scale is the largest magnitude; values from half of it on are -1 and +1. Every byte is
    decoded, also those that :meth:`pack` never writes; for them ``pack`` is no inverse of
    ``unpack``.

    Source: GGUF, block_tq1_0.
    """

    name: ClassVar[str] = "tq1_0"
    block_bytes: ClassVar[int] = 54

    @property
    def element(self) -> CodebookFormat:
        return CodebookFormat((-1, 0, 1))

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        return np.concatenate([
            join_trits(codes[..., first:first + trits * count]
                       .reshape(*codes.shape[:-1], trits, count))
            for first, trits, count in RUNS], axis=-1)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pieces = np.split(data, [32, 48], axis=-1)
        return np.concatenate([
            split_trits(piece, trits).reshape(*data.shape[:-1], trits * count)
            for piece, (_, trits, count) in zip(pieces, RUNS, strict=True)], axis=-1)


@dataclass(frozen=True)
class TQ2_0Format(_TernaryFormat):
    """``tq2_0``: ``scale * (code - 1)``, two bits each; 66 bytes for 256 weights.

    Quantised as :class:`TQ1_0Format`. Code 3, never written by :meth:`encode`, stands for 2.

    Source: GGUF, block_tq2_0.
    """

    name: ClassVar[str] = "tq2_0"
    block_bytes: ClassVar[int] = 66

    @property
    def element(self) -> CodebookFormat:
        return CodebookFormat((-1, 0, 1, 2))

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        pairs = codes.astype(np.uint8).reshape(*codes.shape[:-1], 2, 4, 32)
        shifted = pairs << np.arange(0, 8, 2, dtype=np.uint8)[:, None]
        return np.bitwise_or.reduce(shifted, axis=-2).reshape(*codes.shape[:-1], 64)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        halves = data.reshape(*data.shape[:-1], 2, 1, 32)
        pairs = halves >> np.arange(0, 8, 2, dtype=np.uint8)[:, None] & np.uint8(3)
        return pairs.reshape(*data.shape[:-1], 256)
