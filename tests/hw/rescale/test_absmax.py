# amaranth: UnusedElaboratable=no
"""Rows scaled by their largest magnitude against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.rescale.absmax import AbsMaxQuantiser, RowPeak
from sw_model.formats import IntFormat
from sw_model.ops import absmax_quantise
from sw_model.specs import AbsMaxSpec
from tests.support.rows import row_unit, row_words
from tests.support.units import Unit, check_units

INT4, INT8 = IntFormat(4), IntFormat(8)
FEW = ((0.0, 0.0), (0.4, 0.4))


def unit_of(spec, lanes, longest, rows, *, paced=False):
    results = [absmax_quantise(row, spec) for row in rows]
    component = AbsMaxQuantiser(spec, lanes, longest)
    unit = row_unit(component, rows, [codes for codes, _ in results], paced=paced,
                    name=f"{spec} {lanes}")
    # What is offered first is the row's peak.
    unit.latency = component.scale_latency
    unit.expected = {**unit.expected, "scales": np.array([peak for _, peak in results])}
    return unit


def some_rows(rng, form, longest, count=8):
    """Random of any length, of small numbers, one element, all equal, zeros, peaks at the ends."""
    rows = [rng.integers(form.min, form.max, size, endpoint=True)
            for size in rng.integers(1, longest, count, endpoint=True)]
    small = max(form.min, -3), min(form.max, 3)
    rows += [rng.integers(*small, longest, endpoint=True) for _ in range(3)]
    rows += [np.full(longest, value) for value in (form.min, 0, form.max)]
    rows += [np.array([value]) for value in (form.max, 0, form.min)]
    rows += [np.array([form.min] + [1] * (longest - 1)), np.array([1] * (longest - 1) + [form.max])]
    # Alone among zeros: the least magnitude there is, first and last.
    rows += [np.arange(longest) == 0, -1 * (np.arange(longest) == longest - 1)]
    return [np.maximum(row, form.min) for row in rows]


def test_rows_of_any_length(rng):
    """Rows that fill their last word and that do not, the shortest right after the longest."""
    check_units([unit_of(AbsMaxSpec(source, target), lanes, 13, some_rows(rng, source, 13))
                 for lanes, source, target in ((1, INT8, INT4), (3, INT8, INT8),
                                               (4, IntFormat(16), INT8))])


@pytest.mark.full
def test_every_magnitude_by_every_peak():
    """All 8-bit codes of each sign below each peak, and ties of every kind."""
    rows = [np.arange(-peak, min(peak, 127) + 1) for peak in range(129)]
    check_units([unit_of(AbsMaxSpec(INT8, INT8), 8, 257, rows)], stalls=FEW)


def test_every_magnitude_by_peaks():
    """By odd and even ones, and those of which every product is a tie or none."""
    rows = [np.arange(-peak, min(peak, 127) + 1) for peak in (1, 2, 4, 7, 32, 85, 127, 128)]
    check_units([unit_of(AbsMaxSpec(INT8, INT8), 8, 257, rows)], stalls=FEW)


def test_no_bubbles(rng):
    """Rows of as many words follow each other without a pause, be it one."""
    same = [rng.integers(-128, 128, 16) for _ in range(12)]
    units = [unit_of(AbsMaxSpec(INT8, INT8), lanes, 16, same, paced=True) for lanes in (1, 4)]
    for lanes in (1, 3):
        short = [rng.integers(-128, 128, size)
                 for size in rng.integers(1, lanes, 60, endpoint=True)]
        units.append(unit_of(AbsMaxSpec(INT8, INT8), lanes, 16, short, paced=True))
        assert units[-1].component.row_gap == 1
    check_units(units, stalls=FEW)


@pytest.mark.parametrize("lanes", [1, 3])
def test_latency(lanes):
    """Of the peak and of the first code, from the row's last word."""
    unit, arrived = AbsMaxQuantiser(AbsMaxSpec(INT8, INT8), lanes, 9), {}

    async def bench(ctx):
        for name in ("o", "scales"):
            ctx.set(getattr(unit, name).ready, 1)
        words = -(-9 // lanes)
        for word in range(words):
            ctx.set(unit.i.valid, 1)
            ctx.set(unit.i.payload.last, word == words - 1)
            ctx.set(unit.i.payload.data[0], word)
            assert ctx.get(unit.i.ready)
            await ctx.tick()
        ctx.set(unit.i.valid, 0)
        for cycle in range(1, 40):
            for name in ("o", "scales"):
                if ctx.get(getattr(unit, name).valid):
                    arrived.setdefault(name, cycle)
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert arrived == {"o": unit.latency, "scales": unit.scale_latency}


def test_other_formats(rng):
    check_units([unit_of(AbsMaxSpec(source, target), 2, 9, some_rows(rng, source, 9))
                 for source, target in (
                     (IntFormat(8, signed=False), INT8), (IntFormat(32), INT8),
                     (IntFormat(12), IntFormat(16)), (IntFormat(24), IntFormat(2)))],
                stalls=((0.3, 0.3),))


def test_row_peak(rng):
    rows = some_rows(rng, INT8, 9)
    check_units([Unit(RowPeak(8, 2), {"i": row_words([abs(row) for row in rows], 8, 2)},
                      {"o": [int(abs(row).max()) for row in rows]})], stalls=((0.3, 0.3),))


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be an AbsMaxSpec, not 3$"):
        AbsMaxQuantiser(3, 1, 4)
    with pytest.raises(ValueError, match=r"^longest must be at least 1, not 0$"):
        AbsMaxQuantiser(AbsMaxSpec(INT8, INT8), 1, 0)
