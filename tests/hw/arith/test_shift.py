# amaranth: UnusedElaboratable=no
"""Shifts by run-time distances, every value and distance."""

from __future__ import annotations

import pytest
from amaranth import Const, Module, Shape, Signal, Value
from amaranth.sim import Simulator

from hw.arith.shift import shift_left, shift_right


@pytest.mark.parametrize("most", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("shape", [Shape(4), Shape(5, True)], ids=str)
def test_every_distance(shape, most):
    m, x, distance = Module(), Signal(shape), Signal(range(most + 1))
    left = shift_left(m, Value.cast(x), distance, most, name="left")
    right, lost = shift_right(m, Value.cast(x), distance, most, name="right",
                              sticky=Const(0, 1))
    _, kept = shift_right(m, Value.cast(x), distance, most, name="kept", sticky=Const(1, 1))
    outputs = [Signal(value.shape(), name=f"o{k}") for k, value
               in enumerate((left, right, lost, kept))]
    m.d.comb += [o.eq(v) for o, v in zip(outputs, (left, right, lost, kept), strict=True)]

    async def bench(ctx):
        least = -(1 << (shape.width - 1)) if shape.signed else 0
        for number in range(least, least + (1 << shape.width)):
            for places in range(most + 1):
                ctx.set(x, number)
                ctx.set(distance, places)
                await ctx.delay(1e-9)
                assert [ctx.get(o) for o in outputs] == [
                    number << places, number >> places, number % (1 << places) != 0, 1]

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
