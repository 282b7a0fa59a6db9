# amaranth: UnusedElaboratable=no
"""Sums, differences and products against the golden model: all pairs of int8 codes."""

from __future__ import annotations

import numpy as np
import pytest

from hw.rescale.two_operands import Add, AddLane, Multiply, MultiplyLane
from sw_model.formats import IntFormat
from sw_model.ops import add, multiply
from sw_model.specs import AddSpec, MultiplySpec
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

INT4, INT8, INT16 = IntFormat(4), IntFormat(8), IntFormat(16)
STALLS = ((0.0, 0.0), (0.4, 0.4))

#: Scales of both operands and the result, zero points, and an activation: powers of two (ties),
#: far apart, saturating.
SCALES = [
    {"scale_0": 0.5, "zero_0": 3, "scale_1": 0.25, "zero_1": -7, "scale_out": 1.0},
    {"scale_0": 0.031, "zero_0": 4, "scale_1": 0.017, "zero_1": -9, "scale_out": 0.04,
     "zero_out": 2, "activation": "relu"},
    {"scale_0": 1.0, "zero_0": -8, "scale_1": 0.9, "zero_1": 7, "scale_out": 0.05, "zero_out": 5},
]


def every_pair(format_):
    codes = np.arange(format_.min, format_.max + 1)
    return np.repeat(codes, len(codes)), np.tile(codes, len(codes))


def some_pairs(rng, format_, count):
    edges = np.array([format_.min, format_.min + 1, -1, 0, 1, format_.max - 1, format_.max])
    a, b = rng.integers(format_.min, format_.max, (2, count), endpoint=True)
    a[:49], b[:49] = np.repeat(edges, 7), np.tile(edges, 7)
    return a, b


def specs_of(format_, scales):
    """Sum, difference and product with their golden functions and components."""
    return [(AddSpec.of(format_, **scales), add, AddLane),
            (AddSpec.of(format_, **scales, subtract=True), add, AddLane),
            (MultiplySpec.of(format_, **scales), multiply, MultiplyLane)]


def case_of(spec, golden, make, a, b, *settings):
    return EnabledCase(make(spec, *settings), {"i0": a[:, None], "i1": b[:, None]},
                       golden(a, b, spec)[:, None])


@pytest.mark.full
def test_every_pair_of_8_bit_codes(tmp_path):
    pairs = every_pair(INT8)
    cases = [case_of(*each, *pairs) for scales in SCALES for each in specs_of(INT8, scales)]
    check_enabled(cases, tmp_path / "pairs")


def test_every_pair_of_one_scale(tmp_path, rng):
    """Also 16-bit codes, which have no zero points, and products of logic."""
    pairs = every_pair(INT8)
    cases = [case_of(*each, *pairs) for each in specs_of(INT8, SCALES[1])]
    cases.append(case_of(*specs_of(INT8, SCALES[0])[2], *pairs, "fabric"))
    wide = {"scale_0": 0.001, "scale_1": 0.0007, "scale_out": 0.0009}
    cases += [case_of(*each, *some_pairs(rng, INT16, 10_000)) for each in specs_of(INT16, wide)]
    check_enabled(cases, tmp_path / "pairs")


def test_every_pair_of_4_bit_codes_with_stalls():
    units = []
    a, b = (part.reshape(-1, 4) for part in every_pair(INT4))
    for scales in SCALES[::2]:
        for spec, golden, make in specs_of(INT4, scales):
            for lanes in (1, 4):
                unit = (Add if make is AddLane else Multiply)(spec, lanes)
                first, second = (part.reshape(-1, lanes)[:64] for part in (a, b))
                units.append(Unit(unit, {"i0": first, "i1": second},
                                  {"o": golden(first, second, spec)}, latency=unit.latency,
                                  interval=Interval(1, stream="i0"), name=f"{lanes} {spec}"))
    check_units(units, stalls=STALLS)


def test_types():
    with pytest.raises(TypeError, match="spec must be an AddSpec, not 3"):
        Add(3, 1)
    with pytest.raises(TypeError, match="spec must be a MultiplySpec, not 3"):
        Multiply(3, 1)
    spec = MultiplySpec.of(INT8, scale_0=1.0, scale_1=1.0, scale_out=1.0)
    with pytest.raises(ValueError, match="multiplier must be one of inferred, fabric, not 'dsp'"):
        Multiply(spec, 1, "dsp")
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        Multiply(spec, 0)
