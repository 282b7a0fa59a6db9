"""GGUF's Q6_K: 256 weights of 6 bits, scales of 16 each on 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codebook import CodebookFormat
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

__all__ = ["Q6_KFormat"]

INT8 = IntFormat(8)

#: What the extreme value of a sub-block is given, in the order in which it is tried.
EXTREMES = (-32, -31, 31, 30, -30, -33)

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Q6_KFormat(GgufFormat):
    """``q6_k``: ``d * scale * (code - 32)``, 210 bytes for 256 weights.

    Fields are ``codes``, 0 to 63; ``scales`` of shape (..., blocks, 16), -128 to 127, for
    sub-blocks of 16 weights each; ``d`` of shape (..., blocks), FP16.

    The quantiser is this project's own. For each sub-block it takes some scales: the value of
    largest magnitude over -32; over a few other integers; and for the codes of each what fits
    with least squares. It makes a whole block of each of them, and one of those that fit every
    sub-block best, and keeps the block of least squared error, of equals the first. So no
    block is worse than that of the plain scales.

    Source: GGUF, block_q6_K.
    """

    name: ClassVar[str] = "q6_k"
    size: ClassVar[int] = 256
    block_bytes: ClassVar[int] = 210

    @property
    def element(self) -> CodebookFormat:
        return CodebookFormat(tuple(range(-32, 32)))

    def encode(self, values: ArrayLike) -> Fields:
        blocks = self.floats(values).astype(np.float64)
        x = blocks.reshape(*blocks.shape[:-1], 16, 16)
        place = np.abs(x).argmax(axis=-1)[..., None]
        extreme = np.take_along_axis(x, place, axis=-1)[..., 0]
        self.halves(extreme / 32 / 127)  # refuses values that d does not reach
        best, each = Best(), Best()
        for integer in EXTREMES:
            scales = extreme / integer
            numbers = _nearest(x, scales[..., None])
            fitting = (x * numbers).sum(axis=-1) * inverse((numbers * numbers).sum(axis=-1))
            for wish in (scales, fitting):
                near = wish[..., None] * _nearest(x, wish[..., None])
                each.offer(np.square(x - near).sum(axis=-1), scales=wish)
                self._offer(best, x, wish)
        self._offer(best, x, each.fields["scales"])
        return {**best.fields, "codes": best.fields["codes"].reshape(blocks.shape)}

    def _offer(self, best: Best, x: Reals, wishes: Reals) -> None:
        """Offer the blocks that have nearly these scales."""
        d = self.nearest_halves(np.abs(wishes).max(axis=-1) / 127)
        real = real_halves(d).astype(np.float64)[..., None]
        scales = np.rint(wishes * inverse(real)).clip(-128, 127)
        step = (real * scales)[..., None]
        numbers = _nearest(x, step)
        error = np.square(step * numbers - x).sum(axis=(-2, -1))
        best.offer(error, d=d, scales=scales.astype(np.int8),
                   codes=(numbers + 32).astype(np.uint8))

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scales, d = self._parts(fields)
        elements = self.element.decode(codes).astype(np.float32)
        with np.errstate(invalid="ignore"):
            step = real_halves(d)[..., None] * scales.astype(np.float32)
            values = step[..., None] * elements.reshape(*codes.shape[:-1], 16, 16)
        return self.joined(values.reshape(codes.shape))

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales, d = self._parts(fields)
        whole = codes.astype(np.uint8)
        # Of 128 weights the first 64 are low nibbles; two bits more of four runs share a byte.
        fours = (whole >> 4).reshape(*whole.shape[:-1], 2, 4, 32)
        pairs = np.bitwise_or.reduce(fours << np.arange(0, 8, 2, dtype=np.uint8)[:, None], axis=-2)
        return np.concatenate([join_nibbles(whole & 15, 128),
                               pairs.reshape(*whole.shape[:-1], 64),
                               scales.astype(np.int8).view(np.uint8),
                               write_halves(d[..., None])], axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        low, pairs, scales = np.split(array[..., :208], [128, 192], axis=-1)
        runs = pairs.reshape(*pairs.shape[:-1], 2, 1, 32)
        high = runs >> np.arange(0, 8, 2, dtype=np.uint8)[:, None] & np.uint8(3)
        codes = split_nibbles(low, 128) | high.reshape(*pairs.shape[:-1], 256) << 4
        return {"codes": codes, "scales": scales.copy().view(np.int8),
                "d": read_halves(array[..., 208:])}

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return (self.codes_of(fields), self.shared(fields, "scales", INT8, 16),
                self.shared(fields, "d", FP16))


def _nearest(x: Reals, step: Reals) -> Reals:
    """Integers -32 to 31 nearest to ``x / step``."""
    return np.asarray(np.rint(x * inverse(step)).clip(-32, 31))
