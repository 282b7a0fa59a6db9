"""Terms of BitMoD's codes and of integers: all of them."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.bitmod import SPECIALS, code_values
from sw_model.formats.blocks.bitmod_terms import bitmod_terms, booth_terms


def listed(terms):
    """(sign, exp, man, bsig) of each term."""
    return list(zip(*(part.tolist() for part in terms), strict=True))


@pytest.mark.parametrize("width", [3, 4])
def test_every_code_and_special_value(width):
    codes, special = np.arange(1 << width), np.arange(4)[:, None]
    terms = bitmod_terms(width, codes, special)
    for part in terms:
        assert part.shape == (4, 1 << width, 2)
    np.testing.assert_array_equal(terms.sum(), code_values(width))
    assert set(terms.sign.ravel()) == set(terms.man.ravel()) == {0, 1}
    assert (terms.exp.min(), terms.exp.max()) == (0, 3 if width == 4 else 2)
    assert (terms.bsig == [0, -1]).all()
    unused = terms.man == 0
    assert not terms.sign[unused].any()
    assert not terms.exp[unused].any()


def code_of(width, value):
    for selector in range(4):
        found = np.flatnonzero(code_values(width)[selector] == value)
        if len(found):
            return int(found[0]), selector
    raise AssertionError(f"no code for {value}")


@pytest.mark.parametrize(("value", "wanted"), [
    (5, [(0, 2, 1, 0), (0, 1, 1, -1)]),
    (-6, [(1, 2, 1, 0), (1, 2, 1, -1)]),
    (.5, [(0, 0, 0, 0), (0, 0, 1, -1)]),
    (8, [(0, 3, 1, 0), (0, 0, 0, -1)]),
    (-1.5, [(1, 0, 1, 0), (1, 0, 1, -1)]),
    (3, [(0, 1, 1, 0), (0, 1, 1, -1)]),
    (0, [(0, 0, 0, 0), (0, 0, 0, -1)]),
])
def test_worked_values(value, wanted):
    assert listed(bitmod_terms(4, *code_of(4, value))) == wanted


def test_worked_integers():
    terms = booth_terms(-77, 8)
    assert ((1 - 2 * terms.sign) * terms.man << terms.exp).tolist() == [-1, 1, -1, -1]
    assert terms.bsig.tolist() == [0, 2, 4, 6]
    assert listed(booth_terms(21, 6)) == [(0, 0, 1, 0), (0, 0, 1, 2), (0, 0, 1, 4)]
    assert listed(booth_terms(-2, 2)) == [(1, 1, 1, 0)]


@pytest.mark.parametrize("width", [2, 4, 6, 8, 16])
def test_every_integer(width):
    values = np.arange(-(1 << width - 1), 1 << width - 1)
    terms = booth_terms(values, width)
    assert terms.man.shape == (1 << width, width // 2)
    np.testing.assert_array_equal(terms.sum(), values)
    assert set(terms.exp.ravel()) <= {0, 1}
    assert not (terms.sign | terms.exp)[terms.man == 0].any()


def test_shapes_broadcast():
    assert bitmod_terms(3, np.zeros((2, 5), int), np.array([[0], [3]])).exp.shape == (2, 5, 2)
    assert bitmod_terms(3, np.zeros((0, 4), int), 0).exp.shape == (0, 4, 2)
    assert booth_terms(np.zeros((3, 0), int), 8).exp.shape == (3, 0, 4)
    # What is cached is not what is given away.
    bitmod_terms(4, 8, 0).man[0] = 7
    assert bitmod_terms(4, 8, 0).sum() == SPECIALS[4][0]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: bitmod_terms(5, 0, 0), r"^width must be 3 or 4, not 5$"),
    (lambda: bitmod_terms(3, 8, 0), r"^codes is 8, but uint3 holds 0 to 7$"),
    (lambda: bitmod_terms(3, [0, -1], 0), r"^codes\[1\] is -1, but uint3 holds 0 to 7$"),
    (lambda: bitmod_terms(4, 0, 4), r"^special is 4, but uint2 holds 0 to 3$"),
    (lambda: booth_terms(128, 8), r"^values is 128, but int8 holds -128 to 127$"),
    (lambda: booth_terms(0, 7), r"^width must be even, 2 to 16, not 7$"),
    (lambda: booth_terms(0, 18), r"^width must be even, 2 to 16, not 18$"),
    (lambda: booth_terms(0, 0), r"^width must be even, 2 to 16, not 0$"),
])
def test_wrong_values(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: bitmod_terms(3.0, 0, 0), r"^width must be an integer, not 3\.0$"),
    (lambda: bitmod_terms(3, 0.0, 0), r"^codes must hold integers"),
    (lambda: bitmod_terms(3, 0, [0.5]), r"^special must hold integers"),
    (lambda: booth_terms(1.0, 8), r"^values must hold integers"),
    (lambda: booth_terms(1, "8"), r"^width must be an integer, not '8'$"),
])
def test_wrong_kinds(call, message):
    with pytest.raises(TypeError, match=message):
        call()
