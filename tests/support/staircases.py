"""Staircases from their values."""

from __future__ import annotations

import numpy as np

from gen.passes.staircase import Staircase

__all__ = ["stairs"]


def stairs(values: np.ndarray, low: int) -> Staircase:
    """A staircase from its values (lanes, positions) or (positions,), by the definition."""
    values = np.atleast_2d(values)
    rise = np.diff(values, axis=1)
    size = int(np.abs(rise).sum(axis=1).max(initial=0))
    high = low + values.shape[1] - 1
    positions = np.full((len(values), size), high + 1)
    steps = np.zeros_like(positions)
    for lane, jumps in enumerate(rise):
        at = np.repeat(np.arange(len(jumps)), np.abs(jumps))
        positions[lane, :len(at)], steps[lane, :len(at)] = low + 1 + at, np.sign(jumps)[at]
    ends = (np.full(len(values), end) for end in (low, high))
    return Staircase(*ends, values[:, 0], positions, steps)
