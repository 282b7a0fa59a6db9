# amaranth: UnusedElaboratable=no
"""The generator, top-p, the draw and the whole sampler against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.sampling.draw import Draw
from hw.sampling.nucleus import Nucleus
from hw.sampling.sampler import Sampler
from hw.sampling.xorshift import Xorshift32
from sw_model.formats import IntFormat
from sw_model.ops import draw, nucleus, sample, xorshift32
from sw_model.specs import SamplerSpec, TopKSpec
from tests.support.rows import row_words
from tests.support.tied import Tied
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)
STALLS = ((0.0, 0.0), (0.4, 0.4))
WIDTH, WHAT, LONGEST = 9, 5, 12


def rows_of_weights(rng, count=30):
    """Weights that fall, with what has them; equal ones, zeros, one alone, the largest."""
    rows = [np.sort(rng.integers(0, 1 << WIDTH, size))[::-1]
            for size in rng.integers(1, LONGEST, count, endpoint=True)]
    rows += [np.full(LONGEST, (1 << WIDTH) - 1), np.zeros(LONGEST, np.int64), np.array([7]),
             np.array([0]), np.array([300, 0, 0]), np.array([5, 0, 20, 75]), np.full(4, 1)]
    return [(row, rng.integers(0, 1 << WHAT, len(row))) for row in rows]


def packed(rows):
    return row_words([weight | what << WIDTH for weight, what in rows], WIDTH + WHAT, 1)


def test_generator():
    generator, seen = Xorshift32(1), []

    async def bench(ctx):
        for advance in (1, 0, 1, 1, 0, 0, 1):
            ctx.set(generator.advance, advance)
            if advance:
                seen.append(ctx.get(generator.number))
            await ctx.tick()

    simulator = Simulator(generator)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [270369, 67634689, 2647435461, 307599695]
    for seed in (0, 2**32):
        with pytest.raises(ValueError, match=f"seed must be 1 to 4294967295, not {seed}"):
            Xorshift32(seed)


def test_draw(rng):
    units = []
    for seed, kind in ((1, "inferred"), (12345, "fabric"), (2**32 - 1, "inferred")):
        rows, state, drawn = rows_of_weights(rng), seed, []
        for weights, what in rows:
            place, state = draw(weights, state)
            drawn.append(int(what[place]))
        units.append(Unit(Draw(WIDTH, WHAT, LONGEST, seed, kind), {"i": packed(rows)},
                          {"o": drawn}, name=f"{seed}"))
    check_units(units)


def test_draws_of_one_survivor_follow_without_a_bubble(rng):
    rows = [(np.array([weight]), np.array([weight % 32])) for weight in range(60)]
    unit = Draw(WIDTH, WHAT, LONGEST)
    check_units([Unit(unit, {"i": packed(rows)}, {"o": [int(what[0]) for _, what in rows]},
                      latency=unit.latency, interval=Interval(1))], stalls=STALLS)


def test_top_p(rng):
    units = []
    for part, kind in ((0, "inferred"), (1 << 15, "fabric"), (60_000, "inferred"),
                       (1 << 16, "fabric")):
        rows, kept = rows_of_weights(rng), []
        for weights, what in rows:
            count = nucleus(weights, part)
            kept.append((weights[:count], what[:count]))
        unit = Nucleus(WIDTH, WHAT, LONGEST, kind)
        units.append(Unit(Tied(unit, part=part), {"i": packed(rows)}, {"o": packed(kept)},
                          latency=unit.latency, after=len(rows[0][0]) - 1, name=f"{part}"))
    check_units(units, stalls=STALLS)


def test_tokens(rng):
    units = []
    for lanes, k, longest, scale, temperature, part, seed in (
            (1, 4, 30, 0.1, 1.0, 1 << 16, 1), (4, 1, 30, 0.1, 1.0, 1 << 16, 5),
            (4, 8, 60, 0.05, 2.0, 55_000, 12345), (2, 5, 9, 0.02, 0.5, 40_000, 77)):
        spec = SamplerSpec(top=TopKSpec(source=INT8, k=k, longest=longest))
        multiplier = spec.multiplier(scale, temperature)
        rows = [rng.integers(-128, 128, size)
                for size in rng.integers(1, longest, 12, endpoint=True)]
        rows += [np.full(longest, -128), np.full(longest, 127), np.arange(longest)]
        state, tokens = seed, []
        for row in rows:
            place, state = sample(row, spec, multiplier, part, state)
            tokens.append([place])
        unit = Sampler(spec, lanes, seed, ("inferred", "fabric")[lanes == 4])
        units.append(Unit(Tied(unit, multiplier=multiplier, part=part),
                          {"i": row_words(rows, 8, lanes)}, {"o": np.array(tokens)},
                          name=f"{lanes} {spec}"))
    check_units(units, stalls=STALLS)


def test_rows_as_long_as_the_gap_follow_without_a_bubble(rng):
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=6, longest=20))
    multiplier = spec.multiplier(0.05)
    rows, state, tokens = [rng.integers(-128, 128, 6) for _ in range(30)], 9, []
    for row in rows:
        place, state = sample(row, spec, multiplier, 1 << 16, state)
        tokens.append([place])
    unit = Sampler(spec, 1, 9)
    check_units([Unit(Tied(unit, multiplier=multiplier, part=1 << 16),
                      {"i": row_words(rows, 8, 1)}, {"o": np.array(tokens)},
                      interval=Interval(1))], stalls=STALLS)
    assert unit.row_gap == 6
    assert xorshift32(9) != 9


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a SamplerSpec, not 3"):
        Sampler(3, 1)
