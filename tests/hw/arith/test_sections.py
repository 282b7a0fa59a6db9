# amaranth: UnusedElaboratable=no
"""Sums in sections: extremes and random pairs, one every enabled cycle."""

from __future__ import annotations

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.arith.sections import SECTION, sectioned_sum, sections


@pytest.mark.parametrize("width", [1, SECTION - 1, SECTION, SECTION + 1, 2 * SECTION, 29, 64])
def test_sums(width, rng):
    m, enable = Module(), Signal()
    first, second, seen = (Signal(width, name=name) for name in ("first", "second", "seen"))
    m.d.comb += seen.eq(sectioned_sum(m, first, second, enable=enable, name="sum"))
    assert sections(width) == -(-width // 8)
    ones = (1 << width) - 1
    pairs = [(ones, 1), (ones, ones), (0, 0), (1, ones), (ones >> 1, 1)]
    pairs += [tuple(int.from_bytes(rng.bytes(8)) & ones for _ in range(2)) for _ in range(200)]

    async def bench(ctx):
        wanted = []
        for a, b in pairs:
            while True:
                enabled = bool(rng.integers(4))
                ctx.set(enable, enabled)
                ctx.set(first, a if enabled else ~a & ones)
                ctx.set(second, b)
                await ctx.tick()
                if enabled:
                    break
            wanted.append((a + b) & ones)
            if len(wanted) >= sections(width):
                assert ctx.get(seen) == wanted[-sections(width)]

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
