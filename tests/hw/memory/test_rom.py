# amaranth: UnusedElaboratable=no
"""Providers stream their images in the order of their jobs."""

from __future__ import annotations

import pytest
from amaranth import unsigned

from hw.memory.rom import RomJob, RomProvider
from tests.support.units import Interval, Unit, check_units

TABLES = [
    (RomJob(1),), (RomJob(7),), (RomJob(8),), (RomJob(3, 2), RomJob(4)), (RomJob(1, 5), RomJob(6)),
    (RomJob(2, 3), RomJob(2, 3)), (RomJob(5, 2),), (RomJob(1, 4),),
]


def streamed(words, jobs, passes):
    """The words as they must come, so many times through the table."""
    found, start = [], 0
    for job in jobs:
        found += words[start:start + job.words] * job.repeats
        start += job.words
    return found * passes


def test_order(rng, need):
    need("icarus")
    units, memories = [], {}
    for number, jobs in enumerate(TABLES):
        width = (9, 33)[number % 2]
        depth = sum(job.words for job in jobs)
        words = [int(word) for word in rng.integers(0, 1 << width, depth)]
        memories[f"{number}.mem"] = "".join(f"{word:x}\n" for word in words)
        units.append(Unit(
            RomProvider(unsigned(width), f"{number}.mem", jobs, ("auto", "block")[number % 2]),
            {}, {"o": streamed(words, jobs, 3)}, interval=Interval(1, 1, "o"), name=str(jobs)))
    check_units(units, memories=memories)


def test_wrong_parameters():
    with pytest.raises(ValueError, match="words must be at least 1, not 0"):
        RomJob(0)
    with pytest.raises(ValueError, match="style must be one of auto, block, distributed"):
        RomProvider(8, "x.mem", (RomJob(1),), "fast")
    with pytest.raises(ValueError, match="jobs must not be empty"):
        RomProvider(8, "x.mem", ())
