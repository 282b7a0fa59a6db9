"""The spec of sums across blocks: what it refuses, and what it derives."""

from __future__ import annotations

import pytest

from sw_model.formats import FixedFormat, Float32Format, IntFormat
from sw_model.specs import BlockSumSpec


def make(**changes):
    return BlockSumSpec(**{"target": FixedFormat(29, 10), "blocks": 8, "largest": 4608, "lsb": -2,
                           "exponent_low": -8, "exponent_high": 4, **changes})


def test_derived():
    spec = make()
    assert spec.is_exact
    assert (spec.lowest, spec.total) == (-10, 8 * 4608)
    assert [spec.shift_of(exponent) for exponent in (-8, 0, 4)] == [0, 8, 12]
    assert (8 * 4608 << 12).bit_length() + 1 == 29
    assert make(significand=15, target=FixedFormat(33, 10)).total == 15 * 8 * 4608
    assert not make(target=Float32Format()).is_exact


def test_specs_are_values():
    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != make(blocks=7)


@pytest.mark.parametrize("width", [28, 29, 64, 100])
def test_fitting(width):
    spec = BlockSumSpec.fitting(width, blocks=8, largest=4608, lsb=-2, exponent_low=-8,
                                exponent_high=4)
    assert spec == make(target=Float32Format() if width < 29 else FixedFormat(29, 10))


def test_fitting_never_takes_more_than_64_bits():
    values = {"blocks": 1, "largest": 2**62, "exponent_low": 0}
    assert BlockSumSpec.fitting(100, exponent_high=0, **values).target == FixedFormat(64, 0)
    assert BlockSumSpec.fitting(100, exponent_high=1, **values).target == Float32Format()
    values["largest"] = 2**62 - 1
    assert BlockSumSpec.fitting(100, exponent_high=1, **values).target == FixedFormat(64, 0)


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"target": FixedFormat(28, 10)}, ValueError,
     r"^the sum may need 29 bits from 2\*\*-10 up, but fixed<28,10> has 28$"),
    ({"blocks": 64}, ValueError, r"^the sum may need 32 bits from 2\*\*-10 up, but fixed<29"),
    ({"target": FixedFormat(29, 9)}, ValueError,
     r"^terms have bits down to 2\*\*-10, but those of fixed<29,9> end at 2\*\*-9$"),
    ({"target": FixedFormat(40, 10, signed=False)}, ValueError,
     r"^target must be signed, not ufixed<40,10>$"),
    ({"target": IntFormat(32)}, TypeError, r"^target must be a FixedFormat or Float32Format, not"),
    ({"blocks": 0}, ValueError, r"^blocks must be at least 1, not 0$"),
    ({"largest": 0}, ValueError, r"^largest must be at least 1, not 0$"),
    ({"significand": 0}, ValueError, r"^significand must be at least 1, not 0$"),
    ({"lsb": 0.5}, TypeError, r"^lsb must be an integer, not 0.5$"),
    ({"exponent_low": 5}, ValueError,
     r"^exponent_low must not exceed exponent_high, but 5 > 4$"),
    ({"exponent_low": -899}, ValueError,
     r"^exponents with lsb must be -900 to 800, not -901 to 2$"),
    ({"exponent_high": 803}, ValueError,
     r"^exponents with lsb must be -900 to 800, not -10 to 801$")])
def test_specs_that_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


@pytest.mark.parametrize("exponent", [-9, 5])
def test_exponents_out_of_range(exponent):
    with pytest.raises(ValueError, match=rf"^exponent must be -8 to 4, not {exponent}$"):
        make().shift_of(exponent)


def test_float32_has_no_shift():
    with pytest.raises(ValueError, match=r"^float32 is no window$"):
        make(target=Float32Format()).shift_of(0)
