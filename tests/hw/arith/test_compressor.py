# amaranth: UnusedElaboratable=no
"""Carry-save addition: sums of random rows, depth, and what is refused."""

from __future__ import annotations

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.arith.compressor import compressed, compressor_depth


@pytest.mark.parametrize("count", [2, 3, 4, 6, 9, 13])
def test_sums(count, rng):
    m, width = Module(), 10
    rows = [Signal(int(rng.integers(1, 13)), name=f"row_{k}") for k in range(count)]
    total, carries = compressed(m, rows, width, name="level")
    seen = Signal(2 * width)
    m.d.comb += seen.eq((total << width) | carries)

    async def bench(ctx):
        for turn in range(200):
            values = [int(rng.integers(1 << len(row))) if turn else (1 << len(row)) - 1
                      for row in rows]
            for row, value in zip(rows, values, strict=True):
                ctx.set(row, value)
            await ctx.delay(1e-9)
            both = ctx.get(seen)
            assert ((both >> width) + both) % (1 << width) == sum(values) % (1 << width)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_depth():
    assert [compressor_depth(rows) for rows in (2, 3, 4, 5, 6, 7, 9, 10)] == [
        0, 1, 2, 3, 3, 4, 4, 5]


def test_refused():
    with pytest.raises(ValueError, match=r"^rows must be at least two, not 1$"):
        compressed(Module(), [Signal(3)], 4, name="level")
