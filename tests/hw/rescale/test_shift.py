# amaranth: UnusedElaboratable=no
"""Shifts with every rounding against the golden model, and against QONNX's Trunc behind it."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.shift import ShiftRescale
from sw_model.formats import FixedFormat, IntFormat, Overflow, Rounding
from sw_model.ops import shift_rescale
from sw_model.specs import ShiftSpec
from tests.support.units import Interval, Unit, check_units

INT8, LANES = IntFormat(8), 4
STALLS = ((0.0, 0.0), (0.4, 0.4))


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


def test_every_8_bit_code():
    """With every rounding, by one shift for all and by one for each."""
    every = np.arange(-128, 128).reshape(-1, LANES)
    low, high = -1, 3
    units = []
    for rounding, shift in zip(Rounding, (-1, 0, 1, 2, 3, 4, 8, 12), strict=True):
        spec = ShiftSpec(source=INT8, target=IntFormat(6), shift_low=shift, shift_high=shift,
                         rounding=rounding)
        several = ShiftSpec(source=INT8, target=INT8, shift_low=low, shift_high=high, low=-100,
                            high=90, rounding=rounding)
        shifts = np.repeat(np.arange(low, high + 1), len(every))[:, None]
        codes = np.tile(every, (high - low + 1, 1))
        units += [unit_of(spec, every),
                  unit_of(several, codes, np.broadcast_to(shifts, codes.shape))]
    check_units(units, stalls=((0.3, 0.3),))


@pytest.mark.full
@pytest.mark.parametrize("rounding", Rounding)
def test_every_8_bit_code_by_every_shift(rounding):
    every = np.arange(-128, 128).reshape(-1, LANES)
    check_units([unit_of(ShiftSpec(source=INT8, target=IntFormat(6), shift_low=shift,
                                   shift_high=shift, rounding=rounding), every)
                 for shift in range(-3, 13)], stalls=STALLS)


def test_shifts_of_channels_wide_and_unsigned_codes(rng):
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
    check_units(units, stalls=STALLS)


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
def test_casts_between_fixed_points(overflow):
    """QFX's: every code of the source, signed and not, to fewer bits and to more."""
    units = []
    for source, target in ((FixedFormat(10, 6), FixedFormat(6, 3)),
                           (FixedFormat(9, 2), FixedFormat(12, 6)),
                           (FixedFormat(9, 5, signed=False), FixedFormat(5, 3)),
                           (FixedFormat(9, 5), FixedFormat(5, 3, signed=False))):
        every = np.arange(source.min, source.max + 1).reshape(-1, 2 * LANES)
        units += [unit_of(ShiftSpec.cast(source, target, rounding=rounding, overflow=overflow),
                          every)
                  for rounding in (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.FLOOR)]
    check_units(units, stalls=((0.3, 0.3),))


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be a ShiftSpec, not 3$"):
        ShiftRescale(3, 1)
    spec = ShiftSpec(source=INT8, target=INT8, shift_low=0, shift_high=3)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        ShiftRescale(spec, 0)
