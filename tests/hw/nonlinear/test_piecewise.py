# amaranth: UnusedElaboratable=no
"""Piecewise polynomials against the golden model: every code of what the search finds."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.piecewise import Piecewise, PiecewiseLane
from sw_model.approximate import find_piecewise
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops.piecewise import piecewise
from sw_model.specs import PiecewiseSpec
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

FOUND = [
    ("sigmoid", FixedFormat(8, 4), FixedFormat(9, 8), 2**-8, None, None),
    ("tanh", FixedFormat(12, 9), FixedFormat(12, 11), 2**-11, None, None),
    ("gelu", FixedFormat(10, 6), FixedFormat(12, 8), 2**-8, None, None),
    ("exp2", FixedFormat(12, 12, signed=False), FixedFormat(17, 15, signed=False), 3e-5, 0, 1),
    ("reciprocal", FixedFormat(12, 10, signed=False), FixedFormat(13, 12, signed=False), 3e-4,
     1, 2),
    ("rsqrt", IntFormat(9, signed=False), FixedFormat(8, 8, signed=False), 2**-5, 1, None)]


def case_of(spec, kind):
    x = np.arange(spec.source.min, spec.source.max + 1)
    return EnabledCase(PiecewiseLane(spec, kind), {"i": x[:, None]}, piecewise(x, spec)[:, None])


def found(function, source, target, bound, low, high, **settings):
    return find_piecewise(function, source=source, target=target, bound=bound, low=low, high=high,
                          **settings).spec


@pytest.mark.parametrize("kind", ["inferred", "fabric"])
def test_every_code_of_what_is_found(kind, tmp_path):
    """Of every degree, in and out of the range."""
    check_enabled([case_of(found(*case, degrees=(degree,)), kind)
                   for k, case in enumerate(FOUND) for degree in (0, 1, 2)
                   if degree or k == 0], tmp_path)


def test_any_coefficients(rng, tmp_path):
    """Not only those of smooth functions; sums that saturate at both ends, segments of one code,
    one segment of all."""
    cases = []
    for number in range(24):
        degree = number % 3
        offset_bits = int(rng.integers(0, 9))
        low, high = sorted(rng.integers(-128, 127, 2, endpoint=True).tolist())
        if number % 4 == 0:
            low, high = -128, 127
        segments = (high - low >> offset_bits) + 1
        signs = [(-300, 300), (0, 300), (-300, -1)][number // 3 % 3]
        spec = PiecewiseSpec(
            source=IntFormat(8), target=(IntFormat(8), IntFormat(7, signed=False))[number % 2],
            low=low, high=high, offset_bits=offset_bits, guard=number % 5,
            coefficients=tuple(tuple(rng.integers(*signs, segments).tolist())
                               for _ in range(degree + 1)))
        cases.append(case_of(spec, ("inferred", "fabric")[number // 2 % 2]))
    check_enabled(cases, tmp_path)


@pytest.mark.full
def test_every_code_of_16_bits(tmp_path):
    cases = [case_of(found("sigmoid", FixedFormat(16, 12), FixedFormat(17, 16), 1e-4, None, None,
                           degrees=(degree,)), kind)
             for degree in (1, 2) for kind in ("inferred", "fabric")]
    check_enabled(cases, tmp_path)


def test_streams(rng):
    units = []
    for case, lanes in ((FOUND[0], 1), (FOUND[1], 3)):
        spec = found(*case)
        unit = Piecewise(spec, lanes)
        assert unit.spec is spec
        words = rng.integers(spec.source.min, spec.source.max, (60, lanes), endpoint=True)
        units.append(Unit(unit, {"i": words}, {"o": piecewise(words, spec)},
                          latency=unit.latency, interval=Interval(1)))
    check_units(units)


def test_what_does_not_fit():
    spec = found(*FOUND[0])
    with pytest.raises(TypeError, match=r"^spec must be a PiecewiseSpec, not 3$"):
        PiecewiseLane(3)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        PiecewiseLane(spec, "x")
