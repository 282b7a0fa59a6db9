"""Mantissas and exponents against float64, every 16-bit code; worked values."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, parse_format
from sw_model.ops import extended_exponential
from sw_model.specs import ExtendedExponentialSpec, PowerTable

INT8, INT16 = IntFormat(8), IntFormat(16)


@pytest.mark.parametrize(("table", "index_bits", "most"), [
    (PowerTable.LEFT, 5, 2.15e-2), (PowerTable.MIDDLE, 5, 1.09e-2), (PowerTable.LINEAR, 5, 7.0e-5),
    (PowerTable.LEFT, 8, 2.8e-3), (PowerTable.MIDDLE, 8, 1.4e-3), (PowerTable.LINEAR, 6, 4.6e-5)])
def test_error_over_every_code(table, index_bits, most):
    spec = ExtendedExponentialSpec.from_scale(INT16, 2.0**-11, table=table, index_bits=index_bits)
    x = np.arange(INT16.min, INT16.max + 1)
    mantissa, exponent = extended_exponential(x, spec)
    assert mantissa.min() >= 2**15
    assert mantissa.max() <= spec.mantissa.max
    assert (exponent.min(), exponent.max()) == (spec.exponent_of(INT16.min),
                                                spec.exponent_of(INT16.max))
    error = np.abs(mantissa * 2.0**(exponent - 15) / np.exp(x * 2.0**-11) - 1).max()
    assert 0.95 * most <= error <= most, error


def test_worked_values():
    """Those of the floating-point form, with mantissas in [1, 2) instead of around 1."""
    spec = ExtendedExponentialSpec.from_scale(IntFormat(12), 0.5, fraction=20, index_bits=8)
    mantissa, exponent = extended_exponential(np.array([2, 6, -5]), spec)
    np.testing.assert_allclose(mantissa / 2**20, [1.35914, 1.25535, 1.31336], atol=2e-5)
    assert exponent.tolist() == [1, 4, -4]


def test_it_never_falls():
    for table in PowerTable:
        spec = ExtendedExponentialSpec.from_scale(INT16, 1e-3, table=table)
        mantissa, exponent = extended_exponential(np.arange(INT16.min, INT16.max + 1), spec)
        assert (np.diff(mantissa * 2.0**exponent) >= 0).all()


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": parse_format("e4m3")}, "source must be integers or fixed point, not e4m3"),
    ({"multiplier": 0}, "multiplier must be at least 1, not 0"),
    ({"fraction": 25}, "fraction must be at most 24, not 25"),
    ({"index_bits": 17}, "index_bits, position_bits and constant_fraction must not fall"),
    ({"position_bits": 25}, "index_bits, position_bits and constant_fraction must not fall"),
    ({"index_bits": 15}, "index_bits must be below the fraction's 15, not 15"),
    ({"multiplier": 2**54}, "source and multiplier must have at most 62 bits together")])
def test_specs_refuse(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ExtendedExponentialSpec(**{"source": INT8, "multiplier": 1000} | changes)
    with pytest.raises(TypeError, match=r"^table must be a PowerTable, not 'left'$"):
        ExtendedExponentialSpec(source=INT8, multiplier=1, table="left")
    with pytest.raises(ValueError, match=r"^scale must be finite and above 0, not -1$"):
        ExtendedExponentialSpec.from_scale(INT8, -1)


def test_fixed_point_counts_as_its_codes():
    one, other = (ExtendedExponentialSpec.from_scale(source, 0.1)
                  for source in (INT8, FixedFormat(8, 5)))
    x = np.arange(-128, 128)
    for a, b in zip(extended_exponential(x, one), extended_exponential(x, other), strict=True):
        np.testing.assert_array_equal(a, b)
