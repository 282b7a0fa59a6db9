"""Asynchronous lines as a receiver samples them: bytes, gaps, noise."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["levels", "sampled", "with_glitches"]


def levels(byte: int, *, stop: int = 1) -> list[int]:
    """A byte's ten bits on the line, each as long as the others.

    >>> levels(0x41)
    [0, 1, 0, 0, 0, 0, 0, 1, 0, 1]
    """
    return [0, *(byte >> k & 1 for k in range(8)), stop]


def sampled(bits: Iterable[int], bit: float, *, phase: float = 0.0) -> NDArray[np.int64]:
    """``bits`` of ``bit`` cycles, sampled once a cycle from ``phase`` on; nothing is rounded."""
    array = np.fromiter(bits, np.int64)
    times = np.arange(phase, len(array) * bit, 1.0)
    return array[np.minimum((times / bit).astype(np.int64), len(array) - 1)]


def with_glitches(line: NDArray[np.int64], bit: int, length: int, rng: np.random.Generator
                  ) -> NDArray[np.int64]:
    """``line`` with a pulse of ``length`` cycles inverted somewhere in each ``bit`` cycles."""
    line = line.copy()
    for start in range(0, len(line) - bit, bit):
        place = start + int(rng.integers(bit - length))
        line[place:place + length] ^= 1
    return line
