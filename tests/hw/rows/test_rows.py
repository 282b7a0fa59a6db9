# amaranth: UnusedElaboratable=no
"""Reductions of rows, rows with what was found in them, and vectors as rows."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import signed, unsigned
from amaranth.sim import Simulator

from hw.rows import row_layout
from hw.rows.annotate import SLACK
from hw.rows.frame import FramedRows
from hw.rows.reduce import RowMaximum, RowSum
from sw_model.specs import VectorJob
from tests.support.row_times import RowTimes
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


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """On one lane and on three, in an emulator, for rows of up to 24 words."""
    units = [Below(8, lanes, 24 * lanes) for lanes in (1, 3)]
    return units, RowTimes(units, tmp_path_factory.mktemp("timed") / "units")


def timed_rows(timed, words, rng):
    """Times of rows of so many words, elements of the last of which are missing."""
    units, times = timed
    rows = [[rng.integers(-128, 128, size) for size in (
        np.array(words) * unit.lanes - rng.integers(0, unit.lanes, len(words)))] for unit in units]
    return times.run(rows, [[row.max() - row for row in each] for each in rows])


@pytest.mark.parametrize("words", [1, 2, 5, 24])
def test_no_bubble_between_rows_of_one_length(words, timed, rng):
    for unit, times in zip(timed[0], timed_rows(timed, [words] * (240 // words), rng),
                           strict=True):
        assert times.steady
        assert set(times.waits.tolist()) == {unit.latency}


def test_no_bubble_between_rows_of_more_than_half_the_words(timed, rng):
    words = [*rng.integers(13, 24, 100, endpoint=True), *[24, 13, 13, 24] * 10]
    for unit, times in zip(timed[0], timed_rows(timed, words, rng), strict=True):
        assert (np.diff(times.taken) == 1).all()
        assert times.waits.max() <= unit.latency + 11


def test_most_that_rows_of_any_lengths_wait(timed, rng):
    """A row comes when what was found in it is known and all before it have come out."""
    words = np.array([*rng.integers(1, 24, 300, endpoint=True), *([24, *[1] * 50] * 5),
                      *rng.choice([1, 2, 24], 600, p=[0.5, 0.4, 0.1]), *([24, 24, 1] * 20)])
    for unit, times in zip(timed[0], timed_rows(timed, words, rng), strict=True):
        depth = unit.words + unit.latency - 1 + SLACK
        assert times.waits[0] == unit.latency
        assert (times.waits <= unit.latency + depth - words).all()
        assert times.waits.max() > unit.words
        before = times.given[times.ends[:-1] - 1]
        known = times.taken[times.ends[1:] - 1] + unit.latency
        assert (times.given[times.starts[1:]] >= np.maximum(before + 1, known)).all()


@pytest.mark.parametrize("lanes", [1, 2])
def test_frame_says_when_vectors_of_any_lengths_never_wait(lanes, rng):
    """Where their ends are as far apart as the row gap, every word is taken when it is offered."""
    jobs = tuple(VectorJob(length * lanes) for length in (24, 1, 1, 1, 2, 5, 1, 24, 12, 9, 3, 1))
    unit, waited = FramedRows(Below, (4,), lanes, jobs), []
    assert unit.row_gap == 13

    async def bench(ctx):
        ctx.set(unit.o.ready, 1)
        since = unit.row_gap
        for job in jobs * 6:
            words = job.words(lanes)
            for word in range(words):
                while word == words - 1 and since < unit.row_gap - 1:
                    ctx.set(unit.i.valid, 0)
                    await ctx.tick()
                    since += 1
                ctx.set(unit.i.valid, 1)
                waited.append(not ctx.get(unit.i.ready))
                await ctx.tick()
                since += 1
            since = 0

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert not any(waited)


def test_vectors_as_rows(rng):
    units = []
    for lanes in (1, 3):
        jobs = (VectorJob(7, 2), VectorJob(3), VectorJob(1))
        vectors = [rng.integers(-8, 8, job.length) for _ in range(4) for job in jobs
                   for _ in range(job.vectors)]
        words, wanted = ([padded(each[None], lanes) for each in given] for given in (
            vectors, [vector.max() - vector for vector in vectors]))
        unit = FramedRows(Below, (4,), lanes, jobs)
        # The longest has seven words, or three.
        assert unit.row_gap == {1: 4, 3: 2}[lanes]
        assert FramedRows(Below, (4,), lanes, jobs[:1]).row_gap == 1
        units.append(Unit(unit, {"i": np.ma.concatenate(words)}, {"o": np.ma.concatenate(wanted)},
                          latency=unit.latency, after=len(words[0]) - 1))
    check_units(units)


def test_bad_parameters():
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        row_layout(4, 0)
    with pytest.raises(ValueError, match="longest must be at least 1, not 0"):
        Below(4, 1, 0)
