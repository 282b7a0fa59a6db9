# amaranth: UnusedElaboratable=no
"""Both latencies pass words at full rate and obey the stream rules."""

from __future__ import annotations

import pytest
from amaranth.hdl import unsigned
from amaranth.sim import Simulator

from hw.streams import Skid
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["skid"](rng), deadline=2000)


def test_ready_does_not_follow_ready():
    """No path leads from ``o.ready`` to ``i.ready`` within a cycle."""
    for latency in (0, 1):
        skid = Skid(unsigned(8), latency=latency)

        async def bench(ctx, skid=skid):
            for _ in range(3):
                ctx.set(skid.i.valid, 1)
                ctx.set(skid.o.ready, 1)
                before = ctx.get(skid.i.ready)
                ctx.set(skid.o.ready, 0)
                assert ctx.get(skid.i.ready) == before
                await ctx.tick()

        simulator = Simulator(skid)
        simulator.add_clock(1e-8)
        simulator.add_testbench(bench)
        simulator.run()


def test_faults():
    with pytest.raises(ValueError, match=r"^latency must be 0 or 1, not 2$"):
        Skid(unsigned(8), latency=2)
    with pytest.raises(TypeError, match=r"^latency must be an integer, not True$"):
        Skid(unsigned(8), latency=True)
