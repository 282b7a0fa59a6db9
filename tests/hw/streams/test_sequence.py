# amaranth: UnusedElaboratable=no
"""Cyclic sequences: shortening, and counters against the sequence written out."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.streams.parts import Lie, count_parts, lies_of
from hw.streams.sequence import choose, count_steps, shortened


def _written_out(pairs, count):
    return list(islice((key for key, times in cycle(pairs) for _ in range(times)), count))


@pytest.mark.parametrize("trial", range(50))
def test_shortened_says_the_same_for_ever(rng, trial):
    pairs = [(int(rng.integers(3)), int(rng.integers(1, 4))) for _ in range(rng.integers(1, 6))]
    pairs *= int(rng.integers(1, 4))
    short = shortened(pairs)
    assert len(short) <= len(pairs)
    assert _written_out(short, 200) == _written_out(pairs, 200)


@pytest.mark.parametrize("counts", [(1,), (5,), (1, 1), (3, 1, 2), (4, 4, 4), (1, 17)])
def test_steps_follow_the_counts(rng, counts):
    m, advance = Module(), Signal()
    step = count_steps(m, counts, advance=advance, name="step")
    index, ends = Signal(8), Signal()
    m.d.comb += [index.eq(step.index), ends.eq(step.ends)]
    expected = [(k, item == count - 1) for k, count in enumerate(counts) for item in range(count)]
    if len(counts) == 1:
        expected = [(0, True)]

    async def bench(ctx):
        for k, last in islice(cycle(expected), 60):
            while rng.random() < 0.3:
                ctx.set(advance, 0)
                await ctx.tick()
            ctx.set(advance, 1)
            assert (ctx.get(index), ctx.get(ends)) == (k, last)
            await ctx.tick()

    _simulate(m, bench)


@pytest.mark.parametrize("jobs", [((8, 1),), ((10, 1),), ((3, 2), (12, 1)), ((1, 1), (7, 3))])
@pytest.mark.parametrize(("wide", "narrow"), [(4, 2), (4, 1), (6, 2), (4, 4)])
def test_parts_follow_the_vectors(jobs, wide, narrow):
    m, advance = Module(), Signal()
    sequence = lies_of(jobs, wide, narrow)
    position = count_parts(m, sequence, ratio=wide // narrow, advance=advance)
    part, word = Signal(8), Signal()
    m.d.comb += [part.eq(position.part), word.eq(position.ends_word)]
    expected = []
    for vector, vectors in jobs:
        narrow_words = -(-vector // narrow)
        for index in list(range(narrow_words)) * vectors:
            at = index % (wide // narrow)
            expected.append((at, at == wide // narrow - 1 or index == narrow_words - 1))

    async def bench(ctx):
        ctx.set(advance, 1)
        for k, last in islice(cycle(expected), 100):
            assert (ctx.get(part), ctx.get(word)) == (k, last)
            await ctx.tick()

    _simulate(m, bench)


def test_vectors_that_fill_their_words_are_all_alike():
    assert lies_of(((8, 3), (16, 1)), 4, 2) == ((Lie(1, 2, 2), 1),)
    assert lies_of(((7, 2), (7, 1)), 4, 2) == ((Lie(2, 2, 1), 1),)


def test_equal_choices_are_constant():
    index = Signal(2)
    assert choose([5, 5, 5], index).value == 5


def _simulate(m, bench):
    # A register of its own, for the sequences that need none.
    beat = Signal()
    m.d.sync += beat.eq(~beat)
    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
