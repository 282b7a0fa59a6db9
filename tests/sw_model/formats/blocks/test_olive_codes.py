"""OliVe's normal values and outliers, code by code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.olive_codes import Normal, tables


def values(normal, bias=None):
    """Of every pattern as a normal value and as an outlier."""
    table = tables(normal, normal.bias if bias is None else bias)
    return (table.normal_integers << table.normal_exponents,
            table.outlier_integers << table.outlier_exponents)


def test_normal_values():
    assert values(Normal.INT4)[0].tolist() == [*range(8), *range(-8, 0)]
    flint = [0, 1, 2, 3, 16, 8, 4, 6]
    assert values(Normal.FLINT4)[0].tolist() == [*flint, *(-v for v in flint)]
    np.testing.assert_array_equal(values(Normal.INT8)[0], np.arange(256).astype(np.int8))
    # Three bits of integer at most: what a multiplier of 4 by 4 bits takes.
    assert abs(tables(Normal.FLINT4, 3).normal_integers).max() == 3


@pytest.mark.parametrize(("normal", "bias", "wanted"), [
    (Normal.INT4, 0, [3, 4, 6, 8, 12, 16, 24]),
    (Normal.INT4, 2, [12, 16, 24, 32, 48, 64, 96]),
    (Normal.FLINT4, 3, [24, 32, 48, 64, 96, 128, 192]),
])
def test_outliers_of_four_bits(normal, bias, wanted):
    assert values(normal, bias)[1][1:8].tolist() == wanted
    assert values(normal, bias)[1][9:].tolist() == [-v for v in wanted]
    table = tables(normal, bias)
    assert values(normal, bias)[1][table.outlier_codes].tolist() \
        == [-v for v in reversed(wanted)] + wanted


def test_outliers_of_eight_bits():
    outliers = values(Normal.INT8)[1]
    for code in range(1, 128):
        exponent, mantissa = divmod(code, 8)
        assert outliers[code] == (8 + mantissa) << (exponent + 4)
        assert outliers[128 + code] == -outliers[code]
    encoded = outliers[tables(Normal.INT8, 4).outlier_codes]
    assert (encoded.min(), encoded.max()) == (-(2**15), 2**15)
    assert min(abs(encoded)) == 144 > Normal.INT8.threshold


@pytest.mark.parametrize("normal", Normal)
@pytest.mark.parametrize("bias", range(9))
def test_codes_that_are_encoded_to(normal, bias):
    """Ascending, each value once, never the mark of a victim or magnitude 0 of an outlier."""
    table, (plain, outliers) = tables(normal, bias), values(normal, bias)
    identifier = 1 << normal.width - 1
    for codes, all_values in ((table.normal_codes, plain), (table.outlier_codes, outliers)):
        assert (np.diff(all_values[codes]) > 0).all()
        assert identifier not in codes
    assert len(table.normal_codes) == 2 * identifier - 1
    assert 0 not in table.outlier_codes
    assert len(table.outlier_codes) == (2 * identifier - 2 if normal is not Normal.INT8 else
                                        (abs(outliers[1:identifier]) <= 2**15).sum() * 2)


def test_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        tables(Normal.INT4, 2).normal_integers[0] = 1
