# amaranth: UnusedElaboratable=no
"""Nested loops follow their table of jobs, turn by turn."""

from __future__ import annotations

import itertools

import pytest
from amaranth.sim import Simulator

from hw.network.loops import Loops

TABLES = [((5,),), ((2, 3),), ((4, 1, 2),), ((2, 3), (4, 1)), ((1, 1), (3, 2), (1, 2)),
          ((3, 2, 1), (3, 2, 2), (1, 1, 1))]


def turns(jobs):
    """Job and indices of every turn, innermost loop fastest, for ever."""
    for number, job in itertools.cycle(enumerate(jobs)):
        for place in itertools.product(*(range(bound) for bound in reversed(job))):
            yield number, place[::-1]


@pytest.mark.parametrize("jobs", TABLES, ids=str)
def test_order(rng, jobs):
    dut = Loops(jobs)
    levels = range(len(jobs[0]))
    expected = turns(jobs)

    async def bench(ctx):
        seen = 0
        now = next(expected)
        while seen < 60:
            number, place = now
            assert ctx.get(dut.job) == number
            for level in levels:
                assert ctx.get(getattr(dut, f"index_{level}")) == place[level]
                assert ctx.get(getattr(dut, f"first_{level}")) == (place[level] == 0)
                assert ctx.get(getattr(dut, f"last_{level}")) == (
                    place[level] == jobs[number][level] - 1)
            advance = bool(rng.integers(2))
            ctx.set(dut.advance, advance)
            await ctx.tick()
            if advance:
                now, seen = next(expected), seen + 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_wrong_jobs():
    for jobs, message in (((), "at least one job"), (((0,),), "at least 1, not 0"),
                          (((1,), (1, 2)), "same number of levels")):
        with pytest.raises(ValueError, match=message):
            Loops(jobs)
