"""When units of rows take and give each word, in an emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.rows import RowUnit
from verif.manifest import Stream

from .emulated import emulator_of
from .rows import row_words

__all__ = ["RowTimes", "Times"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Times:
    """Of one unit's words: the cycles in which they are taken and given, and the indices of each
    row's first word and of the one behind its last."""

    taken: Ints
    given: Ints
    starts: Ints
    ends: Ints

    @property
    def steady(self) -> bool:
        """Whether a word is taken, and one given, in every cycle from the first to the last."""
        return all(len(each) == each[-1] - each[0] + 1 for each in (self.taken, self.given))

    @property
    def waits(self) -> Ints:
        """Of each row, cycles from taking its last word to giving its first result."""
        return self.given[self.starts] - self.taken[self.ends - 1]


class RowTimes:
    """Units side by side, all words of which are taken as soon as they are offered.

    Parameters
    ----------
    units : sequence of RowUnit
        Not yet elaborated.
    folder : Path
        New.
    """

    def __init__(self, units: Sequence[RowUnit], folder: Path) -> None:
        self._units = units
        self._widths = [[port.payload.shape()["data"].shape.elem_shape.width
                         for port in (unit.i, unit.o)] for unit in units]  # type: ignore[attr-defined]
        self._emulator = emulator_of(units, [
            Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}", lanes=1, vector=1,
                   format=f"uint{unit.lanes * (width + 1)}")
            for k, unit in enumerate(units)
            for name, way, width in zip("io", ("in", "out"), self._widths[k], strict=True)], folder)

    def run(self, rows: Sequence[Sequence[ArrayLike]], expected: Sequence[Sequence[ArrayLike]]
            ) -> list[Times]:
        """Each unit is given its rows, and must give those expected; all have as many words."""
        words = [row_words(each, width, unit.lanes) for each, (width, _), unit in zip(
            rows, self._widths, self._units, strict=True)]
        run = self._emulator.run({f"i{k}": np.array([word for word, _ in each])[:, None]
                                  for k, each in enumerate(words)})
        found = []
        for k, (unit, (_, width)) in enumerate(zip(self._units, self._widths, strict=True)):
            given = run.outputs[f"o{k}"].reshape(-1)
            wanted, masks = np.array(row_words(expected[k], width, unit.lanes)).T
            np.testing.assert_array_equal(given & masks, wanted & masks, f"unit {k}")
            ends = np.cumsum([-(-len(np.asarray(row)) // unit.lanes) for row in rows[k]])
            taken, out = (cycles.astype(np.int64) for cycles in (
                run.accepted[f"u{k}__i"], run.delivered[f"u{k}__o"]))
            found.append(Times(taken, out, np.append(0, ends[:-1]), ends))
        return found
