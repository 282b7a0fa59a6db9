# amaranth: UnusedElaboratable=no
"""ArgMax against NumPy's: ties, padding, vectors of several lengths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.nonlinear.argmax import ArgMax
from sw_model.formats import BipolarFormat, IntFormat
from sw_model.specs import ArgMaxSpec, VectorJob
from tests.support.row_norms import emulate
from tests.support.units import Interval, Unit, check_units, padded


def unit_of(spec, lanes, vectors):
    """``vectors``: one array for each vector, in the order of the jobs."""
    unit = ArgMax(spec, lanes)
    words = []
    alike = len(set(map(len, vectors))) == 1
    for some in [np.stack(vectors)] if alike else [vector[None] for vector in vectors]:
        word = padded(some, lanes)
        # Padding as large as can be: it must not win.
        words.append(np.where(word.mask, spec.source.max, word.data))
    expected = [[int(np.argmax(vector))] for vector in vectors]
    return Unit(unit, {"i": np.concatenate(words)}, {"o": np.array(expected)},
                latency=unit.latency, after=spec.jobs[0].words(lanes) - 1, interval=Interval(1),
                name=f"{spec} lanes={lanes}")


def sequence(rng, spec, rounds, low, high):
    """Random vectors for ``rounds`` of all jobs."""
    return [rng.integers(low, high, job.length, endpoint=True)
            for _ in range(rounds) for job in spec.jobs for _ in range(job.vectors)]


def test_every_vector_of_three_small_elements():
    """All 64 vectors of three codes of two bits, so every tie there is."""
    spec = ArgMaxSpec(IntFormat(2), (VectorJob(3),))
    vectors = [np.array(v) for v in itertools.product(range(-2, 2), repeat=3)]
    check_units([unit_of(spec, lanes, vectors) for lanes in (1, 2, 3, 4)])


@pytest.mark.full
def test_every_pair(rng, tmp_path):
    """All vectors of two int8 codes, in a word and in two."""
    spec = ArgMaxSpec(IntFormat(8), (VectorJob(2),))
    pairs = np.stack(np.meshgrid(*2 * [np.arange(-128, 128)]), axis=-1).reshape(-1, 2)
    pairs = rng.permutation(pairs)
    emulate([unit_of(spec, lanes, pairs) for lanes in (1, 2, 3)], tmp_path / "pairs")


def test_vectors_of_several_lengths(rng):
    units = []
    for source, low, high, lengths in [
            (IntFormat(8), -128, 127, ((10, 2), (3, 1), (17, 1))),
            (IntFormat(8), -3, 3, ((100, 1),)), (IntFormat(8), -128, 127, ((1, 1),)),
            (IntFormat(20), -2**19, 2**19 - 1, ((33, 1), (1, 3))),
            (IntFormat(4, signed=False), 12, 15, ((9, 1), (12, 1))),
            (BipolarFormat(), 0, 1, ((5, 1),))]:
        spec = ArgMaxSpec(source, tuple(VectorJob(*length) for length in lengths))
        rounds = max(2, 100 // sum(n * k for n, k in lengths))
        units += [unit_of(spec, lanes, sequence(rng, spec, rounds, low, high))
                  for lanes in (1, 3, 4, 8)]
    check_units(units, stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_extremes_at_every_place():
    """The largest code stands alone, twice, or at the end of a vector of the smallest."""
    spec = ArgMaxSpec(IntFormat(6), (VectorJob(7),))
    vectors = []
    for first in range(7):
        for second in range(first, 7):
            vector = np.full(7, -32)
            vector[[first, second]] = 31
            vectors.append(vector)
    vectors += [np.full(7, -32), np.full(7, 31), np.arange(7), np.arange(7)[::-1] - 32]
    check_units([unit_of(spec, lanes, vectors) for lanes in (1, 2, 4, 7, 8)],
                stalls=[(0.0, 0.0), (0.5, 0.5)])


@pytest.mark.parametrize("lanes", [1, 2])
def test_what_is_no_word_counts_for_nothing(rng, lanes):
    """Between the words the largest code there is stands on the wires."""
    spec = ArgMaxSpec(IntFormat(8), (VectorJob(6),))
    unit, seen = ArgMax(spec, lanes), []
    vectors = [rng.integers(-9, 9, 6) for _ in range(20)]
    words = np.concatenate(vectors).reshape(-1, lanes).tolist()

    async def bench(ctx):
        ctx.set(unit.o.ready, 1)
        while len(seen) < len(vectors):
            send = bool(words) and rng.random() < 0.5
            ctx.set(unit.i.payload, words.pop(0) if send else [127] * lanes)
            ctx.set(unit.i.valid, send)
            _, _, valid, payload = await ctx.tick().sample(unit.o.valid, unit.o.payload)
            if valid:
                seen.append(payload[0])

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
    assert seen == [int(np.argmax(vector)) for vector in vectors]


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be an ArgMaxSpec, not 3$"):
        ArgMax(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        ArgMax(ArgMaxSpec(IntFormat(8), (VectorJob(3),)), 0)
