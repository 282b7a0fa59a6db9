"""Codebooks that are fitted to a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import CodebookFormat

from .scaled import LOOKED_AT, SCALE_BITS, Reals

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """The nearest of ``entries`` values that are fitted to the tensor (Lloyd's algorithm)."""

    entries: int

    @property
    def name(self) -> str:
        """How many there are."""
        return f"codebook of {self.entries}, fitted"

    def bits(self, values: NDArray[Any]) -> float:
        """Bits for each element, the codebook included."""
        return (self.entries - 1).bit_length() + SCALE_BITS * self.entries / values.size

    def restored(self, values: Reals) -> Reals:
        """``values``, each the nearest entry."""
        seen = np.sort(values.ravel())[::-(-values.size // (16 * LOOKED_AT))]
        centres = np.quantile(seen, (np.arange(self.entries) + 0.5) / self.entries)
        for _ in range(30):
            place = np.searchsorted((centres[1:] + centres[:-1]) / 2, seen)
            counts = np.bincount(place, minlength=self.entries)
            sums = np.bincount(place, seen, minlength=self.entries)
            centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
        book = CodebookFormat(tuple(centres.astype(np.float32).astype(float).tolist()))
        return book.decode(book.encode(values))
