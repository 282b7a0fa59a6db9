# amaranth: UnusedElaboratable=no
"""Checks of a softmax unit against its golden function: hard rows, and rows without a bubble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hw.rows import RowUnit

from .rows import row_unit
from .softmaxes import edge_rows, some_rows
from .units import Unit

__all__ = ["softmax_units"]


def softmax_units(make: Callable[[int], RowUnit], golden: Callable[[Any], Any],
                  rng: np.random.Generator, *, name: str, steady: bool = True) -> list[Unit]:
    """Two checks of what ``make`` gives for the longest row.

    The first is fed with edge rows, rows of all lengths and every 8-bit code beside the largest,
    in turn; the second with rows as long as its row gap, of which it must take a word every
    cycle. A unit that is not ``steady``, since time depends on elements, has the first alone,
    without latency.
    """
    lanes = make(1).lanes
    longest = 22 if lanes < 8 else 200
    mixed = [*edge_rows(longest), *(
        some_rows(rng, (length,), deviation) for deviation in (5, 40)
        for length in rng.integers(1, longest, 6, endpoint=True))]
    count = longest - 1
    codes = np.resize(rng.permutation(np.arange(-128, 128)), (-(-256 // count), count))
    mixed += list(np.insert(codes, 0, 127, axis=1))
    order = rng.permutation(len(mixed))
    mixed = [mixed[k] for k in order]
    first = row_unit(make(longest), mixed, [golden(row) for row in mixed], name=name,
                     latency=steady, paced=False)
    if not steady:
        return [first]
    shape = (make(1).row_gap * lanes,)
    same = [some_rows(rng, shape, 30) for _ in range(max(6, 24 // shape[0]))]
    return [first, row_unit(make(shape[0]), same, [golden(row) for row in same],
                            name=f"{name} paced")]
