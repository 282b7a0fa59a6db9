"""GGUF's IQ4_NL and MXFP4: 32 weights of 4 bits, looked up in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codebook import CodebookFormat
from ..integer import IntFormat
from ..rounding import Rounding
from .base import Fields
from .best import Best
from .gguf_base import (
    GgufFormat,
    HalfScaledFormat,
    inverse,
    join_nibbles,
    real_halves,
    split_nibbles,
)

__all__ = ["GGUF_E2M1", "GgufMxfp4Format", "IQ4_NLFormat"]

#: E2M1 as GGUF has it: minus zero is zero.
GGUF_E2M1 = CodebookFormat((0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6))


@dataclass(frozen=True)
class IQ4_NLFormat(HalfScaledFormat):
    """``iq4_nl``: ``scale * table[code]``, 18 bytes for 32 weights.

    The quantiser is this project's own. It tries the 16 scales that bring the value of largest
    magnitude to an entry of the table, and for the codes of each the scale of least squares;
    all are rounded to FP16. It keeps what has the least squared error, of equals the first
    tried. Values that came out of :meth:`decode` with a finite scale are encoded without error.

    Source: GGUF, block_iq4_nl.
    """

    name: ClassVar[str] = "iq4_nl"
    size: ClassVar[int] = 32
    block_bytes: ClassVar[int] = 18

    @property
    def element(self) -> CodebookFormat:
        return CodebookFormat((-127, -104, -83, -65, -49, -35, -22, -10,
                               1, 13, 25, 38, 53, 69, 89, 113))

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values).astype(np.float64)
        place = np.abs(x).argmax(axis=-1)[..., None]
        extreme = np.take_along_axis(x, place, axis=-1)[..., 0]
        self.halves(extreme / self.element.entries[0])  # refuses values out of reach
        best = Best()
        for entry in self.element.entries:
            codes = self._offer(best, x, extreme / entry)
            table = self.element.decode(codes)
            self._offer(best, x, (x * table).sum(axis=-1) / (table * table).sum(axis=-1))
        return best.fields

    def _offer(self, best: Best, x: NDArray[np.float64], wish: NDArray[np.float64]
               ) -> NDArray[np.int64]:
        """Offer the codes nearest to ``x`` for the scale nearest to ``wish``, and return them."""
        scales = self.nearest_halves(wish)
        real = real_halves(scales).astype(np.float64)[..., None]
        codes = self.element.encode(x * inverse(real))
        error = np.square(real * self.element.decode(codes) - x).sum(axis=-1)
        best.offer(error, codes=codes.astype(np.uint8), scales=scales)
        return codes

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        return join_nibbles(codes, 32)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return split_nibbles(data, 32)


@dataclass(frozen=True)
class GgufMxfp4Format(GgufFormat):
    """``gguf_mxfp4``: ``2**(scale - 127)`` times E2M1, 17 bytes for 32 weights.

    The exponent is that of the largest magnitude less 2, at least -127. Values go to the
    nearest element, ties to the smaller magnitude; what lies beyond 6 becomes 6. This differs
    from OCP's MXFP4: in the ties, minus zero is never written and read as zero, and scale 255
    is no NaN but ``2**128``, which leaves float32 infinities for magnitudes from 1 on, as
    scales 253 and 254 do for the largest.

    Source: GGUF, block_mxfp4.
    """

    name: ClassVar[str] = "gguf_mxfp4"
    size: ClassVar[int] = 32
    block_bytes: ClassVar[int] = 17

    @property
    def element(self) -> CodebookFormat:
        return GGUF_E2M1

    def encode(self, values: ArrayLike) -> Fields:
        x = self.floats(values).astype(np.float64)
        largest = np.abs(x).max(axis=-1)
        # The exponent of zero is of no meaning.
        exponents = np.where(largest > 0, np.frexp(largest)[1] - 1, -127)
        scales = np.maximum(exponents - 2 + 127, 0)
        codes = self.element.encode(np.ldexp(x, (127 - scales)[..., None]),
                                    rounding=Rounding.HALF_TOWARD_ZERO)
        return {"codes": codes.astype(np.uint8), "scales": scales.astype(np.uint8)}

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scales = self._parts(fields)
        exponents = scales.astype(np.int64)[..., None] - 127
        with np.errstate(over="ignore"):
            values = np.ldexp(self.element.decode(codes), exponents).astype(np.float32)
        return self.joined(values)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales = self._parts(fields)
        return np.concatenate([scales.astype(np.uint8)[..., None], join_nibbles(codes, 32)],
                              axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        return {"codes": split_nibbles(array[..., 1:], 32), "scales": array[..., 0].copy()}

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any]]:
        codes = self.codes_of(fields)
        return codes, self.shared(fields, "scales", IntFormat(8, signed=False))
