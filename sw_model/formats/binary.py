"""One-bit and three-valued formats: bipolar and ternary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import Format
from .overflow import Overflow
from .rounding import Rounding, as_reals

__all__ = ["BipolarFormat", "TernaryFormat"]


@dataclass(frozen=True)
class BipolarFormat(Format):
    """One bit: code 0 is -1, code 1 is +1. Zero encodes as +1, as in QONNX's BipolarQuant."""

    @property
    def width(self) -> int:  # type: ignore[override]
        return 1

    @property
    def min(self) -> int:
        return 0

    @property
    def max(self) -> int:
        return 1

    @property
    def fixed_min(self) -> int:
        return -1

    @property
    def fixed_max(self) -> int:
        return 1

    def to_fixed(self, codes: ArrayLike) -> NDArray[np.int64]:
        return np.asarray(self._checked("codes", codes) * 2 - 1)

    def from_fixed(self, values: ArrayLike) -> NDArray[np.int64]:
        array = np.asarray(values)
        if array.dtype.kind not in "iub":
            raise TypeError(f"values must hold integers for {self}, not {array.dtype}")
        if not ((array == 1) | (array == -1)).all():
            raise ValueError("a bipolar value must be -1 or +1")
        return (array == 1).astype(np.int64)

    def encode(
        self,
        values: ArrayLike,
        *,
        rounding: Rounding = Rounding.HALF_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> NDArray[np.int64]:
        """The sign of each value, zero counting as positive; only ``ERROR`` minds magnitude."""
        real = as_reals(values)
        if np.isnan(real).any():
            raise ValueError(f"NaN has no code in {self}")
        if not isinstance(overflow, Overflow):
            raise TypeError(f"overflow must be an Overflow, not {overflow!r}")
        if overflow is Overflow.SPECIAL:
            raise ValueError("a bipolar value has neither infinities nor NaN to overflow to")
        if overflow is Overflow.ERROR and not (np.abs(real) == 1).all():
            raise ValueError("a bipolar value must be -1 or +1")
        return (real >= 0).astype(np.int64)

    def __str__(self) -> str:
        return "bipolar"


@dataclass(frozen=True)
class TernaryFormat(Format):
    """Two's complement on two bits: codes -1, 0 and +1. The pattern ``10`` is no code.

    Where values wrap, they do so modulo 3.
    """

    @property
    def width(self) -> int:  # type: ignore[override]
        return 2

    @property
    def min(self) -> int:
        return -1

    @property
    def max(self) -> int:
        return 1

    def __str__(self) -> str:
        return "ternary"
