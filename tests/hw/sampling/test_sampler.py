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
from tests.support.row_norms import emulate
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


def edge_rows(longest):
    """All equal, one of another code first and last, rising and falling, rows of one and two."""
    rows = [np.full(longest, value) for value in (-128, 0, 127)]
    for value, others in ((127, -128), (1, 0), (-128, 127)):
        rows += [np.where(np.arange(longest) == place, value, others)
                 for place in (0, longest - 1)]
    rows += [np.array([value]) for value in (127, 0, -128)]
    return [*rows, np.arange(longest), -np.arange(longest), np.array([-128, 127])]


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
        rows += edge_rows(longest)
        state, tokens = seed, []
        for row in rows:
            place, state = sample(row, spec, multiplier, part, state)
            tokens.append([place])
        unit = Sampler(spec, lanes, seed, ("inferred", "fabric")[lanes == 4])
        units.append(Unit(Tied(unit, multiplier=multiplier, part=part),
                          {"i": row_words(rows, 8, lanes)}, {"o": np.array(tokens)},
                          name=f"{lanes} {spec}"))
    check_units(units, stalls=STALLS)


def sampled(spec, lanes, rows, *, seed=9, part=1 << 16, scale=0.05, **settings):
    """Tokens of rows, one after the other."""
    multiplier, state, tokens = spec.multiplier(scale), seed, []
    for row in rows:
        place, state = sample(row, spec, multiplier, part, state)
        tokens.append([place])
    return Unit(Tied(Sampler(spec, lanes, seed), multiplier=multiplier, part=part),
                {"i": row_words(rows, 8, lanes)}, {"o": np.array(tokens)}, **settings)


def test_rows_as_long_as_the_gap_follow_without_a_bubble(rng):
    """And shorter ones are right."""
    units = []
    for lanes, k in ((1, 6), (3, 4), (2, 1)):
        spec = SamplerSpec(top=TopKSpec(source=INT8, k=k, longest=20))
        assert Sampler(spec, lanes, 9).row_gap == k
        rows = [rng.integers(-128, 128, k * lanes) for _ in range(30)]
        units += [sampled(spec, lanes, rows, interval=Interval(1)),
                  sampled(spec, lanes, [row[:max(1, (k - 1) * lanes)] for row in rows])]
    check_units(units, stalls=STALLS)
    assert xorshift32(9) != 9


@pytest.mark.full
def test_every_code_below_every_largest(rng, tmp_path):
    """In rows of eight codes, all of which survive top-k; with top-p and without."""
    rows = []
    for most in range(-128, 128):
        below = rng.permutation(np.arange(-128, most + 1))
        rows += [rng.permutation([most, *part]) for part in
                 np.resize(below, (-(-len(below) // 7), 7))]
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=8, longest=8))
    emulate([sampled(spec, 1, rows, scale=0.02), sampled(spec, 4, rows, part=60_000, scale=0.05)],
            tmp_path / "codes")


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a SamplerSpec, not 3"):
        Sampler(3, 1)
