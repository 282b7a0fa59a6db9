# amaranth: UnusedElaboratable=no
"""Element-wise and reducing units once more, in the other simulator and one build."""

from __future__ import annotations

import numpy as np

from hw.nonlinear.argmax import ArgMax
from hw.nonlinear.table import TableLookup
from hw.rescale.absmax import AbsMaxQuantiser
from hw.rescale.binary_search import BinarySearchThreshold
from hw.rescale.framework import FrameworkRescale
from hw.rescale.hadamard import HadamardUnit
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.rescale.stochastic import StochasticShift
from hw.rescale.threshold import ParallelThreshold
from sw_model.formats import IntFormat, covering
from sw_model.ops import absmax_quantise, hadamard, stochastic_shift
from sw_model.ops.rescale import PLAIN, RescaleMode, multiply_add_shift
from sw_model.ops.threshold import multi_threshold
from sw_model.specs import (
    AbsMaxSpec,
    ArgMaxSpec,
    FrameworkRescaleSpec,
    HadamardSpec,
    MultiplyAddShiftSpec,
    StochasticShiftSpec,
    TableSpec,
    ThresholdSpec,
    VectorJob,
)
from sw_model.specs.lfsr import spread_seeds
from tests.support.rows import row_unit
from tests.support.units import Unit, check_units

INT8, INT12 = IntFormat(8), IntFormat(12)


def test_every_unit(need, rng):
    need("verilator")
    every = np.arange(-2048, 2048).reshape(-1, 16)
    units = []

    m, b = 1021, (1 << 14, (1 << 14) - 1)
    spec = MultiplyAddShiftSpec(source=INT12, target=INT8, shift=15, low=-128, high=127,
                                multiplier=covering(m, m), offset=covering(*sorted(b)), signs=2)
    units.append(Unit(MultiplyAddShift(spec, 16, (m, b)), {"i": every}, {"o": np.clip(
        multiply_add_shift(every, np.array([m]), np.array([b]), 15), -128, 127)}))

    m, exponent = 3 << 29, -36
    spec = FrameworkRescaleSpec(
        source=INT12, target=INT8, mode="tflite_double", zero_point=-7, low=-128, high=127,
        multiplier=covering(m, m), exponent_low=exponent, exponent_high=exponent)
    plain = PLAIN[RescaleMode.TFLITE_DOUBLE](every, np.full_like(every, m),
                                             np.full_like(every, exponent))
    units.append(Unit(FrameworkRescale(spec, 16, (m, exponent)), {"i": every},
                      {"o": np.clip(plain - 7, -128, 127)}))

    rows = np.sort(rng.integers(-2000, 2000, (1, 7)), axis=1)
    spec = ThresholdSpec(source=INT12, target=IntFormat(4), count=7)
    expected = multi_threshold(every, rows, np.ones_like(rows), np.array([-4]))
    row = tuple(rows[0].tolist())
    units.append(Unit(ParallelThreshold(spec, 16, (row, (1,) * 7, -4)), {"i": every},
                      {"o": expected}))
    units.append(Unit(BinarySearchThreshold(spec, 16, (row,), (-4,)), {"i": every},
                      {"o": expected}))

    entries = rng.integers(-128, 128, 4096)
    units.append(Unit(TableLookup(TableSpec(source=INT12, target=INT8), 16,
                                  (tuple(entries.tolist()),)), {"i": every},
                      {"o": entries[every + 2048]}))

    vectors = rng.integers(-9, 9, (128, 30))
    words = np.pad(vectors, ((0, 0), (0, 2)), constant_values=2047).reshape(-1, 16)
    units.append(Unit(ArgMax(ArgMaxSpec(INT12, (VectorJob(30),)), 16), {"i": words},
                      {"o": vectors.argmax(axis=1)[:, None]}))
    units += _those_with_state(rng)
    check_units(units, simulator="verilator", stalls=[(0.0, 0.0), (0.3, 0.3)])


def _those_with_state(rng):
    rotation = HadamardSpec(INT8, 32)
    vectors = rng.integers(-128, 128, (12, 32))
    yield Unit(HadamardUnit(rotation, 4), {"i": vectors.reshape(-1, 4)},
               {"o": hadamard(vectors, rotation).reshape(-1, 4)})

    fair = StochasticShiftSpec(source=INT12, target=INT8, shift_low=4, shift_high=4, bits=4,
                               seeds=spread_seeds(3, 8))
    codes = rng.integers(-2048, 2048, (200, 8))
    yield Unit(StochasticShift(fair), {"i": codes},
               {"o": stochastic_shift(codes, np.array([4]), fair)})

    peaks = AbsMaxSpec(INT12, INT8)
    rows = [rng.integers(-2048, 2048, size) for size in (9, 30, 1, 2, 30, 17)]
    results = [absmax_quantise(row, peaks) for row in rows]
    unit = row_unit(AbsMaxQuantiser(peaks, 4, 30), rows, [codes for codes, _ in results],
                    latency=False, paced=False)
    unit.expected = {**unit.expected, "scales": np.array([peak for _, peak in results])}
    yield unit
