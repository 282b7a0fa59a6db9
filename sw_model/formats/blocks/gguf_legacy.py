"""GGUF's Q4_0, Q4_1 and Q8_0: 32 weights and a scale rounded to FP16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codebook import CodebookFormat
from ..integer import IntFormat
from ..rounding import Rounding, round_real
from .base import Fields
from .gguf_base import (
    FP16,
    GgufFormat,
    HalfScaledFormat,
    inverse,
    join_nibbles,
    read_halves,
    real_halves,
    split_nibbles,
    write_halves,
)

__all__ = ["Q4_0Format", "Q4_1Format", "Q8_0Format"]


@dataclass(frozen=True)
class Q4_0Format(HalfScaledFormat):
    """``q4_0``: ``scale * (code - 8)``, code 0 to 15; 18 bytes for 32 weights.

    The first value of largest magnitude has code 0; so the scale is that value over -8. Others
    go to the nearest code, ties upward, computed in float32 with the scale before its rounding
    to FP16. Codes of the first 16 weights are low nibbles.

    Source: GGUF, block_q4_0.
    """

    name: ClassVar[str] = "q4_0"
    size: ClassVar[int] = 32
    block_bytes: ClassVar[int] = 18

    @property
    def element(self) -> CodebookFormat:
        return CodebookFormat(tuple(range(-8, 8)))

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values)
        place = np.abs(x).argmax(axis=-1)[..., None]
        scale = np.take_along_axis(x, place, axis=-1) / -8
        codes = np.trunc(x * inverse(scale) + np.float32(8.5)).clip(0, 15)
        return {"codes": codes.astype(np.uint8), "scales": self.halves(scale[..., 0])}

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        return join_nibbles(codes, 32)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return split_nibbles(data, 32)


@dataclass(frozen=True)
class Q4_1Format(GgufFormat):
    """``q4_1``: ``scale * code + minimum``, code 0 to 15; 20 bytes for 32 weights.

    The minimum is the least value, the scale a fifteenth of the range. Values go to the nearest
    code, ties upward, computed in float32 with both before their rounding to FP16. Fields are
    ``codes``, ``scales`` and ``minima``.

    Source: GGUF, block_q4_1.
    """

    name: ClassVar[str] = "q4_1"
    size: ClassVar[int] = 32
    block_bytes: ClassVar[int] = 20

    @property
    def element(self) -> IntFormat:
        return IntFormat(4, signed=False)

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values)
        minimum = x.min(axis=-1, keepdims=True)
        with np.errstate(over="ignore"):
            scale = (x.max(axis=-1, keepdims=True) - minimum) / 15
        fields = {"scales": self.halves(scale[..., 0]), "minima": self.halves(minimum[..., 0])}
        codes = np.trunc((x - minimum) * inverse(scale) + np.float32(0.5)).clip(0, 15)
        return {"codes": codes.astype(np.uint8), **fields}

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scale, minimum = self._parts(fields)
        with np.errstate(invalid="ignore"):
            values = (real_halves(scale)[..., None] * codes.astype(np.float32)
                      + real_halves(minimum)[..., None])
        return self.joined(values)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, *shared = self._parts(fields)
        return np.concatenate([write_halves(np.stack(shared, axis=-1)), join_nibbles(codes, 32)],
                              axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        return {"codes": split_nibbles(array[..., 4:], 32), "scales": read_halves(array[..., :2]),
                "minima": read_halves(array[..., 2:4])}

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return (self.codes_of(fields), self.shared(fields, "scales", FP16),
                self.shared(fields, "minima", FP16))


@dataclass(frozen=True)
class Q8_0Format(HalfScaledFormat):
    """``q8_0``: ``scale * code``, code -127 to 127 (files may hold -128); 34 bytes for 32.

    The scale is the largest magnitude over 127. Values are rounded to the nearest code, halves
    away from zero, computed in float32 with the scale before its rounding to FP16.

    Source: GGUF, block_q8_0.
    """

    name: ClassVar[str] = "q8_0"
    size: ClassVar[int] = 32
    block_bytes: ClassVar[int] = 34

    @property
    def element(self) -> IntFormat:
        return IntFormat(8)

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values)
        scale = np.abs(x).max(axis=-1, keepdims=True) / 127
        codes = round_real(x * inverse(scale), Rounding.HALF_AWAY)
        return {"codes": codes.astype(np.int8), "scales": self.halves(scale[..., 0])}

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        return codes.astype(np.int8).view(np.uint8)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.int8]:
        return data.copy().view(np.int8)
