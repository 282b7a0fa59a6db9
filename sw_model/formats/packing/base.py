"""What a packing offers: codes of one format to the bytes that hold them, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import ArrayLike, NDArray

from ..base import Format
from .checks import Bytes

__all__ = ["Packing"]


class Packing(ABC):
    """How codes lie in bytes: a frozen value object that can be spelt.

    Members
    -------
    element : Format
        Of the codes.
    bits : float
        Bits for each code.
    """

    @property
    @abstractmethod
    def element(self) -> Format: ...

    @property
    @abstractmethod
    def bits(self) -> float: ...

    @abstractmethod
    def bytes_for(self, count: int) -> int:
        """Bytes that ``count`` codes take.

        Raises
        ------
        TypeError, ValueError
            If there is no such number of codes.
        """

    @abstractmethod
    def pack(self, codes: ArrayLike) -> Bytes:
        """Codes of shape (..., n) as uint8, shape (..., bytes_for(n)).

        Raises
        ------
        TypeError
            If the codes are not integers.
        ValueError
            If they have no axis, one is no code of ``element``, or so many are not packed.
        """

    @abstractmethod
    def unpack(self, data: ArrayLike, count: int) -> NDArray[Any]:
        """The inverse of :meth:`pack`: codes of shape (..., count).

        Raises
        ------
        TypeError
            If the data are not bytes (uint8), or the count is no integer.
        ValueError
            If the last axis has not as many bytes as ``count`` codes take, or the bytes are
            none that :meth:`pack` gives.
        """
