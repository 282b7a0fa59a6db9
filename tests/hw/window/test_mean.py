# amaranth: UnusedElaboratable=no
"""Means against the golden model."""

from __future__ import annotations

import numpy as np
import pytest

from hw.window.mean import Mean, RowMean
from sw_model.formats import IntFormat
from sw_model.ops import mean
from sw_model.specs import MeanSpec
from tests.support.rows import row_words
from tests.support.units import Interval, Unit, check_units, padded

INT8, INT16 = IntFormat(8), IntFormat(16)
STALLS = ((0.0, 0.0), (0.4, 0.4))
SCALES = [{"scale_in": 0.05, "zero_in": 3, "scale_out": 0.05, "zero_out": 3},
          {"scale_in": 0.5, "zero_in": -128, "scale_out": 0.25, "zero_out": 127},
          {"scale_in": 0.1, "zero_in": 7, "scale_out": 0.013, "zero_out": -7}]


def codes_of(rng, format_, shape):
    """Of the least code, of the greatest, of small ones, and of any."""
    drawn = rng.integers(format_.min, format_.max, shape, endpoint=True)
    drawn[0], drawn[1] = format_.min, format_.max
    drawn[2:6] = rng.integers(-3, 4, drawn[2:6].shape)
    return drawn


def test_leading_axes(rng):
    units = []
    for number, (lanes, channels, count) in enumerate((
            (1, 1, 9), (2, 5, 16), (4, 4, 7), (3, 1, 1), (1, 2, 30))):
        format_ = (INT8, INT16)[number == 3]
        spec = MeanSpec.of(format_, INT8, count, **SCALES[number % 3])
        x = codes_of(rng, format_, (12, count, channels))
        unit = Mean(spec, lanes, channels)
        units.append(Unit(
            unit, {"i": padded(x.reshape(-1, channels), lanes)},
            {"o": padded(mean(x, spec, (1,)), lanes)}, latency=unit.latency,
            after=(count - 1) * -(-channels // lanes), interval=Interval(1)))
    check_units(units, stalls=STALLS)


@pytest.mark.full
def test_every_sum_of_two_codes():
    """All 511 sums, each of two codes far apart and of two that are near."""
    total = np.arange(-256, 255)
    near = np.stack([total // 2, total - total // 2], axis=1)
    far = np.where(total[:, None] < 0, np.stack([np.full_like(total, -128), total + 128], axis=1),
                   np.stack([np.full_like(total, 127), total - 127], axis=1))
    x = np.stack([near, far], axis=2)
    assert -128 <= x.min() <= x.max() <= 127
    units = []
    for scales in SCALES:
        spec = MeanSpec.of(INT8, INT8, 2, **scales)
        units.append(Unit(Mean(spec, 2, 2), {"i": x.reshape(-1, 2)}, {"o": mean(x, spec, (1,))},
                          name=f"{spec}"))
    check_units(units, stalls=STALLS)


def test_rows(rng):
    units = []
    for lanes, count, scales in zip((4, 1, 3), (1, 10, 23), SCALES, strict=True):
        spec = MeanSpec.of(INT8, INT8, count, **scales)
        x = codes_of(rng, INT8, (20, count))
        unit = RowMean(spec, lanes)
        units.append(Unit(unit, {"i": row_words(list(x), 8, lanes)},
                          {"o": mean(x, spec, (1,))[:, None]}, latency=unit.latency,
                          after=-(-count // lanes) - 1, interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_long_rows(rng):
    """Sums of int8 that 16 bits do not hold; one element that stands out, first and last."""
    units = []
    for lanes, count, scales in zip((1, 3), (300, 401), SCALES[::2], strict=True):
        spec = MeanSpec.of(INT8, INT8, count, **scales)
        x = np.stack([*(np.full(count, value) for value in (-128, 127, 0)),
                      np.linspace(-128, 127, count).astype(np.int64),
                      np.resize([-128, 127], count), rng.integers(-128, 128, count)])
        assert np.abs(x.sum(axis=1)).max() > 1 << 15
        hot = np.full((4, count), -128)
        hot[[0, 1], [0, -1]], hot[2:] = 127, 127
        hot[[2, 3], [0, -1]] = -128
        x = np.concatenate([x, hot])
        units.append(Unit(RowMean(spec, lanes), {"i": row_words(list(x), 8, lanes)},
                          {"o": mean(x, spec, (1,))[:, None]}, interval=Interval(1)))
    # Side by side, as two channels.
    pairs = np.stack([x[::2], x[1::2]], axis=2)
    units.append(Unit(Mean(spec, 2, 2), {"i": pairs.reshape(-1, 2)},
                      {"o": mean(pairs, spec, (1,))}, interval=Interval(1)))
    check_units(units, stalls=STALLS)


def test_rows_of_one(rng):
    """Every code by itself, a row every cycle, however many lanes there are."""
    x = rng.permutation(256)[:, None] - 128
    check_units([Unit(RowMean(spec, lanes), {"i": row_words(list(x), 8, lanes)},
                      {"o": mean(x, spec, (1,))[:, None]}, interval=Interval(1))
                 for lanes in (1, 3) for spec in [MeanSpec.of(INT8, INT8, 1, **SCALES[2])]],
                stalls=STALLS)


def test_refuses():
    with pytest.raises(TypeError, match="spec must be a MeanSpec, not 3"):
        Mean(3, 1, 1)
    with pytest.raises(ValueError, match="words must be at least 1, not 0"):
        Mean(MeanSpec.of(INT8, INT8, 2, **SCALES[0]), 1, 0)
