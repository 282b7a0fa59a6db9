# amaranth: UnusedElaboratable=no
"""The 16-bit logistic function and tanh, and 8-bit activations as tables: every code."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.sigmoid import Sigmoid, SigmoidLane
from hw.nonlinear.table import TableLookup
from hw.rescale.multiply_add_shift import MultiplyAddShift
from sw_model.formats import IntFormat
from sw_model.ops import (
    hard_sigmoid,
    hard_swish,
    logistic_table,
    requantise,
    sigmoid,
    tanh_table,
)
from sw_model.specs import (
    HardSigmoidSpec,
    HardSwishSpec,
    RequantiseSpec,
    SigmoidSpec,
    TableSpec,
)
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

INT8, INT16 = IntFormat(8), IntFormat(16)
CODES = np.arange(-2**15, 2**15)[:, None]
NARROW = np.arange(-128, 128)
STALLS = ((0.0, 0.0), (0.4, 0.4))


def check_every_code(scales, folder):
    cases = []
    for number, scale in enumerate(scales):
        for tanh in (False, True):
            spec = SigmoidSpec.of(scale, tanh=tanh)
            lane = SigmoidLane(spec, ("inferred", "fabric")[number % 2])
            cases.append(EnabledCase(lane, {"i": CODES}, sigmoid(CODES, spec)))
    spec = SigmoidSpec(multiplier=3, shift=0, tanh=True)
    cases.append(EnabledCase(SigmoidLane(spec), {"i": CODES}, sigmoid(CODES, spec)))
    check_enabled(cases, folder)


def test_every_code(tmp_path):
    """From a table that saturates to one that never does."""
    check_every_code((2.0**-11, 1e-3, 3e-5), tmp_path / "codes")


@pytest.mark.full
def test_every_code_of_many_scales(tmp_path):
    """From scales that vanish to the largest."""
    check_every_code((2.0**-12, 2.0**-13, 5e-4, 0.04, 2.6, 1e-12), tmp_path / "codes")


def test_stalls(rng):
    units = []
    for lanes, tanh in ((1, False), (3, True)):
        spec = SigmoidSpec.of(5e-4, tanh=tanh)
        codes = rng.integers(-2**15, 2**15, (150, lanes))
        unit = Sigmoid(spec, lanes)
        units.append(Unit(unit, {"i": codes}, {"o": sigmoid(codes, spec)}, latency=unit.latency,
                          interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_8_bit_activations_as_tables(rng):
    """Codes of 8 bits take a complete table, whatever the function."""
    leaky = RequantiseSpec.leaky_relu(INT8, INT8, alpha=0.1, scale_in=0.1, scale_out=0.05)
    swish = HardSwishSpec.of(scale_in=0.05, scale_out=0.04, zero_in=3, zero_out=-100)
    units = []
    for lanes, row in enumerate((logistic_table(0.05, 3), tanh_table(0.02, -7),
                                 hard_swish(NARROW, swish), requantise(NARROW, leaky)), start=1):
        spec = TableSpec(source=INT8, target=INT8)
        unit = TableLookup(spec, lanes, (tuple(row.tolist()),))
        codes = np.resize(rng.permutation(NARROW), (-(-256 // lanes), lanes))
        units.append(Unit(unit, {"i": codes}, {"o": row[codes + 128].astype(np.int64)},
                          latency=unit.latency, interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_hard_sigmoid_of_the_rescale_unit(rng):
    units = []
    for source, target, lanes in ((INT8, INT8, 2), (INT16, INT16, 1)):
        spec = HardSigmoidSpec.of(source, target, scale_in=6 / source.max, zero_in=9,
                                  scale_out=1 / target.max)
        codes = np.resize(NARROW, (128, lanes)) * (1 << source.width - 8)
        unit = MultiplyAddShift(spec.rescale, lanes, spec.constants)
        units.append(Unit(unit, {"i": codes}, {"o": hard_sigmoid(codes, spec)},
                          latency=unit.latency, interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a SigmoidSpec, not 3"):
        Sigmoid(3, 1)
    with pytest.raises(ValueError, match="multiplier must be one of inferred, fabric, not 'dsp'"):
        Sigmoid(SigmoidSpec.of(1e-3), 1, "dsp")
