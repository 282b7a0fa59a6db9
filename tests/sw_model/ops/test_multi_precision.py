"""Sums of lanes of every precision, against fractions of the values themselves."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.ops.multi_precision import multi_precision_sum
from sw_model.specs.precision import WORD, Precision


def lanes_of(word, precision):
    """Values from the low bits up; None for NaR."""
    width = precision.format.width
    codes = [word >> place & (1 << width) - 1 for place in range(0, WORD, width)]
    if precision.format.min < 0:
        return [Fraction(code - (code >> width - 1 << width)) for code in codes]
    values = precision.format.decode(codes)
    return [None if np.isnan(value) else Fraction(float(value)) for value in values]


@pytest.mark.parametrize("precision", Precision)
def test_by_fractions(precision, rng):
    words = rng.integers(0, 1 << WORD, (2, 100, 5))
    words[:, :20] &= 0x7777
    words[0, 20], words[:, 21] = 0x8000, 0
    totals, nar = multi_precision_sum(*words, precision)
    for a, w, total, no in zip(*words.tolist(), totals, nar, strict=True):
        pairs = [pair for one, other in zip(a, w, strict=True)
                 for pair in zip(lanes_of(one, precision), lanes_of(other, precision), strict=True)]
        known = [x * y for x, y in pairs if x is not None and y is not None]
        assert total * Fraction(2) ** precision.lsb == sum(known)
        assert no == (len(known) < len(pairs))


#: Exponent of the grid and signed bits of one product, by the definitions of the formats.
PRODUCTS = {"E2M1": (-2, 9), "POSIT4": (-8, 18), "INT4": (0, 8), "POSIT8": (-12, 26),
            "INT8": (0, 16), "POSIT16": (-56, 114)}


def test_totals_are_integers_of_python():
    for precision in Precision:
        assert type(multi_precision_sum([1], [1], precision)[0].item()) is int


@pytest.mark.parametrize("precision", Precision)
def test_products(precision):
    assert PRODUCTS[precision.name] == (precision.lsb, precision.largest.bit_length() + 1)
    assert precision.lanes * precision.format.width == WORD


def test_of_no_words():
    total, nar = multi_precision_sum(np.zeros((3, 0), int), np.zeros((3, 0), int), Precision.INT4)
    assert total.tolist() == [0, 0, 0]
    assert not nar.any()


def test_no_sum_is_too_large():
    """Python's integers: a hundred products of 113 bits each."""
    most = Precision.POSIT16.format.from_fixed([Precision.POSIT16.format.fixed_max])
    total, _ = multi_precision_sum(most.repeat(100), most.repeat(100), Precision.POSIT16)
    assert int(total) == 100 << 112


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"^precision must be a Precision, not 3$"):
        multi_precision_sum([1], [1], 3)
    with pytest.raises(TypeError, match=r"^w must hold integers, not float64$"):
        multi_precision_sum([1], [1.0], Precision.INT8)
    with pytest.raises(ValueError, match=r"^a must be 0 to 65535, not -1$"):
        multi_precision_sum([-1], [1], Precision.INT8)
    with pytest.raises(ValueError, match=r"^w must be 0 to 65535, not 65536$"):
        multi_precision_sum([1], [65536], Precision.INT8)
    for a, w in (([1, 2], [1]), (1, 1)):
        with pytest.raises(ValueError, match=r"^a and w must have one shape with a last axis of "
                                             r"words, not \(.*\) and \(.*\)$"):
            multi_precision_sum(a, w, Precision.INT8)
