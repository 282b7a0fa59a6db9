# amaranth: UnusedElaboratable=no
"""Places of rows: which row each lane's memory holds for each word."""

from __future__ import annotations

import pytest
from amaranth.sim import Simulator

from hw.memory.lookup import LookupRom
from hw.memory.rows import RowCounter
from sw_model.specs import RowJob


def expected_rows(jobs, lanes, rounds):
    """For every word: the row of each lane, None where it is padding."""
    for job in jobs * rounds:
        for _ in range(job.vectors):
            for word in range(job.words(lanes)):
                channels = range(word * lanes, (word + 1) * lanes)
                yield [None if c >= job.length else job.first + (0 if job.shared else c)
                       for c in channels]


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize("jobs", [
    (RowJob(1, shared=True),), (RowJob(9, 2, shared=True),), (RowJob(7),), (RowJob(8, 3, first=2),),
    (RowJob(5, 2), RowJob(5, 1, first=5), RowJob(3, 2, first=1, shared=True), RowJob(5, 1)),
], ids=str)
def test_rows_of_every_word(jobs, lanes):
    counter = RowCounter(jobs, lanes)
    tables = [counter.rows(lane) for lane in range(lanes)]
    assert {len(table) for table in tables} == {counter.depth}

    async def bench(ctx):
        for number, rows in enumerate(expected_rows(jobs, lanes, 3)):
            ctx.set(counter.advance, number % 3 > 0)
            if number % 3 == 0:
                await ctx.tick()        # a pause: the place must stay
            ctx.set(counter.advance, 1)
            place = ctx.get(counter.place)
            for table, row in zip(tables, rows, strict=True):
                assert row is None or table[place] == row, (number, place)
            await ctx.tick()

    sim = Simulator(counter)
    if counter.depth > 1:
        sim.add_clock(1e-8)
        sim.add_testbench(bench)
        sim.run()
    else:
        for rows in expected_rows(jobs, lanes, 1):
            assert all(row in (None, *table) for table, row in zip(tables, rows, strict=True))


def test_rows_are_shared_by_jobs():
    counter = RowCounter((RowJob(6, first=2), RowJob(6, 4, first=2), RowJob(6, first=3)), 4)
    assert counter.depth == 4
    assert counter.rows(1) == (3, 7, 4, 8)


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"^words must not be empty$"):
        LookupRom(4, ())
    with pytest.raises(ValueError, match=r"^words must be 0 to 15$"):
        LookupRom(4, (16,))
