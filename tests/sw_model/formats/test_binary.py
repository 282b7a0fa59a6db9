"""Bipolar and ternary: every code, and the values that QONNX gives."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sw_model.formats import BipolarFormat, Overflow, Rounding, TernaryFormat

BIPOLAR, TERNARY = BipolarFormat(), TernaryFormat()


def test_bipolar_codes():
    assert (BIPOLAR.width, BIPOLAR.min, BIPOLAR.max) == (1, 0, 1)
    assert (BIPOLAR.fixed_min, BIPOLAR.fixed_max, BIPOLAR.lsb) == (-1, 1, 0)
    assert BIPOLAR.to_fixed([0, 1]).tolist() == [-1, 1]
    assert BIPOLAR.from_fixed([-1, 1]).tolist() == [0, 1]
    assert BIPOLAR.decode([[0], [1]]).tolist() == [[-1.0], [1.0]]
    assert BIPOLAR.to_bits([0, 1]).tolist() == [0, 1]
    assert BIPOLAR.from_bits([0, 1]).tolist() == [0, 1]
    assert str(BIPOLAR) == "bipolar"


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
def test_bipolar_encode_is_the_sign(rounding, overflow):
    real = [-np.inf, -1e300, -1.0, -5e-324, -0.0, 0.0, 5e-324, 0.5, np.inf]
    codes = BIPOLAR.encode(real, rounding=rounding, overflow=overflow)
    assert codes.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_bipolar_encode_equals_qonnx(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.custom_op.general.bipolar_quant import binary_quant
    real = np.concatenate([rng.normal(size=200), [0.0, -0.0]]).astype(np.float32)
    np.testing.assert_array_equal(BIPOLAR.decode(BIPOLAR.encode(real)),
                                  binary_quant(real, np.float32(1)))


def test_bipolar_encode_refuses():
    assert BIPOLAR.encode([1.0, -1.0], overflow=Overflow.ERROR).tolist() == [1, 0]
    for wrong in (0.0, 0.999, 2.0, -np.inf):
        with pytest.raises(ValueError, match=r"^a bipolar value must be -1 or \+1$"):
            BIPOLAR.encode([1.0, wrong], overflow=Overflow.ERROR)
    with pytest.raises(ValueError, match=r"^NaN has no code in bipolar$"):
        BIPOLAR.encode([np.nan])
    with pytest.raises(TypeError, match=r"^values must be real numbers"):
        BIPOLAR.encode(["1"])


@pytest.mark.parametrize("wrong", [0, 2, -2, 3, 2**64 - 1])
def test_bipolar_from_fixed_refuses(wrong):
    with pytest.raises(ValueError, match=r"^a bipolar value must be -1 or \+1$"):
        BIPOLAR.from_fixed([wrong])


def test_bipolar_refuses_codes_and_kinds():
    for method in ("to_fixed", "decode", "to_bits"):
        for wrong in (-1, 2):
            with pytest.raises(ValueError, match=rf"^codes\[0\] is {wrong}, but bipolar holds 0"):
                getattr(BIPOLAR, method)([wrong])
    with pytest.raises(TypeError, match=r"^values must hold integers for bipolar, not float64$"):
        BIPOLAR.from_fixed([1.0])
    with pytest.raises(ValueError, match=r"^bits\[0\] is 2, but bipolar has 1 bits$"):
        BIPOLAR.from_bits([2])


def test_ternary_codes():
    assert (TERNARY.width, TERNARY.min, TERNARY.max, TERNARY.lsb) == (2, -1, 1, 0)
    assert TERNARY.to_fixed([-1, 0, 1]).tolist() == [-1, 0, 1]
    assert TERNARY.to_bits([-1, 0, 1]).tolist() == [3, 0, 1]
    assert TERNARY.from_bits([3, 0, 1]).tolist() == [-1, 0, 1]
    assert str(TERNARY) == "ternary"


def test_ternary_encode():
    real = [-9.0, -1.5, -0.5, -0.4, 0.0, 0.5, 0.6, 1.4, 2.0, 3.0]
    assert TERNARY.encode(real).tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1]
    # Modulo 3: 2 is -1, 3 is 0 and so on.
    wrapped = TERNARY.encode(np.arange(-5.0, 6.0), overflow=Overflow.WRAP)
    assert wrapped.tolist() == [1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1]


def test_ternary_has_no_minus_two():
    with pytest.raises(ValueError, match=r"^bits\[0\] is -2, but ternary holds -1 to 1$"):
        TERNARY.from_bits([0b10])
    with pytest.raises(ValueError, match=r"^codes\[0\] is -2, but ternary holds -1 to 1$"):
        TERNARY.to_bits([-2])


def test_value_objects():
    assert BipolarFormat() == BIPOLAR
    assert TernaryFormat() == TERNARY
    assert len({BIPOLAR, TERNARY, BipolarFormat(), TernaryFormat()}) == 2
