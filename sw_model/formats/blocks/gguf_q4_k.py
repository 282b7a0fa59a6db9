"""GGUF's Q4_K: 256 weights of 4 bits, scales and minima of 32 each on 6 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..integer import IntFormat
from .base import Fields
from .best import Best
from .gguf_base import (
    FP16,
    GgufFormat,
    inverse,
    join_nibbles,
    read_halves,
    real_halves,
    split_nibbles,
    write_halves,
)

__all__ = ["Q4_KFormat", "least_squares"]

UINT6 = IntFormat(6, signed=False)

#: Steps that the range of a sub-block is divided into, in the order in which they are tried.
STEPS = (15.0, 14.5, 14.0, 13.5, 13.0, 15.5)

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Q4_KFormat(GgufFormat):
    """``q4_k``: ``d * scale * code - dmin * minimum``, 144 bytes for 256 weights.

    Fields are ``codes``, 0 to 15; ``scales`` and ``minima`` of shape (..., blocks, 8), 0 to 63,
    for sub-blocks of 32 weights each; ``d`` and ``dmin`` of shape (..., blocks), FP16.

    The quantiser is this project's own. For each sub-block it takes some scales and minima:
    range over 15 and the least value, or 0 if that is positive; a few other divisors; and for
    the codes of each what fits with least squares. It makes a whole block of each of them, and
    one of those that fit every sub-block best, and keeps the block of least squared error, of
    equals the first. So no block is worse than that of the plain range and minimum.

    Source: GGUF, block_q4_K.
    """

    name: ClassVar[str] = "q4_k"
    size: ClassVar[int] = 256
    block_bytes: ClassVar[int] = 144

    @property
    def element(self) -> IntFormat:
        return IntFormat(4, signed=False)

    def encode(self, values: ArrayLike) -> Fields:
        blocks = self.floats(values).astype(np.float64)
        x = blocks.reshape(*blocks.shape[:-1], 8, 32)
        proposals = list(_proposals(x))
        for plain in proposals[0]:
            self.halves(plain / 63)  # refuses values that d or dmin do not reach
        best, each = Best(), Best()
        for scales, minima in proposals:
            each.offer(np.square(x - _fitted(x, scales, minima)).sum(axis=-1),
                       scales=scales, minima=minima)
            self._offer(best, x, scales, minima)
        self._offer(best, x, each.fields["scales"], each.fields["minima"])
        return {**best.fields, "codes": best.fields["codes"].reshape(blocks.shape)}

    def _offer(self, best: Best, x: Reals, scales: Reals, minima: Reals) -> None:
        """Offer the blocks that have nearly these scales and minima."""
        d, six = self._six_bits(scales)
        dmin, six_minima = self._six_bits(minima)
        scale = (_real(d) * six)[..., None]
        minimum = (_real(dmin) * six_minima)[..., None]
        codes = np.rint((x + minimum) * inverse(scale)).clip(0, 15)
        error = np.square(scale * codes - minimum - x).sum(axis=(-2, -1))
        best.offer(error, d=d, dmin=dmin, scales=six.astype(np.uint8),
                   minima=six_minima.astype(np.uint8), codes=codes.astype(np.uint8))

    def _six_bits(self, wishes: Reals) -> tuple[NDArray[np.uint16], Reals]:
        """What is common to the sub-blocks, an FP16, and six bits for each."""
        common = self.nearest_halves(wishes.max(axis=-1) / 63)
        return common, np.rint(wishes * inverse(_real(common))).clip(0, 63)

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scales, minima, d, dmin = self._parts(fields)
        parts = codes.reshape(*codes.shape[:-1], 8, 32).astype(np.float32)
        with np.errstate(invalid="ignore"):
            scale = real_halves(d)[..., None] * scales.astype(np.float32)
            minimum = real_halves(dmin)[..., None] * minima.astype(np.float32)
            values = scale[..., None] * parts - minimum[..., None]
        return self.joined(values.reshape(codes.shape))

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales, minima, d, dmin = self._parts(fields)
        s, m = scales.astype(np.uint8), minima.astype(np.uint8)
        # Six bits of the first four each; the two bits above hold the top of the last four.
        high = [x[..., :4] | x[..., 4:] >> 4 << 6 for x in (s, m)]
        low = s[..., 4:] & 15 | m[..., 4:] << 4
        return np.concatenate([write_halves(np.stack([d, dmin], axis=-1)), *high, low,
                               join_nibbles(codes, 64)], axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        s, m, low = array[..., 4:8], array[..., 8:12], array[..., 12:16]
        return {"codes": split_nibbles(array[..., 16:], 64),
                "scales": np.concatenate([s & 63, low & 15 | s >> 6 << 4], axis=-1),
                "minima": np.concatenate([m & 63, low >> 4 | m >> 6 << 4], axis=-1),
                "d": read_halves(array[..., :2]), "dmin": read_halves(array[..., 2:4])}

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], ...]:
        return (self.codes_of(fields), self.shared(fields, "scales", UINT6, 8),
                self.shared(fields, "minima", UINT6, 8), self.shared(fields, "d", FP16),
                self.shared(fields, "dmin", FP16))


def _proposals(x: Reals) -> Iterator[tuple[Reals, Reals]]:
    """Scales and minima, neither negative, for sub-blocks along the last axis."""
    low = np.minimum(x.min(axis=-1), 0)
    high = np.maximum(x.max(axis=-1), low)
    for steps in STEPS:
        scales = (high - low) / steps
        yield scales, -low
        yield least_squares(x, _codes(x, scales, -low))


def _codes(x: Reals, scales: Reals, minima: Reals) -> Reals:
    return np.asarray(np.rint((x + minima[..., None]) * inverse(scales)[..., None]).clip(0, 15))


def _fitted(x: Reals, scales: Reals, minima: Reals) -> Reals:
    return np.asarray(scales[..., None] * _codes(x, scales, minima) - minima[..., None])


def least_squares(x: Reals, codes: Reals) -> tuple[Reals, Reals]:
    """The scales and minima, not negative, of least squared error for these codes.

    Of sub-blocks along the last axis; where all codes of one are equal, its minimum is 0.
    """
    count = x.shape[-1]
    q, qq = codes.sum(axis=-1), (codes * codes).sum(axis=-1)
    total, xq = x.sum(axis=-1), (x * codes).sum(axis=-1)
    spread = count * qq - q * q
    scales = np.maximum((count * xq - q * total) * inverse(spread), 0)
    minima = (scales * q - total) / count
    # Without a spread, or with a minimum of the wrong sign, the scale alone has to fit.
    alone = (spread == 0) | (minima < 0)
    scales = np.where(alone, xq * inverse(qq), scales)
    return np.maximum(scales, 0), np.where(alone, 0, minima)


def _real(halves: NDArray[np.uint16]) -> Reals:
    """FP16 patterns as float64, with an axis for sub-blocks."""
    return real_halves(halves).astype(np.float64)[..., None]
