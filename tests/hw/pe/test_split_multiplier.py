# amaranth: UnusedElaboratable=no
"""Products side by side: whole, of halves and of quarters, in turn."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.pe.split_multiplier import SplitMultiplier

#: Bits of an operand, and the groups that take part.
SPLITS = {4: (1, 0, 0), 8: (1, 1, 0), 16: (1, 1, 1), 0: (0, 0, 0)}


def product(a, w, width):
    """Products of all fields of ``width`` bits, each in its place."""
    if not width:
        return 0
    return sum((a >> place & (1 << width) - 1) * (w >> place & (1 << width) - 1) << 2 * place
               for place in range(0, 16, width))


@pytest.mark.parametrize("moves", [1.0, 0.6])
def test_products_of_all_splits(rng, moves):
    """A split of its own every cycle; extremes and any words; with pauses."""
    count, unit = 1200, SplitMultiplier()
    widths = rng.choice(list(SPLITS), count)
    a, w = (np.where(rng.random(count) < 0.2, rng.choice([0, 0xffff, 0x8080, 0x1111], count),
                     rng.integers(0, 1 << 16, count)) for _ in range(2))
    low = np.where(widths == 16, ~7, ~0)
    cases = list(zip((a & low).tolist(), (w & low).tolist(), widths.tolist(), strict=True))
    pauses = rng.random(2 * count) > moves

    async def bench(ctx):
        wanted, pause = [], iter(pauses)
        for one, other, width in cases:
            for member, value in zip((unit.a, unit.w, unit.diagonal, unit.inner, unit.cross),
                                     (one, other, *SPLITS[width]), strict=True):
                ctx.set(member, value)
            wanted.append(product(one, other, width))
            while next(pause, False):
                ctx.set(unit.enable, 0)
                await ctx.tick()
            ctx.set(unit.enable, 1)
            await ctx.tick()
            if len(wanted) >= unit.latency:
                assert ctx.get(unit.o) == wanted[-unit.latency]

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
