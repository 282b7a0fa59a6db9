# amaranth: UnusedElaboratable=no
"""Queues of every construction: register, skid, memory."""

from __future__ import annotations

import pytest
from amaranth.hdl import unsigned
from amaranth.sim import Simulator

from hw.streams import Queue
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["queue"](rng), deadline=2000)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7, 64])
def test_holds_as_many_words_as_it_says(depth):
    queue = Queue(unsigned(8), depth)

    async def bench(ctx):
        ctx.set(queue.i.valid, 1)
        for _ in range(depth + 5):
            await ctx.tick()
        assert ctx.get(queue.i.ready) == 0
        held = 0
        ctx.set(queue.i.valid, 0)
        ctx.set(queue.o.ready, 1)
        for _ in range(depth + 5):
            held += ctx.get(queue.o.valid)
            await ctx.tick()
        assert held == depth

    simulator = Simulator(queue)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_faults():
    with pytest.raises(ValueError, match=r"^depth must be at least 1, not 0$"):
        Queue(unsigned(8), 0)
    with pytest.raises(TypeError, match=r"^depth must be an integer, not 2\.0$"):
        Queue(unsigned(8), 2.0)
