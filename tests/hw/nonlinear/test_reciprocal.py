# amaranth: UnusedElaboratable=no
"""Reciprocals and their square roots against the golden model: every code of 12 bits."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.reciprocal import NormalisedUnit, ReciprocalLane, RsqrtLane
from sw_model.formats import IntFormat
from sw_model.ops.reciprocal import reciprocal, rsqrt
from sw_model.specs import ReciprocalSpec, RsqrtSpec
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

KINDS = {"reciprocal": (ReciprocalLane, ReciprocalSpec, reciprocal),
         "rsqrt": (RsqrtLane, RsqrtSpec, rsqrt)}
SPECS = [{"newton_steps": 0}, {"newton_steps": 1}, {"newton_steps": 2},
         {"index_bits": 1, "entry_bits": 2}, {"index_bits": 8, "entry_bits": 10},
         {"fraction": 8, "newton_steps": 1}, {"fraction": 24, "index_bits": 6}]


def unsigned(width):
    return IntFormat(width, signed=False)


def case_of(kind, spec, x, multiplier):
    make, _, golden = KINDS[kind]
    r, e = golden(x, spec)
    return EnabledCase(make(spec, multiplier), {"i": x[:, None]},
                       (r | e << spec.mantissa.width)[:, None])


@pytest.mark.parametrize("kind", KINDS)
def test_every_code(kind, tmp_path):
    cases = []
    for width, changes in ((12, {}), (1, {}), (2, {}), (3, {"fraction": 10}),
                           *((11, each) for each in SPECS)):
        for multiplier in ("inferred", "fabric")[:1 + (len(cases) < 2)]:
            spec = KINDS[kind][1](source=unsigned(width), **changes)
            cases.append(case_of(kind, spec, np.arange(1 << width), multiplier))
    check_enabled(cases, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_sources(rng, kind, tmp_path):
    """Powers of two and their neighbours up to 63 bits, and seeded numbers of all sizes."""
    cases = []
    for k, width in enumerate((17, 18, 32, 40, 63)):
        spec = KINDS[kind][1](source=unsigned(width))
        ends = np.array([1 << bit for bit in range(width)])
        random = rng.integers(0, spec.source.max, 2000, endpoint=True)
        x = np.concatenate([ends, ends - 1, ends[:-1] + 1, [spec.source.max],
                            random >> rng.integers(0, width, 2000)])
        cases.append(case_of(kind, spec, x, ("inferred", "fabric")[k % 2]))
    check_enabled(cases, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_every_code_of_16_bits(kind, tmp_path):
    check_enabled([case_of(kind, KINDS[kind][1](source=unsigned(16), newton_steps=steps),
                           np.arange(1 << 16), multiplier)
                   for steps in (0, 1, 2) for multiplier in ("inferred", "fabric")], tmp_path)


def test_streams(rng):
    """Mantissa and exponent side by side, with stalls and resets; latency and interval."""
    units = []
    for kind, lanes, steps in (("reciprocal", 2, 1), ("rsqrt", 1, 2), ("rsqrt", 3, 0)):
        _, make, golden = KINDS[kind]
        spec = make(source=unsigned(9), newton_steps=steps)
        unit = NormalisedUnit(spec, lanes)
        assert unit.spec is spec
        words = rng.integers(0, 511, (60, lanes), endpoint=True)
        pairs = np.stack(golden(words, spec), axis=-1).reshape(60, 2 * lanes)
        units.append(Unit(unit, {"i": words}, {"o": pairs}, latency=unit.latency,
                          interval=Interval(1), name=f"{kind} {lanes}"))
    check_units(units)


def test_what_does_not_fit():
    spec = ReciprocalSpec(source=unsigned(8))
    with pytest.raises(TypeError, match=r"^spec must be a RsqrtSpec, not ReciprocalSpec\("):
        RsqrtLane(spec)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        ReciprocalLane(spec, "x")
    with pytest.raises(TypeError, match=r"^spec must be a ReciprocalSpec or an RsqrtSpec, not 3$"):
        NormalisedUnit(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        NormalisedUnit(spec, 0)
    narrow = ReciprocalSpec(source=unsigned(63), index_bits=2, entry_bits=2, fraction=2)
    with pytest.raises(ValueError, match=r"^exponents of uint63 do not fit lanes of uint3$"):
        NormalisedUnit(narrow, 1)
