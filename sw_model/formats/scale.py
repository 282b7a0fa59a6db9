"""E8M0, the power-of-two scale of OCP's microscaling blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .coded import CodedFormat
from .nearest import Boundaries

__all__ = ["E8M0Format"]


@dataclass(frozen=True)
class E8M0Format(CodedFormat):
    """``2**(code - 127)``, and NaN for code 255: no sign, no zero, no infinities.

    Encoding with ``Rounding.FLOOR`` takes ``floor(log2)`` of a value, exactly. Values below
    the smallest, zero and negative ones too, are out of range however they are rounded: they
    saturate to ``2**-127``, or become NaN under ``Overflow.SPECIAL``.

    Source: OCP Microscaling Formats 1.0, 5.4.1.
    """

    @property
    def width(self) -> int:  # type: ignore[override]
        return 8

    def values(self) -> NDArray[np.float64]:
        return np.append(np.ldexp(1.0, np.arange(255) - 127), np.nan)

    def boundaries(self) -> Boundaries:
        edges = super().boundaries()
        # Above, the next power of two is near; its code would be that of NaN.
        return replace(edges, range=(edges.range[0], 1.5 * edges.range[1]))

    def __str__(self) -> str:
        return "e8m0"
