# amaranth: UnusedElaboratable=no
"""Requantisation and ReLUs against the golden model: every 8-bit and every 16-bit code."""

from __future__ import annotations

import numpy as np
import pytest

from hw.rescale.requantise import Requantise, RequantiseLane
from sw_model.formats import IntFormat
from sw_model.ops import requantise
from sw_model.specs import RequantiseSpec
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.units import Interval, Unit, check_units

INT8, INT16 = IntFormat(8), IntFormat(16)
STALLS = ((0.0, 0.0), (0.4, 0.4))


def specs(source, target):
    """Up, down, ties, saturating, clamped and leaky."""
    zero = {"zero_in": 3, "zero_out": -7}
    return [
        RequantiseSpec.between(source, target, scale_in=0.05, scale_out=0.03, **zero),
        RequantiseSpec.between(source, target, scale_in=0.25, scale_out=0.5),
        RequantiseSpec.between(source, target, scale_in=3.0, scale_out=0.2, **zero),
        RequantiseSpec.between(source, target, scale_in=0.1, scale_out=0.07, activation="relu6",
                               **zero),
        RequantiseSpec.between(source, target, scale_in=1e-9, scale_out=1.0),
        RequantiseSpec.leaky_relu(source, target, alpha=0.1, scale_in=0.1, scale_out=0.08, **zero),
        RequantiseSpec.leaky_relu(source, target, alpha=0.9, scale_in=1.5, scale_out=0.6),
        RequantiseSpec.leaky_relu(source, target, alpha=0.0, scale_in=0.5, scale_out=1.0)]


def check_every_code(source, target, some, folder):
    codes = np.arange(source.min, source.max + 1)[:, None]
    cases = []
    for number, spec in enumerate(some):
        lane = RequantiseLane(spec, ("inferred", "fabric")[number % 2])
        cases.append(EnabledCase(lane, {"i": codes}, requantise(codes, spec)))
    check_enabled(cases, folder)


def test_every_code(tmp_path):
    check_every_code(INT8, INT8, specs(INT8, INT8), tmp_path / "narrow")
    check_every_code(INT16, INT16, specs(INT16, INT16)[::5], tmp_path / "wide")


@pytest.mark.full
def test_every_code_of_all_formats(tmp_path):
    for source, target in ((INT16, INT16), (INT16, INT8), (INT8, INT16)):
        check_every_code(source, target, specs(source, target),
                         tmp_path / f"{source}_{target}")


def test_stalls():
    units = []
    for lanes in (1, 4, 5):
        codes = np.resize(np.arange(-128, 128), 300).reshape(-1, lanes)
        for spec in specs(INT8, INT8)[2::3]:
            unit = Requantise(spec, lanes)
            units.append(Unit(unit, {"i": codes}, {"o": requantise(codes, spec)},
                              latency=unit.latency, interval=Interval(1), name=f"{spec}"))
    check_units(units, stalls=STALLS)


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a RequantiseSpec, not 3"):
        Requantise(3, 1)
    with pytest.raises(ValueError, match="multiplier must be one of inferred, fabric, not 'dsp'"):
        Requantise(specs(INT8, INT8)[0], 1, "dsp")
