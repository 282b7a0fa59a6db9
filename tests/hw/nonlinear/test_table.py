# amaranth: UnusedElaboratable=no
"""Tables against the golden model: every code of every format."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.table import TableLookup
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat
from sw_model.ops.table import table_lookup
from sw_model.specs import RowJob, TableSpec
from tests.support.units import Interval, Unit, check_units, padded

SHARED = (RowJob(1, shared=True),)


def unit_of(spec, lanes, entries, jobs, vectors, memory="auto"):
    """``vectors``: a matrix (vectors, channels) for each turn of a job, in order."""
    unit = TableLookup(spec, lanes, tuple(map(tuple, entries.tolist())), jobs, memory)
    expected = [padded(table_lookup(block, entries[job.rows.start:job.rows.stop],
                                    spec.source.min), lanes)
                for job, block in zip(jobs * (len(vectors) // len(jobs)), vectors, strict=True)]
    return Unit(unit, {"i": np.concatenate([padded(block, lanes).data for block in vectors])},
                {"o": np.ma.concatenate(expected)}, latency=unit.latency, interval=Interval(1),
                name=f"{spec} lanes={lanes} {jobs} {memory}")


def entries_of(rng, spec, rows):
    return rng.integers(spec.target.min, spec.target.max, (rows, spec.size), endpoint=True)


def test_every_code(rng):
    units = []
    for source, target in [
            (IntFormat(8), IntFormat(8)), (IntFormat(3), IntFormat(12)),
            (IntFormat(7, signed=False), IntFormat(4, signed=False)),
            (IntFormat(6, signed=False), IntFormat(1, signed=False)),
            (TernaryFormat(), IntFormat(5)), (BipolarFormat(), TernaryFormat()),
            (IntFormat(1, signed=False), BipolarFormat())]:
        spec = TableSpec(source=source, target=target)
        codes = rng.permutation(np.arange(source.min, source.max + 1))
        for lanes in (1, 4):
            words = list(np.resize(codes, (max(8, -(-codes.size // lanes)), 1, lanes)))
            units.append(unit_of(spec, lanes, entries_of(rng, spec, 1),
                                 (RowJob(lanes, shared=True),), words))
    check_units(units)


def test_every_code_in_either_memory(rng):
    """On one, two and three lanes, with and without a port that is not shared."""
    spec = TableSpec(source=IntFormat(8), target=IntFormat(8))
    codes = rng.permutation(np.arange(-128, 128))
    check_units([unit_of(spec, lanes, entries_of(rng, spec, 1), (RowJob(lanes, shared=True),),
                         list(np.resize(codes, (-(-256 // lanes), 1, lanes))), memory)
                 for memory in ("auto", "block", "distributed") for lanes in (1, 2, 3)])


def test_tables_of_jobs_and_channels(rng):
    jobs = (RowJob(5, 2, shared=True), RowJob(6, 1, first=1), RowJob(4, 1, first=7, shared=True))
    units = []
    for source, lanes in [(IntFormat(4), 1), (IntFormat(4), 4), (IntFormat(6), 3)]:
        spec = TableSpec(source=source, target=IntFormat(6))
        blocks = [rng.integers(source.min, source.max, (job.vectors, job.length), endpoint=True)
                  for job in jobs * 8]
        units.append(unit_of(spec, lanes, entries_of(rng, spec, 8), jobs, blocks))
    check_units(units)


def test_widest_table(rng):
    spec = TableSpec(source=IntFormat(12), target=IntFormat(16))
    codes = rng.permutation(np.arange(-2048, 2048)).reshape(-1, 1, 16)
    check_units([unit_of(spec, 16, entries_of(rng, spec, 1), (RowJob(16, shared=True),),
                         list(codes))], stalls=[(0.2, 0.2)])


@pytest.mark.full
def test_16_bit_codes(rng):
    spec = TableSpec(source=IntFormat(16), target=IntFormat(8))
    codes = rng.permutation(np.arange(-2**15, 2**15)).reshape(-1, 1, 32)
    check_units([unit_of(spec, 32, entries_of(rng, spec, 1), (RowJob(32, shared=True),),
                         list(codes))], stalls=[(0.0, 0.0)])


def test_what_does_not_fit():
    spec = TableSpec(source=IntFormat(2), target=IntFormat(4))
    with pytest.raises(TypeError, match=r"^spec must be a TableSpec, not 3$"):
        TableLookup(3, 1, ((1, 2, 3, 4),))
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        TableLookup(spec, 0, ((1, 2, 3, 4),))
    with pytest.raises(ValueError, match=r"^every row must hold 4 entries, but row 1 holds 3$"):
        TableLookup(spec, 1, ((1, 2, 3, 4), (1, 2, 3)))
    with pytest.raises(ValueError, match=r"^entries\[0\]\[3\] is 8, but int4 holds -8 to 7$"):
        TableLookup(spec, 1, ((1, 2, 3, 8),))
    with pytest.raises(ValueError, match=r"needs 2 rows, but there are 1$"):
        TableLookup(spec, 1, ((1, 2, 3, 4),), (RowJob(2),))
    with pytest.raises(ValueError, match=r"^memory must be one of auto, block, distributed, "
                                         r"not 'lut'$"):
        TableLookup(spec, 1, ((1, 2, 3, 4),), memory="lut")
    with pytest.raises(TypeError, match=r"^jobs must hold RowJobs, not 1$"):
        TableLookup(spec, 1, ((1, 2, 3, 4),), (1,))
