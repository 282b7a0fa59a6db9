# amaranth: UnusedElaboratable=no
"""Parallel thresholds against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.threshold import ParallelThreshold
from sw_model.formats import BipolarFormat, IntFormat
from sw_model.ops.threshold import multi_threshold
from sw_model.specs import ThresholdSpec
from tests.support.units import Interval, Unit, check_units, padded


def constant_unit(spec, lanes, acc, thresholds, steps, base):
    words = padded(acc.reshape(1, -1), lanes)
    unit = ParallelThreshold(spec, lanes, (tuple(thresholds), tuple(steps), base))
    expected = multi_threshold(words.data, np.array([thresholds], np.int64).reshape(1, -1),
                               np.array([steps], np.int64).reshape(1, -1), np.array([base]))
    return Unit(unit, {"i": words.data}, {"o": np.ma.MaskedArray(expected, words.mask)},
                latency=unit.latency, interval=Interval(1), name=f"{spec} {thresholds} {steps}")


def channel_unit(spec, lanes, acc, thresholds, steps, base):
    """``acc`` (vectors, channels) with a row of thresholds for each channel."""
    unit = ParallelThreshold(spec, lanes)
    layout = ParallelThreshold.parameter_layout(spec, lanes)
    rows = []
    for channel in range(len(base)):
        row = {"base": int(base[channel])}
        if spec.count:
            row["thresholds"] = thresholds[channel].tolist()
        if spec.count and spec.signed_steps:
            row["steps"] = steps[channel].tolist()
        rows.append(row)
    assert len(rows) % lanes == 0
    words = [Value.cast(layout.const(rows[k:k + lanes])).value
             for k in range(0, len(rows), lanes)]
    return Unit(unit, {"i": padded(acc, lanes).data, "parameters": words * len(acc)},
                {"o": padded(multi_threshold(acc, thresholds, steps, base), lanes)},
                latency=unit.latency, interval=Interval(1), name=f"{spec}")


def rows_of(rng, rows, count, low, high):
    """Ascending thresholds, some of them equal, some beyond every code; any steps."""
    return (np.sort(rng.integers(low - 2, high + 4, (rows, count)), axis=1),
            rng.integers(-1, 2, (rows, count)))


def test_every_8_bit_accumulator(rng):
    source, target, every = IntFormat(8), IntFormat(5), np.arange(-128, 128)
    units = []
    for count in (0, 1, 2, 3, 8, 15):
        thresholds, steps = rows_of(rng, 2, count, -128, 127)
        spec = ThresholdSpec(source=source, target=target, count=count, signed_steps=True,
                             threshold=IntFormat(10))
        units.append(constant_unit(spec, 8, every, thresholds[0].tolist(), steps[0].tolist(),
                                   -1))
        # Eight lanes share each row, and all accumulators.
        acc = np.concatenate([rng.permutation(every).reshape(-1, 8) for _ in range(2)], axis=1)
        thresholds, steps = np.repeat(thresholds, 8, axis=0), np.repeat(steps, 8, axis=0)
        base = np.repeat([0, 1], 8)
        units.append(channel_unit(spec, 8, acc, thresholds, steps, base))
        rising = ThresholdSpec(source=source, target=target, count=count)
        units.append(channel_unit(rising, 8, acc, np.clip(thresholds, -128, 128),
                                  np.ones_like(steps), base - 8))
    check_units(units, stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_edges_and_narrow_formats():
    bit = ThresholdSpec(source=IntFormat(6), target=BipolarFormat(), count=1)
    unsigned = ThresholdSpec(source=IntFormat(5, signed=False), target=IntFormat(2, signed=False),
                             count=3, signed_steps=True)
    every = np.arange(-32, 32)
    units = [constant_unit(bit, 1, every, [t], [1], 0) for t in (-33, -32, -31, 0, 31, 32)]
    units += [constant_unit(unsigned, 4, np.arange(32), thresholds, [-1, -1, -1], 3)
              for thresholds in ([1, 16, 31], [0, 0, 32], [7, 7, 7])]
    check_units(units)


def test_what_does_not_fit():
    spec = ThresholdSpec(source=IntFormat(8), target=IntFormat(4), count=2)
    with pytest.raises(TypeError, match=r"^spec must be a ThresholdSpec, not 3$"):
        ParallelThreshold(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        ParallelThreshold(spec, 0)
    with pytest.raises(ValueError, match=r"^constants must hold 2 thresholds and steps, not 2"):
        ParallelThreshold(spec, 1, ((1, 2), (1,), 0))
    with pytest.raises(ValueError, match=r"^steps must be -1, 0 or 1, not \(1, 2\)$"):
        ParallelThreshold(spec, 1, ((1, 2), (1, 2), 0))
