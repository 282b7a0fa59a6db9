"""The tables of the logistic function and of tanh against TFLite Micro, for every code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.ops import logistic_table, tanh_table
from tests.support.tflite_models import ModelBuilder, run_litert, run_micro

CODES = np.arange(-128, 128, dtype=np.int8)[None]


#: Golden table, operator, scale and zero point of the result.
FUNCTIONS = [(logistic_table, "LOGISTIC", 1 / 256, -128), (tanh_table, "TANH", 1 / 128, 0)]

function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each[1])


def model_of(function, scale: float, zero_point: int) -> bytes:
    _, operator, scale_out, zero_out = function
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 256), scale=scale, zero_point=zero_point)
    y = builder.tensor("y", (1, 256), scale=scale_out, zero_point=zero_out)
    builder.operator(operator, [x], [y])
    return builder.build([x], [y])


@function
@pytest.mark.parametrize("zero_point", [-128, -1, 0, 77, 127])
def test_equals_tflite_micro(function, zero_point, rng):
    """Scales from where all is a half to where all saturates, some of them powers of two."""
    for scale in (2.0**-25, 1e-5, *np.exp(rng.uniform(-7, 2, 12)), 2.0**-4, 0.25, 5, 3e4, 1e9):
        single = float(np.float32(scale))
        (expected,) = run_micro(model_of(function, single, zero_point), CODES)
        np.testing.assert_array_equal(function[0](single, zero_point), expected[0])


@function
def test_equals_litert_reference(function, rng):
    """LiteRT rounds the real function; up to a scale of 1 the two agree on every code."""
    for scale in np.exp(rng.uniform(-7, 0, 20)):
        single, zero_point = float(np.float32(scale)), int(rng.integers(-128, 128))
        (expected,) = run_litert(model_of(function, single, zero_point), CODES)
        np.testing.assert_array_equal(function[0](single, zero_point), expected[0])


@pytest.mark.parametrize(("table", "real", "unit", "zero_out"), [
    (logistic_table, lambda x: 1 / (1 + np.exp(-x)), 1 / 256, -128),
    (tanh_table, np.tanh, 1 / 128, 0)])
def test_errors(table, real, unit, zero_out, rng):
    """Half a unit, and the last bits of 31; up to a whole one where no code is nearer."""
    for scale in (0.05, 2.0**-4, *np.exp(rng.uniform(-7, 0, 40))):
        zero_point = int(rng.integers(-128, 128))
        wanted = real(scale * (np.arange(-128, 128) - zero_point)) / unit + zero_out
        off = np.abs(table(scale, zero_point) - np.minimum(wanted, 127))
        assert off.max() <= 0.5001
        assert np.abs(table(scale, zero_point) - wanted).max() <= 1


def test_extreme_scales():
    """Where TFLite's own shift by the scale's exponent is undefined, the tables still are."""
    for table in (logistic_table, tanh_table):
        assert set(table(1e-30, 0)) == {0}
        steep = table(1e30, 3)
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
    with pytest.raises(ValueError, match=message):
        tanh_table(scale, zero_point)
