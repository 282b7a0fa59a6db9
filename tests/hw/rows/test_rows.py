# amaranth: UnusedElaboratable=no
"""Reductions of rows, rows with what was found in them, and vectors as rows."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import signed, unsigned

from hw.rows import row_layout
from hw.rows.frame import FramedRows
from hw.rows.reduce import RowMaximum, RowSum
from sw_model.specs import VectorJob
from tests.support.rows import Below, row_unit, row_words
from tests.support.units import Interval, Unit, check_units, padded


def some_rows(rng, longest, low, high, count=12):
    """Random rows, the longest, the shortest, all equal, the greatest at both ends."""
    rows = [rng.integers(low, high, size, endpoint=True)
            for size in rng.integers(1, longest, count, endpoint=True)]
    rows += [np.full(longest, value) for value in (low, high, 0)]
    rows += [np.array([value]) for value in (low, high)]
    rows += [np.array([high] + [low] * (longest - 1)), np.array([low] * (longest - 1) + [high])]
    return rows


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_largest_and_sum(lanes, rng):
    units = []
    for low, high, shape in ((-8, 7, signed(4)), (0, 15, unsigned(4))):
        rows = some_rows(rng, 21, low, high)
        for unit, found in ((RowMaximum(shape, lanes), np.max), (RowSum(shape, lanes, 21), np.sum)):
            width = unit.o.payload.shape().width
            units.append(Unit(unit, {"i": row_words(rows, 4, lanes)},
                              {"o": [int(found(row)) & (1 << width) - 1 for row in rows]},
                              latency=unit.latency, after=-(-len(rows[0]) // lanes) - 1,
                              interval=Interval(1)))
    check_units(units)


@pytest.mark.parametrize("lanes", [1, 4])
def test_rows_with_their_largest(lanes, rng):
    rows = some_rows(rng, 16, -8, 7)
    same = [rng.integers(-8, 8, 16) for _ in range(12)]
    check_units([
        row_unit(Below(4, lanes, 16), given, [row.max() - row for row in given], paced=paced)
        for given, paced in ((rows, False), (same, True))])


def test_vectors_as_rows(rng):
    units = []
    for lanes in (1, 3):
        jobs = (VectorJob(7, 2), VectorJob(3), VectorJob(1))
        vectors = [rng.integers(-8, 8, job.length) for _ in range(4) for job in jobs
                   for _ in range(job.vectors)]
        words, wanted = ([padded(each[None], lanes) for each in given] for given in (
            vectors, [vector.max() - vector for vector in vectors]))
        unit = FramedRows(Below, (4,), lanes, jobs)
        units.append(Unit(unit, {"i": np.ma.concatenate(words)}, {"o": np.ma.concatenate(wanted)},
                          latency=unit.latency, after=len(words[0]) - 1))
    check_units(units)


def test_bad_parameters():
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        row_layout(4, 0)
    with pytest.raises(ValueError, match="longest must be at least 1, not 0"):
        Below(4, 1, 0)
