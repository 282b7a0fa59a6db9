"""What the block types of GGUF files share: FP16 scales, nibbles, refusals."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import Format
from ..minifloat import NAMED
from .base import BlockFormat, Fields
from .finite import finite_blocks

__all__ = ["FP16", "GgufFormat", "HalfScaledFormat", "inverse", "join_nibbles", "read_halves",
           "real_halves", "split_nibbles", "write_halves"]

#: The format of GGUF's scales; fields hold its patterns.
FP16 = NAMED["fp16"]

#: The largest finite number of FP16.
LARGEST = 65504.0


class GgufFormat(BlockFormat):
    """A block type of GGUF files or like them, little endian; its values are float32.

    Values are rounded to float32 before anything else. NaN and infinities are refused, and so
    are values that need a scale beyond the format's scales; scales that are too small for FP16
    become zero, and so does then the block. Whatever patterns the scales of a file have are
    decoded: a NaN gives NaN for all that it scales, an infinity gives NaN where it meets a zero
    and infinities elsewhere.

    Members
    -------
    element : Format
        What the codes stand for before they are scaled.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def element(self) -> Format: ...

    def __str__(self) -> str:
        return self.name

    def floats(self, values: ArrayLike) -> NDArray[np.float32]:
        """``values`` as float32 of shape (..., blocks, size).

        Raises
        ------
        TypeError
            If the values are not real numbers.
        ValueError
            If the last axis is no multiple of ``size``, or a value is NaN, infinite or beyond
            float32.
        """
        return finite_blocks(self, values).astype(np.float32)

    def bytes_of(self, data: ArrayLike) -> NDArray[np.uint8]:
        """As the base class does; one block alone has an axis of blocks too."""
        array = super().bytes_of(data)
        if array.ndim < 2:
            raise ValueError(f"data of {self} must have an axis of blocks, but has shape "
                             f"{array.shape}")
        return array

    def halves(self, scales: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
        """Patterns of scales rounded to FP16; ValueError if one is too large."""
        with np.errstate(over="ignore"):
            half = scales.astype(np.float16)
        if np.isinf(half).any():
            raise ValueError(f"{self} has scales of FP16, at most {LARGEST:g}, but these values "
                             f"need {np.abs(scales).max():g}")
        return np.asarray(half.view(np.uint16))

    def nearest_halves(self, scales: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Patterns of the nearest finite FP16, plus zero for zero."""
        return self.halves(np.clip(scales, -LARGEST, LARGEST) + 0.0)

    def codes_of(self, fields: Fields) -> NDArray[Any]:
        """The field ``codes``, checked; see :meth:`BlockFormat.decode`."""
        codes = self.field(fields, "codes", self.size)
        if codes.ndim < 2:
            raise ValueError(f"field 'codes' of {self} must have an axis of blocks, but has shape "
                             f"{codes.shape}")
        self.element.check("codes", codes)
        return codes

    def shared(self, fields: Fields, name: str, form: Format, *axes: int) -> NDArray[Any]:
        """A field of codes of ``form`` that blocks share, of extents ``axes`` for each block."""
        array = self.field(fields, name, *axes)
        blocks = self.field(fields, "codes", self.size).shape[:-1]
        if array.shape != (*blocks, *axes):
            raise ValueError(f"field {name!r} of {self} must have shape {(*blocks, *axes)}, as "
                             f"'codes' has, but has {array.shape}")
        form.check(name, array)
        return array


class HalfScaledFormat(GgufFormat):
    """Types whose value is ``scale * element``: fields ``codes`` and ``scales``, FP16."""

    #: Whether the scale lies before the codes or behind them.
    scale_first: ClassVar[bool] = True

    @abstractmethod
    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        """The bytes of checked codes of shape (..., size)."""

    @abstractmethod
    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[Any]:
        """Codes of shape (..., size)."""

    def decode(self, fields: Fields) -> NDArray[np.float32]:
        codes, scale = self.codes_of(fields), self.shared(fields, "scales", FP16)
        elements = self.element.decode(codes).astype(np.float32)
        with np.errstate(invalid="ignore"):
            values = real_halves(scale)[..., None] * elements
        return self.joined(values)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scale = self.codes_of(fields), self.shared(fields, "scales", FP16)
        parts = [write_halves(scale[..., None]), self.pack_codes(codes)]
        return np.concatenate(parts if self.scale_first else parts[::-1], axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        array = self.bytes_of(data)
        at = 0 if self.scale_first else self.block_bytes - 2
        rest = array[..., 2:] if self.scale_first else array[..., :-2]
        return {"codes": self.unpack_codes(rest), "scales": read_halves(array[..., at:at + 2])}


def inverse(scales: NDArray[Any]) -> NDArray[Any]:
    """``1 / scales``; 0 where that is infinite, as the scale is then 0 in FP16 too."""
    with np.errstate(divide="ignore", over="ignore"):
        reciprocal = 1 / scales
    return np.where(np.isfinite(reciprocal), reciprocal, scales.dtype.type(0))


def real_halves(patterns: NDArray[Any]) -> NDArray[np.float32]:
    """FP16 patterns as float32."""
    return patterns.astype(np.uint16).view(np.float16).astype(np.float32)


def write_halves(patterns: NDArray[Any]) -> NDArray[np.uint8]:
    """Patterns of shape (..., n) as bytes of shape (..., 2 n)."""
    whole = np.ascontiguousarray(patterns, dtype="<u2")
    return whole.view(np.uint8)


def read_halves(data: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The inverse of :func:`write_halves` for one pattern: shape (..., 2) to (...)."""
    return data[..., 0].astype(np.uint16) | data[..., 1].astype(np.uint16) << np.uint16(8)


def join_nibbles(codes: NDArray[Any], run: int) -> NDArray[np.uint8]:
    """Bytes of 4-bit codes: of every ``run`` codes the first half lie in low nibbles.

    Shape (..., n), of which ``run`` is a divisor, to (..., n / 2).
    """
    halves = codes.astype(np.uint8).reshape(*codes.shape[:-1], codes.shape[-1] // run, 2, run // 2)
    joined = halves[..., 0, :] | halves[..., 1, :] << np.uint8(4)
    return joined.reshape(*codes.shape[:-1], codes.shape[-1] // 2)


def split_nibbles(data: NDArray[np.uint8], run: int) -> NDArray[np.uint8]:
    """The inverse of :func:`join_nibbles`."""
    runs = data.reshape(*data.shape[:-1], 2 * data.shape[-1] // run, run // 2)
    halves = np.stack([runs & np.uint8(15), runs >> np.uint8(4)], axis=-2)
    return halves.reshape(*data.shape[:-1], 2 * data.shape[-1])
