# amaranth: UnusedElaboratable=no
"""Streams of shifts against the golden model; every code is in test_lanes.py."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.shift import ShiftRescale
from sw_model.formats import FixedFormat, IntFormat, Overflow, Rounding
from sw_model.ops import shift_rescale
from sw_model.specs import ShiftSpec
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)


def unit_of(spec, codes, shifts=None):
    """``codes`` (words, lanes); ``shifts`` (words, lanes) where the spec has several."""
    unit = ShiftRescale(spec, codes.shape[1])
    stimulus = {"i": codes}
    if spec.shifts > 1:
        layout = ShiftRescale.parameter_layout(spec, codes.shape[1])
        stimulus["parameters"] = [
            Value.cast(layout.const([{"distance": spec.distance_of(int(s))} for s in row])).value
            for row in shifts]
    else:
        shifts = np.full(codes.shape, spec.shift_low)
    expected = np.stack([shift_rescale(codes[:, k:k + 1], shifts[:, k:k + 1], spec)[:, 0]
                         for k in range(codes.shape[1])], axis=1)
    return Unit(unit, stimulus, {"o": expected}, latency=unit.latency, interval=Interval(1),
                name=f"{spec}")


def test_shifts_of_channels_and_one_for_all(rng):
    units = []
    for source, target, low, high in (
            (IntFormat(32), INT8, 0, 31), (IntFormat(20, signed=False), IntFormat(8, signed=False),
                                           3, 18), (IntFormat(30), IntFormat(40), -32, 2)):
        spec = ShiftSpec(source=source, target=target, shift_low=low, shift_high=high)
        codes = rng.integers(source.min, source.max, (80, 3), endpoint=True)
        codes[:2] = [[source.min] * 3, [source.max] * 3]
        shifts = rng.integers(low, high, codes.shape, endpoint=True)
        # Next to ties, where there are any.
        unit = 1 << np.maximum(shifts, 1)
        near = np.clip(codes // unit * unit + unit // 2 + rng.integers(-1, 2, codes.shape),
                       source.min, source.max)
        codes[2::2] = near[2::2]
        units.append(unit_of(spec, codes, shifts))
    spec = ShiftSpec.cast(FixedFormat(8, 5), FixedFormat(5, 3), rounding=Rounding.HALF_UP,
                          overflow=Overflow.WRAP)
    units.append(unit_of(spec, np.arange(-128, 128).reshape(-1, 4)))
    check_units(units)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be a ShiftSpec, not 3$"):
        ShiftRescale(3, 1)
    spec = ShiftSpec(source=INT8, target=INT8, shift_low=0, shift_high=3)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        ShiftRescale(spec, 0)
