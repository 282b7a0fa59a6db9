"""The logistic table against TFLite Micro, for every code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.ops import logistic_table
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro

CODES = np.arange(-128, 128, dtype=np.int8)[None]


def logistic_model(scale: float, zero_point: int) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 256), scale=scale, zero_point=zero_point)
    y = builder.tensor("y", (1, 256), scale=1 / 256, zero_point=-128)
    builder.operator("LOGISTIC", [x], [y])
    return builder.build([x], [y])


@pytest.mark.parametrize("zero_point", [-128, -1, 0, 77, 127])
def test_equals_tflite_micro(zero_point, rng):
    """Scales from where all is a half to where all saturates, some of them powers of two."""
    for scale in (2.0**-25, 1e-5, *np.exp(rng.uniform(-7, 2, 12)), 2.0**-4, 0.25, 5, 3e4, 1e9):
        single = float(np.float32(scale))
        (expected,) = run_micro(logistic_model(single, zero_point), CODES)
        np.testing.assert_array_equal(logistic_table(single, zero_point), expected[0])


def test_equals_litert_reference(rng):
    """LiteRT rounds the real function; up to a scale of 1 the two agree on every code."""
    for scale in np.exp(rng.uniform(-7, 0, 20)):
        single, zero_point = float(np.float32(scale)), int(rng.integers(-128, 128))
        (expected,) = run_litert(logistic_model(single, zero_point), CODES)
        np.testing.assert_array_equal(logistic_table(single, zero_point), expected[0])


def test_extreme_scales():
    """Where TFLite's own shift by the scale's exponent is undefined, the table still is."""
    assert set(logistic_table(1e-30, 0)) == {0}
    steep = logistic_table(1e30, 3)
    assert set(steep[:131]) == {-128}
    assert set(steep[132:]) == {127}


@pytest.mark.parametrize(("scale", "zero_point", "message"), [
    (0.0, 0, "scale must be positive and finite, not 0.0"),
    (-1.0, 0, "scale must be positive"),
    (float("nan"), 0, "not nan"),
    (float("inf"), 0, "not inf"),
    (0.1, 128, "zero_point must be -128 to 127, not 128"),
])
def test_refuses(scale, zero_point, message):
    with pytest.raises(ValueError, match=message):
        logistic_table(scale, zero_point)
