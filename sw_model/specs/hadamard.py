"""Rotations by Hadamard matrices."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format

__all__ = ["HadamardSpec"]


@dataclass(frozen=True)
class HadamardSpec:
    """``y = H x`` for blocks of ``size`` elements, ``H`` the Sylvester matrix; exact.

    Parameters
    ----------
    source : Format
        Codes of ``x``, integers.
    size : int
        Elements of a block: a power of two, 2 to 1024.
    """

    source: Format
    size: int

    def __post_init__(self) -> None:
        require_format("source", self.source)
        indices(self, "size")
        if not 2 <= self.size <= 1024 or self.size & (self.size - 1):
            raise ValueError(f"size must be a power of two from 2 to 1024, not {self.size}")
        _ = self.target

    @property
    def stages(self) -> int:
        """Levels of butterflies: log2 of the size."""
        return self.size.bit_length() - 1

    @property
    def target(self) -> IntFormat:
        """Narrowest format of ``y``: ``stages`` bits wider than a signed source."""
        return self.after(self.stages)

    def after(self, stages: int) -> IntFormat:
        """Narrowest format of what comes out of a level of butterflies, or all up to it."""
        low, high, half = self.source.min, self.source.max, 1 << stages >> 1
        if stages == 0:
            return covering(low, high)
        return covering(min(2 * half * low, half * (low - high)),
                        max(2 * half * high, half * (high - low)))
