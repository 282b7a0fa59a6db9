# amaranth: UnusedElaboratable=no
"""Tables of weights: batches of activations between loads, and what is refused."""

from __future__ import annotations

import re

import pytest
from amaranth.sim import Simulator

from hw.pe.base import DotSpec
from hw.pe.weight_table import WeightTable
from sw_model.formats import parse_format
from tests.support.dots import codes_of
from tests.support.paced import run_paced

CASES = [("int8", "int4", 8), ("uint4", "int8", 5), ("ternary", "bipolar", 4),
         ("uint1", "uint3", 3),
         ("int1", "int2", 9), ("fixed<6,2>", "ternary", 16), ("int2", "int2", 1)]


@pytest.mark.parametrize(("a", "w", "lanes", "group"), [
    *((*case, 4) for case in CASES), ("int4", "int4", 7, 2), ("uint3", "int4", 7, 3),
    ("int3", "ternary", 12, 5), ("int3", "int3", 13, 6)])
def test_batches(a, w, lanes, group, rng):
    """Some vectors with each load, as often as they are taken, with pauses."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    unit = WeightTable(spec, group=group)
    steps, expected = [], []
    for batch in (1, 4, 2, 3, 1, 1):
        weights = rng.choice(codes_of(spec.weights), lanes)
        for vector in range(batch):
            x = rng.choice(codes_of(spec.activations), lanes)
            if vector == 1:
                x[:] = spec.activations.min
            steps.append((vector == 0, weights, x))
            expected.append(int((spec.activations.to_fixed(x)
                                 * spec.weights.to_fixed(weights)).sum()))

    def give(ctx, number, started):
        load, weights, x = steps[number]
        ctx.set(unit.load, started and load)
        if not started:
            x = rng.choice(codes_of(spec.activations), lanes)
        if not (started and load):
            weights = rng.choice(codes_of(spec.weights), lanes)
        for lane in range(lanes):
            ctx.set(unit.a[lane], int(x[lane]))
            ctx.set(unit.w[lane], int(weights[lane]))

    found = run_paced(unit, len(steps), give, lambda ctx: ctx.get(unit.o), rng)
    assert found == expected


def test_every_pair_of_codes():
    """One lane: each weight loaded once, each activation with it."""
    spec = DotSpec(parse_format("int3"), parse_format("int3"), 1)
    unit = WeightTable(spec)

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for w in range(-4, 4):
            for a in range(-4, 4):
                ctx.set(unit.load, a == -4)
                ctx.set(unit.start, 1)
                ctx.set(unit.w[0], w if a == -4 else 3)
                ctx.set(unit.a[0], a)
                await ctx.tick()
                ctx.set(unit.start, 0)
                ctx.set(unit.load, 0)
                for _ in range(unit.latency - 1):
                    await ctx.tick()
                assert ctx.get(unit.o) == a * w

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(("a", "w"), [("bipolar", "int4"), ("e2m1", "int4"), ("int8", "e2m1")])
def test_what_it_refuses(a, w):
    words = ("tables of weights take activations that are integers, fixed point or ternary, and "
             f"weights that are these or bipolar, not {a} (activations) and {w} (weights)")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        WeightTable(DotSpec(parse_format(a), parse_format(w), 4))
