# amaranth: UnusedElaboratable=no
"""Selection by a number: every number of every count."""

from __future__ import annotations

import pytest
from amaranth import Const, Module, Signal
from amaranth.sim import Simulator

from hw.arith.choose import chosen


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 13])
def test_every_number(count):
    m, number, found = Module(), Signal(range(count)), Signal(8)
    m.d.comb += found.eq(chosen([Const(100 + k) for k in range(count)], number))

    async def bench(ctx):
        for k in range(count):
            ctx.set(number, k)
            await ctx.delay(1e-9)
            assert ctx.get(found) == 100 + k

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"^options must not be empty$"):
        chosen([], Signal(2))
    with pytest.raises(ValueError, match=r"^a number of 2 bits does not choose among 5 options$"):
        chosen([Const(0)] * 5, Signal(2))
