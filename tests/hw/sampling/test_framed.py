# amaranth: UnusedElaboratable=no
"""The sampler between a network's streams: vectors of known lengths, in turn."""

from __future__ import annotations

import numpy as np
import pytest

from hw.sampling.framed import FramedSampler
from sw_model.formats import IntFormat
from sw_model.ops import sample
from sw_model.specs import SamplerSpec, TopKSpec, VectorJob
from sw_model.tables import pack_words
from tests.support.units import Unit, check_units

INT8 = IntFormat(8)


def test_vectors_draw_in_turn(rng):
    """One generator over vectors of several lengths, ends of all of them with noise behind."""
    units = []
    for lanes, k, part, seed in ((1, 3, 1 << 16, 1), (3, 4, 50_000, 9), (4, 1, 1 << 16, 7)):
        spec = SamplerSpec(top=TopKSpec(source=INT8, k=k, longest=10))
        jobs = (VectorJob(10, 2), VectorJob(5), VectorJob(1))
        scale, state = spec.multiplier(0.03), seed
        words, tokens = [], []
        for _ in range(20):
            for job in jobs:
                for _ in range(job.vectors):
                    vector = rng.integers(-128, 128, job.words(lanes) * lanes)
                    words.append(pack_words(vector.reshape(-1, lanes), 8))
                    place, state = sample(vector[:job.length], spec, scale, part, state)
                    tokens.append([place])
        unit = FramedSampler(spec, lanes, jobs, scale=scale, part=part, seed=seed,
                             multiplier=("inferred", "fabric")[lanes == 3])
        units.append(Unit(unit, {"i": [word for each in words for word in each]},
                          {"o": np.array(tokens)}, name=f"{lanes} {spec}"))
    check_units(units, stalls=((0.0, 0.0), (0.4, 0.4)))


def test_latency(rng):
    """At most what it says: the last of the survivors is drawn then."""
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=4, longest=8))
    # All equal: whichever place is drawn, and nothing drawn but the first.
    vector, seed = np.zeros(8, np.int64), 12345
    place, _ = sample(vector, spec, 0, 1 << 16, seed)
    unit = FramedSampler(spec, 1, (VectorJob(8),), scale=0, part=1 << 16, seed=seed)
    check_units([Unit(unit, {"i": vector[:, None]}, {"o": np.array([[place]])},
                      latency=unit.latency - (3 - place), after=7)])


def test_refuses():
    with pytest.raises(ValueError, match="seed must be 1 to 4294967295, not 0"):
        FramedSampler(SamplerSpec(top=TopKSpec(source=INT8, k=1, longest=2)), 1, (VectorJob(2),),
                      scale=1, part=0, seed=0)
