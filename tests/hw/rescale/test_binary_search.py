# amaranth: UnusedElaboratable=no
"""Binary search over thresholds against the golden model."""

from __future__ import annotations

import numpy as np
import pytest

from hw.rescale.binary_search import BinarySearchThreshold
from sw_model.formats import IntFormat
from sw_model.ops.threshold import multi_threshold
from sw_model.specs import RowJob, ThresholdSpec
from tests.support.units import Interval, Unit, check_units, padded

SPEC = {count: ThresholdSpec(source=IntFormat(8), target=IntFormat(6), count=count,
                             signed_steps=True) for count in (0, 1, 2, 3, 5, 8, 15, 20)}


def rows_of(rng, rows, count):
    """Thresholds (some equal, some beyond every code), bases, and which rows fall."""
    thresholds = np.sort(rng.integers(-130, 131, (rows, count)), axis=1)
    return thresholds, rng.integers(-5, 6, rows), rng.random(rows) < 0.5


def unit_of(spec, lanes, jobs, stairs, vectors):
    """``vectors``: a matrix (vectors, channels) for each turn of a job, in order."""
    thresholds, base, falling = stairs
    unit = BinarySearchThreshold(
        spec, lanes, tuple(map(tuple, thresholds.tolist())), tuple(base.tolist()),
        tuple(falling.tolist()), jobs)
    steps = np.where(falling, -1, 1)[:, None] * np.ones_like(thresholds)
    expected = []
    for job, block in zip(jobs * (len(vectors) // len(jobs)), vectors, strict=True):
        rows = slice(job.rows.start, job.rows.stop)
        expected.append(padded(multi_threshold(block, thresholds[rows], steps[rows], base[rows]),
                               lanes))
    return Unit(unit, {"i": np.concatenate([padded(block, lanes).data for block in vectors])},
                {"o": np.ma.concatenate(expected)}, latency=unit.latency, interval=Interval(1),
                name=f"{spec} lanes={lanes} {jobs}")


def test_every_8_bit_accumulator(rng):
    """Every accumulator meets a row that all lanes share, and every row of a channel's own."""
    units = []
    for count, spec in SPEC.items():
        stairs = rows_of(rng, 5, count)
        shared = (RowJob(8, 32, first=2, shared=True),)
        units.append(unit_of(spec, 8, shared, stairs, [np.arange(-128, 128).reshape(32, 8)]))
        own = np.stack([rng.permutation(256) - 128 for _ in range(5)], axis=1)
        units.append(unit_of(spec, 4, (RowJob(5),), stairs, list(own[:, None])))
    check_units(units, stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_jobs_in_turn(rng):
    jobs = (RowJob(3, 2, first=1), RowJob(7, 1, first=3, shared=True), RowJob(6, 1, first=4),
            RowJob(3, 1, first=1))
    source = IntFormat(6, signed=False)
    spec = ThresholdSpec(source=source, target=IntFormat(4, signed=False), count=4,
                         signed_steps=True)
    stairs = (np.sort(rng.integers(-1, 66, (10, 4)), axis=1), rng.integers(0, 12, 10),
              np.zeros(10, bool))
    units = [unit_of(spec, lanes, jobs, stairs,
                     [rng.integers(0, 64, (job.vectors, job.length)) for job in jobs * 6])
             for lanes in (1, 2, 4, 8)]
    check_units(units)


def test_many_rows_in_memory(rng):
    """A table too large for logic: 40 channels of 15 thresholds of 20 bits."""
    spec = ThresholdSpec(source=IntFormat(20), target=IntFormat(4), count=15)
    thresholds = np.sort(rng.integers(-2**19, 2**19, (40, 15)), axis=1)
    near = rng.permuted(thresholds, axis=1)[:, :3].T
    vectors = np.concatenate([near, near - 1, np.minimum(near + 1, 2**19 - 1),
                              np.full((1, 40), -2**19), np.full((1, 40), 2**19 - 1)])
    check_units([unit_of(spec, 2, (RowJob(40),), (thresholds, np.full(40, -8),
                                                  np.zeros(40, bool)),
                         list(vectors[:, None]))], stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_what_does_not_fit():
    spec = ThresholdSpec(source=IntFormat(8), target=IntFormat(4), count=2)
    with pytest.raises(TypeError, match=r"^spec must be a ThresholdSpec, not 3$"):
        BinarySearchThreshold(3, 1, ((1, 2),), (0,))
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        BinarySearchThreshold(spec, 0, ((1, 2),), (0,))
    with pytest.raises(ValueError, match=r"hold 2 ascending thresholds, not \(2, 1\)"):
        BinarySearchThreshold(spec, 1, ((2, 1),), (0,))
    with pytest.raises(ValueError, match=r"as many rows, not 1, 2 and 1$"):
        BinarySearchThreshold(spec, 1, ((1, 2),), (0, 0))
    with pytest.raises(ValueError, match=r"^a row falls, but the spec's steps are not signed$"):
        BinarySearchThreshold(spec, 1, ((1, 2),), (0,), (True,))
    with pytest.raises(ValueError, match=r"needs 3 rows, but there are 1$"):
        BinarySearchThreshold(spec, 1, ((1, 2),), (0,), jobs=(RowJob(3),))
    with pytest.raises(ValueError, match=r"^jobs must not be empty$"):
        BinarySearchThreshold(spec, 1, ((1, 2),), (0,), jobs=())
