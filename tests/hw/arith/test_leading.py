# amaranth: UnusedElaboratable=no
"""The leading one of every number of a few bits."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.arith.leading import leading_zeros, normalise


@pytest.mark.parametrize("width", range(1, 10))
def test_every_number(width):
    m, x = Module(), Signal(width)
    moved, distance = normalise(m, x, name="leading")
    zeros = leading_zeros(m, x, name="zeros")
    top, places = Signal(width), Signal(max(len(distance), 1))
    count = Signal(len(zeros))
    m.d.comb += [top.eq(moved), places.eq(distance), count.eq(zeros)]

    async def bench(ctx):
        for number in range(1 << width):
            ctx.set(x, number)
            await ctx.delay(1e-9)
            wanted = width - number.bit_length()
            assert ctx.get(top) == number << wanted
            assert ctx.get(places) == wanted or not number
            assert ctx.get(count) == wanted

    assert len(moved) == width
    assert len(distance) == max(1, int(np.ceil(np.log2(width))))
    assert len(zeros) == width.bit_length()
    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
