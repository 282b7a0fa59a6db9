# amaranth: UnusedElaboratable=no
"""Groups' totals times their scales, bit by bit: every scale, and long sums."""

from __future__ import annotations

import re

import pytest
from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from hw.pe.group_scale import GroupScale
from sw_model.formats import IntFormat, parse_format


def simulate(top, bench):
    sim = Simulator(top)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


async def scaled(ctx, unit, groups, rng, stall=0.0):
    """Sums after each of the groups (first, total, scale), taken when they are due."""
    sums = []
    for group in groups:
        for cycle in range(unit.interval):
            given = group if cycle == 0 else rng.integers(0, 2, 3)
            for signal, value in zip((unit.first, unit.total, unit.scale), given, strict=True):
                ctx.set(signal, int(value))
            ctx.set(unit.start, cycle == 0)
            assert ctx.get(unit.done) == (cycle == 0 and bool(sums))
            while rng.random() < stall:
                ctx.set(unit.enable, 0)
                await ctx.tick()
            ctx.set(unit.enable, 1)
            await ctx.tick()
        sums.append(ctx.get(unit.o))
    return sums


def golden(groups):
    sums = []
    for first, total, scale in groups:
        sums.append(int(total) * int(scale) + (0 if first else sums[-1]))
    return sums


@pytest.mark.parametrize("text", ["uint1", "uint4", "int1", "int4"])
@pytest.mark.parametrize(("low", "high"), [(-16, 15), (0, 20), (5, 9)])
def test_every_total_and_scale(text, low, high, rng):
    scale = IntFormat(int(text[-1]), signed=text[0] == "i")
    unit = GroupScale(low, high, scale, 1)
    assert unit.interval == unit.latency == scale.width + 1
    groups = [(1, total, factor) for total in range(low, high + 1)
              for factor in range(scale.min, scale.max + 1)]

    async def bench(ctx):
        assert await scaled(ctx, unit, groups, rng) == golden(groups)

    simulate(unit, bench)


@pytest.mark.parametrize("text", ["uint7", "int8", "uint16"])
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_sums_of_groups(text, stall, rng):
    """With the extremes of totals and scales all the way: no sum overflows."""
    scale, low, high, count = parse_format(text), -99_000, 100_000, 5
    unit = GroupScale(low, high, scale, count)
    groups = [(place == 0, total, factor) for total in (low, high)
              for factor in (scale.min, scale.max) for place in range(count)]
    for _ in range(40):
        length = int(rng.integers(1, count + 1))
        groups += [(place == 0, int(rng.integers(low, high + 1)),
                    int(rng.integers(scale.min, scale.max + 1))) for place in range(length)]

    async def bench(ctx):
        assert await scaled(ctx, unit, groups, rng, stall) == golden(groups)

    simulate(unit, bench)


def test_reset_in_mid_stream(rng):
    unit = GroupScale(-100, 100, IntFormat(8), 4)
    m, reset = Module(), Signal()
    m.submodules.unit = ResetInserter(reset)(unit)

    async def bench(ctx):
        for wait in range(unit.interval + 1):
            ctx.set(unit.total, 77)
            ctx.set(unit.scale, -77)
            ctx.set(unit.start, 1)
            ctx.set(unit.enable, 1)
            for _ in range(wait):
                await ctx.tick()
                ctx.set(unit.start, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            assert await scaled(ctx, unit, [(0, -3, 5), (0, 7, 11)], rng) == [-15, 62]

    simulate(m, bench)


@pytest.mark.parametrize(("arguments", "error", "words"), [
    ((5, 4, IntFormat(8), 1), ValueError, "low must not exceed high, but 5 > 4"),
    ((0, 4, 8, 1), TypeError, "scale must be an IntFormat, not 8"),
    ((0, 4, IntFormat(17), 1), ValueError, "scale must have at most 16 bits, not int17"),
    ((0, 4, IntFormat(8), 0), ValueError, "groups must be at least 1, not 0"),
    ((0, 4, IntFormat(8), 1.5), TypeError, "groups must be an integer, not 1.5")])
def test_what_it_refuses(arguments, error, words):
    with pytest.raises(error, match=f"^{re.escape(words)}$"):
        GroupScale(*arguments)
