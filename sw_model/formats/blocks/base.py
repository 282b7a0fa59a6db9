"""What every block format offers: a run of elements that share a scale, and more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rounding import as_reals

__all__ = ["BlockFormat", "Fields"]

#: The arrays that a tensor in a block format consists of, by name.
Fields = Mapping[str, NDArray[Any]]


class BlockFormat(ABC):
    """A format of blocks along a tensor's last axis: a frozen value object that can be spelt.

    A tensor of shape (..., n) is held as :data:`Fields`, one array for each part of a block:
    ``codes`` of shape (..., n / size, size) and, of shape (..., n / size), whatever the
    elements of a block share. Parts that belong to the whole tensor have no axes.

    Members
    -------
    size : int
        Elements of a block.
    bits : float
        Bits for each element, with what the block shares; without what the tensor shares.
    block_bytes : int
        Bytes of one packed block.
    """

    @property
    @abstractmethod
    def size(self) -> int: ...

    @property
    def bits(self) -> float:
        return 8 * self.block_bytes / self.size

    @property
    @abstractmethod
    def block_bytes(self) -> int: ...

    @abstractmethod
    def encode(self, values: ArrayLike) -> Fields:
        """The fields of real values of shape (..., n).

        Raises
        ------
        TypeError
            If the values are not real numbers.
        ValueError
            If n is no multiple of ``size``, or a value is one that the format does not take.
        """

    @abstractmethod
    def decode(self, fields: Fields) -> NDArray[np.floating[Any]]:
        """The real values of fields, shape (..., n).

        Raises
        ------
        TypeError
            If a field does not hold integers, or a tensor's scale is no float32.
        ValueError
            If fields are missing, have the wrong shape or hold what is no code.
        """

    @abstractmethod
    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        """Bytes of shape (..., blocks, block_bytes), as they lie in memory.

        Fields that belong to the whole tensor are not looked at.

        Raises
        ------
        TypeError, ValueError
            As :meth:`decode` does.
        """

    @abstractmethod
    def unpack(self, data: ArrayLike) -> Fields:
        """The inverse of :meth:`pack`.

        Raises
        ------
        TypeError
            If the data are not bytes (uint8).
        ValueError
            If the last axis has not ``block_bytes`` bytes, there is no axis of blocks, or the
            bytes are none that :meth:`pack` gives; see the formats for those that take any.
        """

    def blocks_of(self, values: ArrayLike) -> NDArray[np.floating[Any]]:
        """``values`` as floats of shape (..., blocks, size); see :meth:`encode`."""
        reals = as_reals(values)
        if reals.ndim < 1 or reals.shape[-1] % self.size:
            raise ValueError(f"{self} takes runs of {self.size} elements, but the shape is "
                             f"{reals.shape}")
        return reals.reshape(*reals.shape[:-1], reals.shape[-1] // self.size, self.size)

    def joined(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """The inverse of :meth:`blocks_of`: (..., blocks, size) to (..., n)."""
        return blocks.reshape(*blocks.shape[:-2], blocks.shape[-2] * self.size)

    def bytes_of(self, data: ArrayLike) -> NDArray[np.uint8]:
        """``data`` as bytes of shape (..., blocks, block_bytes); see :meth:`unpack`."""
        array = np.asarray(data)
        if array.dtype != np.uint8:
            raise TypeError(f"data must be bytes (uint8), not {array.dtype}")
        if array.ndim < 1 or array.shape[-1] != self.block_bytes:
            raise ValueError(f"a block of {self} has {self.block_bytes} bytes, but the shape is "
                             f"{array.shape}")
        return array

    def field(self, fields: Fields, name: str, *axes: int) -> NDArray[Any]:
        """One field, whose last axes must have the extents ``axes``."""
        if name not in fields:
            raise ValueError(f"{self} has the field {name!r}, but there are "
                             f"{', '.join(fields) or 'none'}")
        array = np.asarray(fields[name])
        if array.shape[array.ndim - len(axes):] != axes:
            raise ValueError(f"field {name!r} of {self} must end in axes {axes}, but has shape "
                             f"{array.shape}")
        return array
