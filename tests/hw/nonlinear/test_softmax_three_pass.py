# amaranth: UnusedElaboratable=no
"""TFLite's softmax and Shiftmax as units, against their golden functions."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hw.nonlinear.shiftmax import Shiftmax
from hw.nonlinear.softmax_tflite import TfliteSoftmax
from hw.nonlinear.tflite_reciprocal import TfliteReciprocal
from sw_model.formats import IntFormat
from sw_model.ops import shiftmax, softmax, softmax_parameters
from sw_model.ops.fixed_point import reciprocal_of_one_plus
from sw_model.specs import ShiftmaxSpec, TfliteSoftmaxSpec
from tests.support.rows import row_unit
from tests.support.softmax_units import softmax_units
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)


def tflite(scale: float, width: int = 8) -> TfliteSoftmaxSpec:
    multiplier, shift, diff_min = softmax_parameters(scale)
    return TfliteSoftmaxSpec(multiplier=multiplier, shift=shift, diff_min=diff_min,
                             target=IntFormat(width))


def tflite_golden(row, spec):
    return softmax(row.astype(np.int8), multiplier=spec.multiplier, shift=spec.shift,
                   diff_min=spec.diff_min, width=spec.target.width)


TFLITE = (tflite(1 / 16), tflite(0.02, 16), tflite(2.0), tflite(1e-3))
SHIFTMAX = (ShiftmaxSpec.published(INT8, 1 / 16), ShiftmaxSpec.repaired(INT8, 0.03),
            ShiftmaxSpec.repaired(INT8, 1 / 64, width=12),
            ShiftmaxSpec(source=INT8, steps=3, doublings=5, width=16))


def tflite_units(lanes, spec, rng):
    return softmax_units(lambda longest: TfliteSoftmax(spec, lanes, longest),
                         partial(tflite_golden, spec=spec), rng, name=str(spec))


def shiftmax_units(lanes, spec, rng):
    return softmax_units(lambda longest: Shiftmax(spec, lanes, longest),
                         partial(shiftmax, spec=spec), rng, name=str(spec))


def test_a_lane_and_several(rng):
    check_units([*tflite_units(1, TFLITE[1], rng), *tflite_units(3, TFLITE[0], rng),
                 *shiftmax_units(3, SHIFTMAX[1], rng)],
                stalls=[(0.0, 0.0), (0.5, 0.5)])


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_all_settings(lanes, rng):
    check_units([unit for spec in TFLITE for unit in tflite_units(lanes, spec, rng)])
    check_units([unit for spec in SHIFTMAX for unit in shiftmax_units(lanes, spec, rng)])


@pytest.mark.full
def test_products_of_logic(rng):
    spec, other = tflite(0.1), ShiftmaxSpec.repaired(INT8, 0.05)
    units = [
        *softmax_units(lambda longest: TfliteSoftmax(spec, 2, longest, "fabric"),
                       partial(tflite_golden, spec=spec), rng, name="tflite"),
        *softmax_units(lambda longest: Shiftmax(other, 2, longest, "fabric"),
                       partial(shiftmax, spec=other), rng, name="shiftmax")]
    check_units(units, stalls=[(0.0, 0.0), (0.3, 0.3)])


def test_wide_elements_and_sums_that_saturate(rng):
    """Elements of 16 bits; sums of more than the numerator, which then counts."""
    source, units = IntFormat(16), []
    for scale in (1 / 128, 0.003):
        spec = ShiftmaxSpec.repaired(source, scale, width=10)
        rows = [rng.integers(-2000, 2000, 16) for _ in range(16)]
        rows += [np.array([source.min, source.max, 0]), np.array([5])]
        units.append(row_unit(Shiftmax(spec, 2, 16), rows, [shiftmax(row, spec) for row in rows],
                              paced=False))
    spec = ShiftmaxSpec(source=INT8, steps=64, doublings=15, numerator_bits=23)
    rows = [np.zeros(length, np.int64) for length in (4, 5, 9, 16, 1)]
    units.append(row_unit(Shiftmax(spec, 1, 16), rows, [shiftmax(row, spec) for row in rows],
                          paced=False))
    check_units(units)


def test_reciprocals(rng):
    """The extremes, powers of two and their neighbours, and any sums between."""
    powers = 1 << np.arange(19, 31)
    sums = np.concatenate([powers, powers - 1, powers + 1, [2**31 - 1],
                           rng.integers(2**19, 2**31, 40)])
    zeros = np.array([32 - int(total).bit_length() for total in sums])
    factors = reciprocal_of_one_plus((sums << zeros) - 2**31)
    check_units([
        Unit(unit, {"i": sums.tolist()}, {"o": (factors | zeros << 31).tolist()},
             latency=unit.latency, interval=Interval(unit.interval))
        for unit in (TfliteReciprocal(31), TfliteReciprocal(31, "fabric"))],
        stalls=[(0.0, 0.0), (0.5, 0.5)])


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be of TfliteSoftmaxSpec, not 3$"):
        TfliteSoftmax(3, 1, 8)
    with pytest.raises(TypeError, match=r"^spec must be of ShiftmaxSpec, not 3$"):
        Shiftmax(3, 1, 8)
    with pytest.raises(ValueError, match=r"^longest must be at most 4095, not 4096$"):
        TfliteSoftmax(tflite(0.1), 1, 4096)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        TfliteSoftmax(tflite(0.1), 1, 8, "x")
