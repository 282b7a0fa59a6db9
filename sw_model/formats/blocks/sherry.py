"""Sherry: of four ternary weights one is zero, and five bits hold them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..binary import TernaryFormat
from ..packing import pack_bits, unpack_bits
from .base import Fields
from .gguf_base import HalfScaledFormat

__all__ = ["STQ1_0Format", "SherryFormat", "join_four", "split_four"]

#: Lanes of the three that are not zero, for each place of the zero.
OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])


def join_four(ternary: NDArray[Any]) -> NDArray[np.uint8]:
    """Patterns of five bits of four ternary weights each, shape (..., 4) to (...).

    Bits 3 and 2 are the lane of the zero. Bit 4 tells that the first of the others is negative,
    bits 0 and 1 that the second and third have another sign than the first. So bit 4 negates
    all that the lower four select.

    >>> join_four(np.array([[0, 1, 1, 1], [-1, 1, 1, 0]]))
    array([ 0, 31], dtype=uint8)

    Raises
    ------
    ValueError
        If four weights have not exactly one zero.
    """
    zeros = ternary == 0
    wrong = zeros.sum(axis=-1) != 1
    if wrong.any():
        raise ValueError(f"of four weights exactly one must be 0, not as in "
                         f"{ternary[wrong][0].tolist()}")
    zero = zeros.argmax(axis=-1)
    others = np.take_along_axis(ternary, OTHERS[zero], axis=-1) < 0
    first, second, third = (others[..., k].astype(np.int64) for k in range(3))
    pattern = first << 4 | zero << 2 | (third ^ first) << 1 | second ^ first
    return pattern.astype(np.uint8)


def split_four(patterns: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The inverse of :func:`join_four`: ternary weights, shape (...) to (..., 4)."""
    whole = patterns.astype(np.int64)
    first = whole >> 4 & 1
    negative = np.stack([first, first ^ whole & 1, first ^ whole >> 1 & 1], axis=-1)
    ternary = np.zeros((*whole.shape, 4), np.int8)
    np.put_along_axis(ternary, OTHERS[whole >> 2 & 3], (1 - 2 * negative).astype(np.int8), axis=-1)
    return ternary


class _SherryFormat(HalfScaledFormat):
    """The quantiser that both share; subclasses say which four weights belong together."""

    scale_first: ClassVar[bool] = False

    @property
    def element(self) -> TernaryFormat:
        return TernaryFormat()

    @abstractmethod
    def fours(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """Blocks of shape (..., size) as (..., size / 4, 4)."""

    @abstractmethod
    def unfours(self, fours: NDArray[Any]) -> NDArray[Any]:
        """The inverse of :meth:`fours`."""

    def encode(self, values: ArrayLike) -> Fields:
        x = self.fours(self.floats(values).astype(np.float64))
        zero = np.abs(x).argmin(axis=-1)[..., None]
        codes = np.where(x < 0, -1, 1).astype(np.int8)
        np.put_along_axis(codes, zero, np.int8(0), axis=-1)
        scales = np.abs(x * codes).sum(axis=(-2, -1)) / (self.size * 3 // 4)
        return {"codes": self.unfours(codes), "scales": self.halves(scales)}

    def codes_of(self, fields: Fields) -> NDArray[Any]:
        codes = super().codes_of(fields)
        join_four(self.fours(codes))  # refuses what is not 3:4
        return codes


@dataclass(frozen=True)
class SherryFormat(_SherryFormat):
    """``sherry<group>``: ``scale * code``, codes -1, 0, 1 of which every fourth is 0.

    Of four neighbours the one of least magnitude becomes 0, of equals the first; the others
    become their signs, zero counting as positive. The scale of a group is the mean magnitude of
    what is not dropped, rounded to FP16. Other codes than three of four are refused.

    A packed block has five bits for four weights, see :func:`join_four`, the first ones in the
    low bits, and then the scale.

    Source: Sherry, 1.25-bit ternary quantisation by 3:4 sparsity (AngelSlim).

    Parameters
    ----------
    group : int
        Weights that share a scale, a multiple of 32, so that groups are whole bytes.
    """

    group: int = 128

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", as_index("group", self.group))
        if self.group < 32 or self.group % 32:
            raise ValueError(f"group must be a multiple of 32, not {self.group}")

    @property
    def size(self) -> int:
        return self.group

    @property
    def block_bytes(self) -> int:
        return self.group // 4 * 5 // 8 + 2

    def fours(self, blocks: NDArray[Any]) -> NDArray[Any]:
        return blocks.reshape(*blocks.shape[:-1], self.group // 4, 4)

    def unfours(self, fours: NDArray[Any]) -> NDArray[Any]:
        return fours.reshape(*fours.shape[:-2], self.group)

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        return pack_bits(join_four(self.fours(codes)), 5)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.int8]:
        patterns = unpack_bits(data, 5, self.group // 4)
        return self.unfours(split_four(patterns.astype(np.uint8)))

    def __str__(self) -> str:
        return f"sherry<{self.group}>"


@dataclass(frozen=True)
class STQ1_0Format(_SherryFormat):
    """``stq1_0``: Sherry's codes for 256 weights and one scale; 42 bytes.

    Quantised as :class:`SherryFormat`, but four weights that belong together lie 16 apart: those
    of four number ``g`` are ``g // 16 * 64 + g % 16 + 16 * p``, lanes ``p`` from 0 to 3. The low
    four bits of all patterns come first, two in a byte, the first in the low nibble; then the
    highest bits, eight in a byte, the first in the lowest bit; then the scale.

    Source: STQ1_0 of the public Sherry kernels (llama.cpp, pull request 22836, not settled).
    """

    name: ClassVar[str] = "stq1_0"
    size: ClassVar[int] = 256
    block_bytes: ClassVar[int] = 42

    def fours(self, blocks: NDArray[Any]) -> NDArray[Any]:
        lanes = blocks.reshape(*blocks.shape[:-1], 4, 4, 16)
        return lanes.swapaxes(-1, -2).reshape(*blocks.shape[:-1], 64, 4)

    def unfours(self, fours: NDArray[Any]) -> NDArray[Any]:
        lanes = fours.reshape(*fours.shape[:-2], 4, 16, 4)
        return lanes.swapaxes(-1, -2).reshape(*fours.shape[:-2], 256)

    def pack_codes(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        patterns = join_four(self.fours(codes))
        return np.concatenate([pack_bits(patterns & 15, 4), pack_bits(patterns >> 4, 1)], axis=-1)

    def unpack_codes(self, data: NDArray[np.uint8]) -> NDArray[np.int8]:
        slots = unpack_bits(data[..., :32], 4, 64)
        signs = unpack_bits(data[..., 32:], 1, 64)
        return self.unfours(split_four(slots | signs << 4))
