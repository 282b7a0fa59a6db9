# amaranth: UnusedElaboratable=no
"""Pooling against the golden model."""

from __future__ import annotations

import numpy as np
import pytest

from hw.window.pool import AveragePool, MaxPool
from sw_model.formats import IntFormat
from sw_model.ops import average_pool, max_pool
from sw_model.specs import PoolSpec, WindowAxis
from tests.support.emulated import emulator_of
from tests.support.units import Interval, Unit, check_units, padded
from verif.manifest import Stream

INT4, INT8, INT16 = IntFormat(4), IntFormat(8), IntFormat(16)
UINT8 = IntFormat(8, signed=False)
KINDS = ((AveragePool, average_pool), (MaxPool, max_pool))
STALLS = ((0.0, 0.0), (0.4, 0.4))

#: Windows that touch, overlap and leave elements out; padding at either end, also more than a
#: window's step; kernels as large as the image, and larger; one axis and three.
AXES = [
    (WindowAxis(6, 2, 2), WindowAxis(4, 2, 2)),
    (WindowAxis.same(5, 3), WindowAxis.same(4, 3)),
    (WindowAxis(7, 3, 2, 1, 1), WindowAxis(8, 2, 3)),
    (WindowAxis.same(5, 5, 2), WindowAxis(3, 1, 1)),
    (WindowAxis(4, 4), WindowAxis(5, 5)),
    (WindowAxis.same(2, 5), WindowAxis(3, 4, 1, 3, 2)),
    (WindowAxis(5, 1, 2), WindowAxis(6, 1, 4)),
    (WindowAxis(9, 4, 1, 2, 0),),
    (WindowAxis(3, 2), WindowAxis.same(4, 2, 2), WindowAxis.same(3, 2)),
    (WindowAxis(1, 1), WindowAxis(1, 1)),
]


def images(rng, spec, channels, count):
    """Of the least code, of the greatest, of small ones, and of any."""
    low, high = spec.format.min, spec.format.max
    drawn = rng.integers(low, high, (count, *spec.sizes, channels), endpoint=True)
    drawn[0], drawn[1] = low, high
    drawn[2] = rng.integers(max(low, -2), 3, drawn.shape[1:])
    return drawn


def emulated(cases, folder):
    """Check (component, input, result) of as many samples each; the cycles between samples."""
    streams, inputs = [], {}
    for k, (unit, x, y) in enumerate(cases):
        for name, way, array in (("i", "in", x), ("o", "out", y)):
            streams.append(Stream(
                name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                format=str(unit.spec.format), lanes=unit.lanes, vector=array.shape[-1],
                vectors=int(np.prod(array.shape[1:-1]))))
        inputs[f"i{k}"] = x.reshape(len(x), -1)
    emulator = emulator_of([unit for unit, _, _ in cases], streams, folder)
    free = emulator.run(inputs)
    for run in (free, emulator.run(inputs, idle=0.3, stall=0.3, seed=1)):
        for k, (unit, _, y) in enumerate(cases):
            np.testing.assert_array_equal(run.outputs[f"o{k}"].reshape(y.shape), y,
                                          f"case {k}: {unit.spec}")
    return [np.diff(free.accepted[f"u{k}__i"].astype(np.int64)) for k in range(len(cases))]


def test_windows(tmp_path, rng):
    cases = []
    for number, axes in enumerate(AXES):
        for make, golden in KINDS:
            lanes, channels = ((1, 1), (2, 5), (3, 3), (1, 3))[number % 4]
            spec = PoolSpec.of((INT8, INT4)[number % 3 == 2], *axes,
                               count_padding=number % 2 == 1)
            x = images(rng, spec, channels, 40)
            cases.append((make(spec, lanes, channels), x, golden(x, spec)))
    for (unit, _, _), gaps in zip(cases, emulated(cases, tmp_path / "pools"), strict=True):
        assert gaps[5:].max() <= unit.cycles
        if all(axis.steps == axis.size for axis in unit.spec.axes):
            assert gaps[5:].min() == unit.cycles


def test_counts_that_vary(tmp_path, rng):
    """Averages by the elements inside the image, products of logic, clamps, 16 bits, no sign."""
    cases = []
    for kind, format_, axes in (
            ("inferred", INT8, AXES[1]), ("fabric", INT8, AXES[2]), ("inferred", INT8, AXES[5]),
            ("fabric", INT16, (WindowAxis.same(5, 4, 3), WindowAxis.same(5, 3))),
            ("inferred", INT8, AXES[3]), ("inferred", UINT8, AXES[1])):
        spec = PoolSpec.of(format_, *axes, activation="relu6", scale=6 / (format_.max - 20),
                           zero_point=-7 if format_.signed else 9)
        x = images(rng, spec, 3, 60)
        cases.append((AveragePool(spec, 2, 3, kind), x, average_pool(x, spec)))
    emulated(cases, tmp_path / "pools")


def test_every_pair_of_codes(tmp_path):
    """All 65,536 pairs in windows of two, half of them with odd sums; and both ends of three."""
    a = np.arange(-128, 128)
    pairs = np.stack([np.repeat(a, 256), np.tile(a, 256)]).reshape(2, -1, 16).swapaxes(0, 1)
    spec = PoolSpec.of(INT8, WindowAxis(2, 2))
    cases = [(make(spec, 4, 16), pairs, golden(pairs, spec)) for make, golden in KINDS]
    spec = PoolSpec.of(INT8, WindowAxis.same(2, 3))
    cases += [(make(spec, 4, 16), pairs, golden(pairs, spec)) for make, golden in KINDS]
    emulated(cases, tmp_path / "pairs")


def test_latency_and_reset(rng):
    """Without padding at the end a word is taken every cycle."""
    units = []
    for lanes, channels, axes in ((2, 3, (WindowAxis(4, 2, 2), WindowAxis(4, 3))),
                                  (1, 1, (WindowAxis(3, 2, 1, 1), WindowAxis(4, 2, 2, 1)))):
        for make, golden in KINDS:
            spec = PoolSpec.of(INT8, *axes)
            x = images(rng, spec, channels, 8)
            unit = make(spec, lanes, channels)
            rows, columns = (axis.kernel - 1 - axis.before for axis in axes)
            place = rows * axes[1].size + columns
            units.append(Unit(
                unit, {"i": padded(x.reshape(-1, channels), lanes)},
                {"o": padded(golden(x, spec).reshape(-1, channels), lanes)},
                latency=unit.latency, after=place * -(-channels // lanes), interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_padding_at_the_end_waits_for_no_image(rng):
    """The last image's results come out although no word follows."""
    spec = PoolSpec.of(INT8, WindowAxis.same(3, 3), WindowAxis.same(4, 3))
    x = images(rng, spec, 3, 5)
    check_units([Unit(make(spec, 3, 3), {"i": padded(x.reshape(-1, 3), 3)},
                      {"o": padded(golden(x, spec).reshape(-1, 3), 3)})
                 for make, golden in KINDS], stalls=STALLS)


def test_refuses():
    spec = PoolSpec.of(INT8, WindowAxis(2, 2))
    with pytest.raises(TypeError, match="spec must be a PoolSpec, not 3"):
        MaxPool(3, 1, 1)
    with pytest.raises(ValueError, match="channels must be at least 1, not 0"):
        MaxPool(spec, 1, 0)
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        MaxPool(spec, 0, 1)
    with pytest.raises(ValueError, match="multiplier must be one of inferred, fabric, not 'dsp'"):
        AveragePool(spec, 1, 1, "dsp")
