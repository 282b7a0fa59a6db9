# amaranth: UnusedElaboratable=no
"""Factors of few bits against the golden model: all factors, all codes."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.k_hot import KHotRescale
from sw_model.formats import FixedFormat, IntFormat, KHotFormat, Overflow, Rounding
from sw_model.ops import k_hot_rescale
from sw_model.specs import KHotSpec
from tests.support.units import Interval, Unit, check_units

STALLS = ((0.0, 0.0), (0.4, 0.4))


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


@pytest.mark.parametrize("hot", [1, 2, 3])
def test_every_code_by_every_factor(hot, rng):
    """With their parameters; each word holds the code by as many factors as there are lanes."""
    spec = KHotSpec(source=FixedFormat(6, 2), factor=KHotFormat(5, 3, hot),
                    target=FixedFormat(7, 2))
    factors = factors_of(spec)
    codes, each = np.meshgrid(np.arange(-32, 32), factors)
    count = codes.size // 4 * 4
    check_units([unit_of(spec, codes.ravel()[:count].reshape(-1, 4),
                         each.ravel()[:count].reshape(-1, 4))],
                stalls=STALLS if hot == 2 else ((0.3, 0.3),))


def test_constants(rng):
    """Every code of 8 bits, by negative and positive factors, by nothing and by most."""
    every, units = np.arange(-128, 128).reshape(-1, 8), []
    for hot in (1, 2, 4):
        form = KHotFormat(8, 5, hot)
        codes = form.encode(np.array([1.37, -0.71, 2.9, -3.9, 0.0, 1 / 32, -1.0]))
        for rounding, overflow, factor in zip(
                (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.FLOOR) * 3,
                (Overflow.SATURATE, Overflow.WRAP) * 4, codes.tolist(), strict=False):
            spec = KHotSpec(source=FixedFormat(8, 4), factor=form, target=FixedFormat(8, 4),
                            rounding=rounding, overflow=overflow)
            units.append(unit_of(spec, every, factor))
    check_units(units, stalls=((0.3, 0.3),))


def test_wide_and_unsigned(rng):
    units = []
    for source, form, target in (
            (IntFormat(24), KHotFormat(12, 11, 3), IntFormat(8)),
            (IntFormat(16, signed=False), KHotFormat(9, 4, 2), FixedFormat(20, 4)),
            (IntFormat(8), KHotFormat(4, -2, 1), IntFormat(16))):
        spec = KHotSpec(source=source, factor=form, target=target)
        codes = rng.integers(source.min, source.max, (200, 3), endpoint=True)
        codes[:2] = [[source.min] * 3, [source.max] * 3]
        units.append(unit_of(spec, codes, rng.choice(factors_of(spec), codes.shape)))
    check_units(units, stalls=STALLS)


def test_what_does_not_fit():
    spec = KHotSpec(source=IntFormat(8), factor=KHotFormat(8, 5, 2), target=IntFormat(8))
    with pytest.raises(TypeError, match=r"^spec must be a KHotSpec, not 3$"):
        KHotRescale(3, 1)
    with pytest.raises(ValueError, match=r"factor"):
        KHotRescale(spec, 1, 7)
