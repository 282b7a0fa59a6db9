"""What a verification has found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sw_model.graph import Graph

from .certificate import RunRecord, Timing
from .compare import Compared, Difference, first
from .manifest import Manifest

__all__ = ["Findings"]


@dataclass
class Findings:
    """The subject of a verification, and its results as they come.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    core : Graph
        The network that the hardware is to equal.
    seed : int
    report : callable
        Told what is being done.
    """

    folder: Path
    manifest: Manifest
    core: Graph
    seed: int
    report: Callable[[str], None]
    runs: list[RunRecord] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    difference: Difference | None = None
    waveform: str | None = None
    timing: Timing = field(default_factory=Timing)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)

    def add(self, compared: Iterable[Compared]) -> Difference | None:
        """Count what was compared; the first difference among it."""
        items = list(compared)
        for item in items:
            elements, differing = self.counts.get(item.tensor, (0, 0))
            self.counts[item.tensor] = (elements + item.elements, differing + item.differing)
        found = first(items)
        if self.difference is None:
            self.difference = found
        return found
