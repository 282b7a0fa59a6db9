"""Rows scaled by their own largest magnitude."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import require_format, require_least

__all__ = ["AbsMaxSpec"]


@dataclass(frozen=True)
class AbsMaxSpec:
    """``round(x * most / peak)``, ``peak`` the largest magnitude of the row, half to even.

    Parameters
    ----------
    source : Format
        Codes of the row, integers of at most 40 bits.
    target : IntFormat
        Signed, 2 to 16 bits; ``most`` is its largest code. Its least code is not used.
    """

    source: Format
    target: IntFormat

    def __post_init__(self) -> None:
        require_format("source", self.source)
        require_format("target", self.target, IntFormat)
        if self.source.width > 40:
            raise ValueError(f"source must have at most 40 bits, not {self.source.width}")
        if self.target.min == 0 or self.target.width > 16:
            raise ValueError(f"target must be signed and have at most 16 bits, not {self.target}")
        require_least("the target's width", self.target.width, 2)

    @property
    def most(self) -> int:
        """What the row's largest magnitude becomes."""
        return self.target.max

    @property
    def peak(self) -> IntFormat:
        """Narrowest format of the largest magnitude."""
        return covering(0, max(-self.source.min, self.source.max))
