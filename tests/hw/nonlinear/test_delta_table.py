# amaranth: UnusedElaboratable=no
"""GELU and SiLU against the golden model: every code."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.delta_table import DeltaTable, DeltaTableLane
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops.delta_table import delta_table
from sw_model.specs import DeltaTableSpec
from sw_model.tables import delta_entries
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

#: Activation, source, step, fraction bits of entries and result, where the table ends.
SHAPES = [
    ("gelu", FixedFormat(12, 8), 5, 12, None, None), ("silu", FixedFormat(12, 8), 3, 8, None, None),
    ("gelu", FixedFormat(10, 6), 2, 5, 9, 3.0), ("silu", FixedFormat(12, 7), 0, 12, 7, None),
    ("gelu", FixedFormat(9, 6), 6, 10, None, 6.0), ("silu", FixedFormat(3, 2), 2, 7, None, None),
    ("silu", IntFormat(5), 0, 9, None, None), ("gelu", FixedFormat(11, 9), 3, 14, 16, 0.4)]


def made(activation, source, step_bits, fraction, target_fraction, limit):
    entries = delta_entries(activation, step_bits, fraction, limit)
    return DeltaTableSpec(source=source, step_bits=step_bits, fraction=fraction,
                          entries=len(entries), target_fraction=target_fraction), entries


def case_of(spec, entries, x, kind):
    expected = delta_table(x, spec, np.array(entries))
    return EnabledCase(DeltaTableLane(spec, entries, kind), {"i": x[:, None]}, expected[:, None])


def test_every_code(tmp_path):
    cases = []
    for k, shape in enumerate(SHAPES):
        spec, entries = made(*shape)
        x = np.arange(spec.source.min, spec.source.max + 1)
        cases.append(case_of(spec, entries, x, ("inferred", "fabric")[k % 2]))
    # Any entries will do, also those that rise, and fall to 0 at once.
    rising = (0, 1, 5, 5, 200)
    spec = DeltaTableSpec(source=FixedFormat(8, 4), step_bits=2, fraction=8, entries=5)
    cases.append(case_of(spec, rising, np.arange(-128, 128), "inferred"))
    check_enabled(cases, tmp_path)


def test_published_table(rng, tmp_path):
    """Edge-MoE's GELU: 32 bits, 22 of them fraction; both ends, every entry, and seeded."""
    spec, entries = made("gelu", FixedFormat(32, 22), 5, 22, None, None)
    steps = np.arange(178) << 17
    x = np.concatenate([steps, steps - 1, steps + 1, [2**31 - 1, 2**31 - 2],
                        rng.integers(0, 6 << 22, 5000), rng.integers(0, 2**31 - 1, 500)])
    x = np.concatenate([x, -x, [-2**31]])
    check_enabled([case_of(spec, entries, x, kind) for kind in ("inferred", "fabric")], tmp_path)


@pytest.mark.full
def test_every_code_of_16_bits(tmp_path):
    cases = []
    for activation in ("gelu", "silu"):
        for kind in ("inferred", "fabric"):
            spec, entries = made(activation, FixedFormat(16, 12), 5, 16, 16, None)
            cases.append(case_of(spec, entries, np.arange(-2**15, 2**15), kind))
    check_enabled(cases, tmp_path)


def test_streams(rng):
    units = []
    for shape, lanes in ((SHAPES[2], 1), (SHAPES[1], 3)):
        spec, entries = made(*shape)
        unit = DeltaTable(spec, lanes, entries)
        assert unit.spec is spec
        words = rng.integers(spec.source.min, spec.source.max, (60, lanes), endpoint=True)
        units.append(Unit(unit, {"i": words}, {"o": delta_table(words, spec, np.array(entries))},
                          latency=unit.latency, interval=Interval(1)))
    check_units(units)


def test_what_does_not_fit():
    spec, entries = made(*SHAPES[0])
    with pytest.raises(TypeError, match=r"^spec must be a DeltaTableSpec, not 3$"):
        DeltaTableLane(3, entries)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        DeltaTableLane(spec, entries, "x")
    with pytest.raises(ValueError, match=rf"^there must be {len(entries)} entries, not 2$"):
        DeltaTableLane(spec, (1, 0))
    with pytest.raises(ValueError, match=r"^entries must not be negative, but -1 is$"):
        DeltaTableLane(spec, (-1, *entries[1:]))
