# amaranth: UnusedElaboratable=no
"""Streams of products by factors of few bits; every code is in test_lanes.py."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.k_hot import KHotRescale
from sw_model.formats import FixedFormat, IntFormat, KHotFormat, Overflow, Rounding
from sw_model.ops import k_hot_rescale
from sw_model.specs import KHotSpec
from tests.support.units import Interval, Unit, check_units


def factors_of(spec):
    """Every code of the factor's format."""
    return np.flatnonzero(spec.factor.legal())


def unit_of(spec, codes, factors):
    """``codes`` (words, lanes) by ``factors`` (words, lanes), or by one constant."""
    lanes = codes.shape[1]
    if isinstance(factors, int):
        unit, stimulus = KHotRescale(spec, lanes, factors), {"i": codes}
        expected = k_hot_rescale(codes, np.array([factors]), spec)
    else:
        unit = KHotRescale(spec, lanes)
        layout = KHotRescale.parameter_layout(spec, lanes)
        words = [Value.cast(layout.const([KHotRescale.parameters_of(spec, int(f)) for f in row])
                            ).value for row in factors]
        stimulus = {"i": codes, "parameters": words}
        expected = np.stack([k_hot_rescale(row, each, spec)
                             for row, each in zip(codes, factors, strict=True)])
    return Unit(unit, stimulus, {"o": expected}, latency=unit.latency, interval=Interval(1),
                name=f"{spec} {'' if isinstance(factors, np.ndarray) else factors}")


def test_factors_of_channels_and_one_for_all(rng):
    units = []
    for source, form, target in (
            (IntFormat(24), KHotFormat(12, 11, 3), IntFormat(8)),
            (IntFormat(16, signed=False), KHotFormat(9, 4, 2), FixedFormat(20, 4)),
            (IntFormat(8), KHotFormat(4, -2, 1), IntFormat(16))):
        spec = KHotSpec(source=source, factor=form, target=target)
        codes = rng.integers(source.min, source.max, (80, 3), endpoint=True)
        codes[:2] = [[source.min] * 3, [source.max] * 3]
        units.append(unit_of(spec, codes, rng.choice(factors_of(spec), codes.shape)))
    spec = KHotSpec(source=FixedFormat(8, 4), factor=KHotFormat(8, 5, 2), target=FixedFormat(6, 2),
                    rounding=Rounding.FLOOR, overflow=Overflow.WRAP)
    factor = int(spec.factor.encode([-0.71])[0])
    units.append(unit_of(spec, np.arange(-128, 128).reshape(-1, 4), factor))
    check_units(units)


def test_what_does_not_fit():
    spec = KHotSpec(source=IntFormat(8), factor=KHotFormat(8, 5, 2), target=IntFormat(8))
    with pytest.raises(TypeError, match=r"^spec must be a KHotSpec, not 3$"):
        KHotRescale(3, 1)
    with pytest.raises(ValueError, match=r"factor"):
        KHotRescale(spec, 1, 7)
