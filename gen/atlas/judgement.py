"""What kind of claim a paper makes, and whether a ratio that was found bears it out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

__all__ = ["AtLeast", "Equal", "Judgement", "Wins", "Within"]


class Judgement(ABC):
    """A kind of claim about the ratio of two figures: :meth:`verdict` of what was found.

    ``yes``, or ``no`` where what was found says the opposite; ``less`` and ``more`` where it
    goes the same way, but not as far or further.
    """

    @abstractmethod
    def verdict(self, found: float) -> str:
        """The word for a ratio."""


@dataclass(frozen=True)
class AtLeast(Judgement):
    """So many times, or more."""

    ratio: float

    def verdict(self, found: float) -> str:
        if found >= self.ratio:
            return "yes"
        return "less" if found > 1 else "no"

    def __str__(self) -> str:
        return f"at least {self.ratio:.2f}"


@dataclass(frozen=True)
class Within(Judgement):
    """From so many times to so many, both more than once."""

    low: float
    high: float

    def verdict(self, found: float) -> str:
        if found > self.high:
            return "more"
        return AtLeast(self.low).verdict(found)

    def __str__(self) -> str:
        return f"{self.low:.2f} to {self.high:.2f}"


@dataclass(frozen=True)
class Equal(Judgement):
    """As much, up to a factor of ``1 + tolerance`` either way."""

    tolerance: float

    def verdict(self, found: float) -> str:
        limit = 1 + self.tolerance
        return "yes" if 1 / limit <= found <= limit else "no"

    def __str__(self) -> str:
        return f"equal within {self.tolerance:.0%}"


@dataclass(frozen=True)
class Wins(Judgement):
    """More than once, however little."""

    def verdict(self, found: float) -> str:
        return "yes" if found > 1 else "no"

    def __str__(self) -> str:
        return "wins"
