"""GGUF's NVFP4: 64 weights as E2M1, a UE4M3 scale for every 16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codebook import CodebookFormat
from ..integer import IntFormat
from ..minifloat import NAMED, MinifloatFormat
from .base import Fields
from .best import Best
from .gguf_base import GgufFormat, inverse, join_nibbles, split_nibbles
from .gguf_table import GGUF_E2M1

__all__ = ["GgufNvfp4Format"]

UE4M3 = NAMED["ue4m3"]


def _scale_values() -> NDArray[np.float64]:
    """What each byte of a scale stands for: the highest bit is of no meaning, 0x7F is zero."""
    values = np.tile(MinifloatFormat(4, 3, signed=False).values(), 2)
    values[0x7F] = 0
    return values


SCALES = _scale_values()


@dataclass(frozen=True)
class GgufNvfp4Format(GgufFormat):
    """``gguf_nvfp4``: ``scale * element``, a scale for 16 of 64 weights; 36 bytes.

    A scale is a byte of UE4M3 in the field ``scales`` of shape (..., blocks, 4). Bytes from
    0x80 on, never written by :meth:`encode`, stand for what they are without the highest bit;
    0x7F is 0, but 0xFF is 480. There is no scale of the tensor: values beyond 2688 are refused,
    those far below 2**-10 become zero.

    The quantiser is this project's own. It tries the scales that bring the largest magnitude to
    each magnitude of E2M1 and, for 6, their neighbours, and keeps what has the least squared
    error, of equals the first tried. Values that came out of :meth:`decode` are encoded without
    error, unless their scale was 480.

    Source: GGUF, block_nvfp4.
    """

    name: ClassVar[str] = "gguf_nvfp4"
    size: ClassVar[int] = 64
    block_bytes: ClassVar[int] = 36

    @property
    def element(self) -> CodebookFormat:
        return GGUF_E2M1

    def encode(self, values: ArrayLike) -> Fields:
        blocks = self.floats(values).astype(np.float64)
        x = blocks.reshape(*blocks.shape[:-1], 4, 16)
        largest = np.abs(x).max(axis=-1)
        if (largest > 2688).any():
            raise ValueError(f"{self} holds values up to 2688, not {largest.max():g}")
        best = Best()
        full = UE4M3.encode(np.minimum(largest / 6, 448))
        for step in (0, -1, 1):
            self._offer(best, x, np.clip(full + step, 0, UE4M3.max - 1))
        for magnitude in (4, 3, 2, 1.5, 1, 0.5):
            self._offer(best, x, UE4M3.encode(np.minimum(largest / magnitude, 448)))
        codes = best.fields["codes"].reshape(blocks.shape)
        return {"codes": codes.astype(np.uint8), "scales": best.fields["scales"].astype(np.uint8)}

    def _offer(self, best: Best, x: NDArray[np.float64], scales: NDArray[np.int64]) -> None:
        real = SCALES[scales][..., None]
        codes = self.element.encode(x * inverse(real))
        error = np.square(real * self.element.decode(codes) - x).sum(axis=-1)
        best.offer(error, codes=codes, scales=scales)

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scales = self._parts(fields)
        elements = self.element.decode(codes).reshape(*codes.shape[:-1], 4, 16)
        values = SCALES[scales][..., None] * elements
        return self.joined(values.astype(np.float32).reshape(codes.shape))

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales = self._parts(fields)
        return np.concatenate([scales.astype(np.uint8), join_nibbles(codes, 16)], axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        return {"codes": split_nibbles(array[..., 4:], 16), "scales": array[..., :4].copy()}

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any]]:
        codes = self.codes_of(fields)
        return codes, self.shared(fields, "scales", IntFormat(8, signed=False), 4)
