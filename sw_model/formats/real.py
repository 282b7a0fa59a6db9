"""IEEE single precision, for tensors that live on the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import Format

__all__ = ["Float32Format"]


@dataclass(frozen=True)
class Float32Format(Format):
    """IEEE binary32. Arrays hold the real values themselves; no hardware carries it.

    All that deals in codes raises TypeError.
    """

    @property
    def width(self) -> int:  # type: ignore[override]
        return 32

    @property
    def min(self) -> int:
        raise _no_codes()

    @property
    def max(self) -> int:
        raise _no_codes()

    @property
    def lsb(self) -> int:
        raise _no_codes()

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)

    def to_fixed(self, codes: ArrayLike) -> NDArray[np.int64]:
        raise _no_codes()

    def from_fixed(self, values: ArrayLike) -> NDArray[np.int64]:
        raise _no_codes()

    def to_bits(self, codes: ArrayLike) -> NDArray[np.uint64]:
        raise _no_codes()

    def from_bits(self, bits: ArrayLike) -> NDArray[np.int64]:
        raise _no_codes()

    def check(self, name: str, codes: ArrayLike) -> None:
        """Raise TypeError unless the array is float32, ValueError if it holds NaN."""
        array = np.asarray(codes)
        if array.dtype != np.float32:
            raise TypeError(f"{name} must be float32, not {array.dtype}")
        if np.isnan(array).any():
            raise ValueError(f"{name} holds NaN")

    def __str__(self) -> str:
        return "float32"


def _no_codes() -> TypeError:
    return TypeError("float32 has no integer codes")
