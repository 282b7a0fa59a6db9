# amaranth: UnusedElaboratable=no
"""Mantissas and exponents against the golden function: every 8-bit code, in rows."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.extended_exponential import ExtendedExponentialLane
from hw.rows.each import RowEach
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops import extended_exponential
from sw_model.specs import ExtendedExponentialSpec, PowerTable
from tests.support.rows import row_words
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)
SPECS = [
    ExtendedExponentialSpec.from_scale(INT8, 1 / 16),
    ExtendedExponentialSpec.from_scale(IntFormat(8, signed=False), 0.7, table=PowerTable.LEFT),
    ExtendedExponentialSpec.from_scale(FixedFormat(8, 3), 1e-3, table=PowerTable.MIDDLE,
                                       index_bits=8, fraction=20),
    ExtendedExponentialSpec(source=INT8, multiplier=1 << 20, position_bits=6, index_bits=6,
                            fraction=8)]


def unit_of(spec, lanes, rng, multiplier="inferred"):
    """Every code once, in rows of any lengths."""
    unit = RowEach(lanes, ExtendedExponentialLane, spec, multiplier)
    codes = rng.permutation(np.arange(spec.source.min, spec.source.max + 1))
    rows = np.split(codes, np.sort(rng.choice(np.arange(1, codes.size), 20, replace=False)))
    words = []
    for row in rows:
        mantissa, exponent = extended_exponential(row, spec)
        words.append(mantissa | (exponent & (1 << spec.exponent.width) - 1)
                     << spec.mantissa.width)
    widths = (spec.source.width, spec.mantissa.width + spec.exponent.width)
    i, o = (row_words(given, width, lanes)
            for given, width in zip((rows, words), widths, strict=True))
    return Unit(unit, {"i": i}, {"o": o}, latency=unit.latency, interval=Interval(1),
                name=f"{spec} {lanes} {multiplier}")


def test_every_code(rng):
    units = [unit_of(spec, lanes, rng) for spec, lanes in zip(SPECS, (3, 1, 2, 4), strict=True)]
    check_units([*units, unit_of(SPECS[0], 1, rng, "fabric")])


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be an ExtendedExponentialSpec, not 3$"):
        ExtendedExponentialLane(3)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        ExtendedExponentialLane(SPECS[0], "x")
