# amaranth: UnusedElaboratable=no
"""Powers of two against the golden model: every code, every form of the constant."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.nonlinear.exp2 import Exp2, Exp2Lane
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops.exp2 import exp2
from sw_model.specs import Exp2Spec
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

SPECS = [
    {}, {"index_bits": 4}, {"index_bits": 6, "fraction": 8}, {"index_bits": 1, "fraction": 3},
    {"index_bits": 8, "interpolation_bits": 0}, {"index_bits": 3, "interpolation_bits": 1},
    {"index_bits": 7, "fraction": 24}, {"multiplier": 0}, {"multiplier": 1},
    {"multiplier": 2**17 - 1}, {"source": IntFormat(16), "multiplier": 300},
    {"source": IntFormat(12), "multiplier": 5, "constant_fraction": 4, "index_bits": 4},
    {"source": IntFormat(12), "multiplier": 5, "constant_fraction": 5, "index_bits": 4},
    {"source": IntFormat(1), "multiplier": 7000}, {"source": FixedFormat(9, 12)},
    {"source": FixedFormat(12, -3), "multiplier": 12345, "constant_fraction": 14}]


def spec_of(**changes):
    return Exp2Spec(**{"source": FixedFormat(13, 8), "multiplier": 94548, **changes})


def every_code(spec):
    return np.arange(spec.source.min, spec.source.max + 1)


def test_every_code(tmp_path):
    cases = []
    for k, changes in enumerate(SPECS):
        spec = spec_of(**changes)
        d = every_code(spec)
        component = Exp2Lane(spec, ("inferred", "fabric")[k % 2])
        cases.append(EnabledCase(component, {"i": d[:, None]}, exp2(d, spec)[:, None]))
    check_enabled(cases, tmp_path)


@pytest.mark.full
def test_every_code_of_16_bits(tmp_path):
    cases = []
    for fraction in (6, 11, 15):
        for kind in ("inferred", "fabric"):
            spec = spec_of(source=FixedFormat(16, fraction), index_bits=fraction // 2 + 1)
            d = every_code(spec)
            cases.append(EnabledCase(Exp2Lane(spec, kind), {"i": d[:, None]},
                                     exp2(d, spec)[:, None]))
    check_enabled(cases, tmp_path)


def test_multiplier_of_run_time(rng, tmp_path):
    """Every power of two and its neighbours, with every multiplier that is one; and seeded."""
    spec = spec_of(source=FixedFormat(20, 8), multiplier=IntFormat(18, signed=False))
    ends = np.array([1 << k for k in range(19)])
    d = -np.unique(np.concatenate([ends, ends - 1, ends + 1, [1 << 19]]))
    factors = np.unique(np.concatenate([ends[:18], ends[:18] - 1, [2**18 - 1]]))
    pairs = np.array(np.meshgrid(d, factors)).reshape(2, -1)
    pairs = np.concatenate([pairs, rng.integers([[-2**19], [0]], [[2**19], [2**18]],
                                                (2, 4000))], axis=1)
    expected = exp2(pairs[0], spec, pairs[1])
    check_enabled([EnabledCase(Exp2Lane(spec, kind), {"i": pairs[0][:, None],
                                                      "parameters": pairs[1][:, None]},
                               expected[:, None]) for kind in ("inferred", "fabric")], tmp_path)


def test_streams(rng):
    """Words of several lanes, with stalls and resets; latency and interval as declared."""
    units = []
    for spec, lanes in ((spec_of(source=FixedFormat(8, 4)), 3),
                        (spec_of(source=IntFormat(6), index_bits=4, interpolation_bits=0), 1)):
        unit = Exp2(spec, lanes)
        assert unit.spec is spec
        words = rng.integers(spec.source.min, spec.source.max, (60, lanes), endpoint=True)
        units.append(Unit(unit, {"i": words}, {"o": exp2(words, spec)}, latency=unit.latency,
                          interval=Interval(1)))
    spec = spec_of(source=FixedFormat(8, 4), multiplier=IntFormat(18, signed=False))
    unit = Exp2(spec, 2)
    layout = unit.signature.members["parameters"].signature.members["payload"].shape
    words = rng.integers(-128, 127, (60, 2), endpoint=True)
    factors = rng.integers(0, 2**18 - 1, (60, 2), endpoint=True)
    given = [Value.cast(layout.const([{"multiplier": int(each)} for each in row])).value
             for row in factors]
    units.append(Unit(unit, {"i": words, "parameters": given},
                      {"o": exp2(words, spec, factors)}, latency=unit.latency,
                      interval=Interval(1)))
    check_units(units)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be an Exp2Spec, not 3$"):
        Exp2Lane(3)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        Exp2Lane(spec_of(), "x")
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        Exp2(spec_of(), 0)
