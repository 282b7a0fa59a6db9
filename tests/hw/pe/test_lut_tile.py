# amaranth: UnusedElaboratable=no
"""Tables of groups of any size, and tiles of some vectors and many rows that read them."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.pe import DotSpec
from hw.pe.lut_table import LutTable
from hw.pe.lut_tile import LutTile
from sw_model.formats import parse_format


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("group", range(2, 9))
def test_tables(group, held, rng):
    """Every sum in which the last activation counts positive, in the order of the signs."""
    form = parse_format("int5")
    unit = LutTable(form, group + 1, held=held, group=group)
    vectors = rng.integers(-16, 16, (4, group + 1))
    vectors[0] = -16

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for vector in vectors:
            ctx.set(unit.start, 1)
            ctx.set(unit.a, vector.tolist())
            for _ in range(unit.latency):
                await ctx.tick()
                ctx.set(unit.start, 0)
                if held:
                    ctx.set(unit.a[0], 5)
            await ctx.delay(1e-9)
            padded = [*vector, *[0] * (group - 1)]
            for number, part in enumerate((padded[:group], padded[group:])):
                wanted = [part[-1] + sum(x if k >> place & 1 else -x
                                         for place, x in enumerate(part[:-1]))
                          for k in range(1 << group - 1)]
                assert [ctx.get(entry) for entry in unit.tables[number]] == wanted
            for _ in range(unit.total_latency - unit.latency):
                await ctx.tick()
            await ctx.delay(1e-9)
            assert ctx.get(unit.total) == sum(vector)

    assert unit.latency == (group - 1).bit_length()
    run(unit, bench)


@pytest.mark.parametrize(("vectors", "rows", "lanes", "group", "serial", "a", "w"), [
    (1, 3, 4, 4, False, "int4", "int2"), (2, 3, 7, 3, False, "int4", "uint2"),
    (2, 4, 10, 5, True, "uint3", "int3"), (3, 1, 6, 2, True, "int3", "bipolar"),
    (2, 2, 5, 6, False, "ternary", "ternary")])
def test_tiles(vectors, rows, lanes, group, serial, a, w, rng):
    """Every vector with every row, a step as soon as the last one lets it."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    unit = LutTile(spec, vectors, rows, group=group, serial=serial)
    steps = 12
    left = rng.integers(spec.activations.min, spec.activations.max, (steps, vectors, lanes),
                        endpoint=True)
    right = rng.integers(spec.weights.min, spec.weights.max, (steps, rows, lanes), endpoint=True)
    left[0], right[0] = spec.activations.min, spec.weights.min
    left[1], right[1] = spec.activations.max, spec.weights.min
    wanted = np.einsum("svk,srk->svr", spec.activations.to_fixed(left),
                       spec.weights.to_fixed(right))
    found = []

    async def give(ctx):
        ctx.set(unit.enable, 1)
        for x, y in zip(left, right, strict=True):
            ctx.set(unit.start, 1)
            ctx.set(unit.a, x.tolist())
            ctx.set(unit.w, y.tolist())
            for _ in range(unit.interval):
                await ctx.tick()
                ctx.set(unit.start, 0)

    async def take(ctx):
        for _ in range(unit.latency):
            await ctx.tick()
        for _ in range(steps):
            await ctx.delay(1e-9)
            found.append([[ctx.get(o) for o in row] for row in unit.o])
            for _ in range(unit.interval):
                await ctx.tick()

    run(unit, give, take)
    assert found == wanted.tolist()
    assert unit.interval == (spec.weights.width if serial else 1)


def run(unit, *benches):
    sim = Simulator(unit)
    sim.add_clock(1e-8)
    for bench in benches:
        sim.add_testbench(bench)
    sim.run_until(1e-5)


def test_wrong_parameters():
    spec = DotSpec(parse_format("int4"), parse_format("int2"), 4)
    for arguments, words in itertools.chain(
            [(({"vectors": 0, "rows": 1}), "vectors must be at least 1, not 0"),
             (({"vectors": 1, "rows": 0}), "rows must be at least 1, not 0")],
            [({"vectors": 1, "rows": 1, "group": group},
              f"group must be 2 to 8, not {group}") for group in (1, 9)]):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            LutTile(spec, **arguments)
