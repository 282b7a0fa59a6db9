# amaranth: UnusedElaboratable=no
"""TopK against the golden model: ties, rows of all lengths, several lanes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.sampling.top_k import TopK
from sw_model.formats import IntFormat
from sw_model.ops import top_k
from sw_model.specs import TopKSpec
from tests.support.row_norms import emulate
from tests.support.rows import row_words
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)
STALLS = ((0.0, 0.0), (0.4, 0.4))


def unit_of(spec, lanes, rows, paced=False):
    words = []
    for row in rows:
        values, places = top_k(np.asarray(row), spec.k)
        width, index = spec.source.width, spec.index.width
        for number, (value, place) in enumerate(zip(values, places, strict=True)):
            last = number == len(values) - 1
            words.append(int(value) % (1 << width) | int(place) << width
                         | last << width + index)
    unit = TopK(spec, lanes)
    return Unit(unit, {"i": row_words(rows, spec.source.width, lanes)}, {"o": words},
                latency=unit.latency, after=-(-len(rows[0]) // lanes) - 1,
                interval=Interval(1) if paced else None, name=f"{lanes} {spec}")


def edge_rows(longest):
    """All equal, the largest first or last or twice, rising, falling, the shortest."""
    low, high = INT8.min, INT8.max
    rows = [np.full(longest, value) for value in (low, 0, high)]
    rows += [np.array([value]) for value in (low, high)]
    for places in ((0,), (longest - 1,), (0, longest - 1)):
        row = np.full(longest, low)
        row[list(places)] = high
        rows.append(row)
    return [*rows, np.arange(longest), -np.arange(longest)]


def test_every_row_of_narrow_codes():
    spec = TopKSpec(source=IntFormat(2), k=3, longest=4)
    rows = [np.array(row) for length in (1, 2, 3, 4)
            for row in itertools.product(range(-2, 2), repeat=length)]
    check_units([unit_of(spec, lanes, rows) for lanes in (1, 2, 3)], stalls=((0.3, 0.3),))


@pytest.mark.full
def test_every_pair(rng, tmp_path):
    """All rows of two int8 codes, and of the largest of them alone."""
    pairs = np.stack(np.meshgrid(*2 * [np.arange(-128, 128)]), axis=-1).reshape(-1, 2)
    pairs = list(rng.permutation(pairs))
    emulate([unit_of(TopKSpec(source=INT8, k=k, longest=4), lanes, pairs)
             for lanes, k in ((1, 2), (2, 2), (1, 1))], tmp_path / "pairs")


def test_rows_of_all_lengths(rng):
    units = []
    for lanes, source, k, longest, low, high in (
            (4, INT8, 1, 20, -128, 127), (1, INT8, 5, 20, -3, 3), (4, INT8, 5, 20, -3, 3),
            (1, INT8, 8, 9, -128, 127), (3, IntFormat(12, signed=False), 3, 300, 0, 4095)):
        rows = [rng.integers(low, high, size, endpoint=True)
                for size in rng.integers(1, min(longest, 60), 12, endpoint=True)]
        if source is INT8:
            rows += edge_rows(longest)
        else:
            rows.append(rng.integers(low, high, longest))
        units.append(unit_of(TopKSpec(source=source, k=k, longest=longest), lanes, rows))
    check_units(units, stalls=STALLS)


def test_rows_as_long_as_the_gap_follow_without_a_bubble(rng):
    units = []
    for lanes, k in ((1, 6), (3, 4), (2, 1)):
        rows = [rng.integers(-9, 9, k * lanes) for _ in range(15)]
        unit = unit_of(TopKSpec(source=INT8, k=k, longest=50), lanes, rows, paced=True)
        assert unit.component.row_gap == k
        units.append(unit)
    check_units(units, stalls=STALLS)


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a TopKSpec, not 3"):
        TopK(3, 1)
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        TopK(TopKSpec(source=INT8, k=1, longest=1), 0)
