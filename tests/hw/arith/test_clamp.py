# amaranth: UnusedElaboratable=no
"""Saturation: every value of narrow shapes, every pair of limits."""

from __future__ import annotations

import pytest
from amaranth import Module, Shape, Signal, Value
from amaranth.sim import Simulator

from hw.arith.clamp import clamp, exceeds


def results(shape, circuits):
    """Values of ``circuits`` (functions of a signal) for every value of ``shape``."""
    m, x = Module(), Signal(shape)
    outputs = []
    for circuit in circuits:
        value = circuit(x)
        output = Signal(value.shape())
        m.d.comb += output.eq(value)
        outputs.append(output)
    rows = {}

    async def bench(ctx):
        least = -(1 << (shape.width - 1)) if shape.signed else 0
        for number in range(least, least + (1 << shape.width)):
            ctx.set(x, number)
            await ctx.delay(1e-9)
            rows[number] = [ctx.get(output) for output in outputs]

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
    return rows


@pytest.mark.parametrize("shape", [Shape(1), Shape(4), Shape(1, True), Shape(2, True),
                                   Shape(5, True)], ids=str)
def test_every_value_and_limit(shape):
    limits = range(-20, 21)
    for number, row in results(shape, [lambda x, k=k: exceeds(x, k) for k in limits]).items():
        assert row == [int(number > limit) for limit in limits], number
    pairs = [(low, high) for low in range(-20, 21, 3) for high in range(low, 21, 2)]
    for number, row in results(shape, [lambda x, p=p: clamp(x, *p) for p in pairs]).items():
        assert row == [max(low, min(high, number)) for low, high in pairs], number


def test_limits_of_64_bits():
    """More numbers than a range of Python's has a length."""
    m, x = Module(), Signal(Shape(70, True))
    value = clamp(x, -(2**63), 2**63 - 1)
    output = Signal(value.shape())
    m.d.comb += output.eq(value)

    async def bench(ctx):
        for number in (-(2**69), -(2**63) - 1, -(2**63), -1, 0, 2**63 - 1, 2**63, 2**69 - 1):
            ctx.set(x, number)
            await ctx.delay(1e-9)
            assert ctx.get(output) == max(-(2**63), min(2**63 - 1, number))

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()


def test_limits_of_wrong_order():
    with pytest.raises(ValueError, match=r"^low must not exceed high, but 3 > 2$"):
        clamp(Value.cast(Signal(4)), 3, 2)
