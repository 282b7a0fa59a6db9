"""Thresholds, tables and the place of the largest."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format, require_least
from .jobs import VectorJob

__all__ = ["ArgMaxSpec", "TableSpec", "ThresholdSpec"]


@dataclass(frozen=True, kw_only=True)
class ThresholdSpec:
    """``base + sum_k steps[k] * (acc >= thresholds[k])``.

    Parameters
    ----------
    source, target : Format
        Codes that are compared, and codes of the result.
    count : int
        Thresholds of a channel; may be 0.
    signed_steps : bool
        False: every step is +1. True: -1, 0 or +1 (falling staircases, or several pieces).
    threshold : IntFormat or None
        Of the thresholds; by default the narrowest that holds every code of the source and
        the next, which no code reaches.
    """

    source: Format
    target: Format
    count: int
    signed_steps: bool = False
    threshold: IntFormat | None = None

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name))
        indices(self, "count")
        require_least("count", self.count, 0)
        if not isinstance(self.signed_steps, bool):
            raise TypeError(f"signed_steps must be a bool, not {self.signed_steps!r}")
        if self.threshold is None:
            object.__setattr__(self, "threshold", covering(self.source.min, self.source.max + 1))
        require_format("threshold", self.threshold, IntFormat)


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """One entry for every code of ``source``, smallest code first.

    Parameters
    ----------
    source, target : Format
        Codes that select an entry (at most 16 bits), and codes of the entries.
    """

    #: Widest code for which a table is legal.
    MAX_WIDTH = 16

    source: Format
    target: Format

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name))
        if self.source.width > self.MAX_WIDTH:
            raise ValueError(f"source must have at most {self.MAX_WIDTH} bits, "
                             f"not {self.source.width}")

    @property
    def size(self) -> int:
        """Entries of a table."""
        return self.source.max - self.source.min + 1


@dataclass(frozen=True)
class ArgMaxSpec:
    """Index of the largest element of each vector; the lowest index wins ties.

    Parameters
    ----------
    source : Format
        Codes whose order is the order of their values.
    jobs : tuple of VectorJob
        Served cyclically, in this order.
    """

    source: Format
    jobs: tuple[VectorJob, ...]

    def __post_init__(self) -> None:
        require_format("source", self.source)
        if not self.jobs:
            raise ValueError("jobs must not be empty")
        for job in self.jobs:
            if not isinstance(job, VectorJob):
                raise TypeError(f"jobs must hold VectorJobs, not {job!r}")

    @property
    def target(self) -> IntFormat:
        """Narrowest format of the index."""
        return covering(0, max(job.length for job in self.jobs) - 1)
