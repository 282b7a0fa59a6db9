"""Integers and fixed point: ranges, spellings, refusals, and the narrowest format of a range."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, covering


@pytest.mark.parametrize("width", range(1, 65))
def test_ranges(width):
    for make in (IntFormat, lambda w, signed=True: FixedFormat(w, 3, signed)):
        form = make(width)
        assert (form.min, form.max) == (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
        assert (form.fixed_min, form.fixed_max) == (form.min, form.max)
        if width < 64:
            form = make(width, signed=False)
            assert (form.min, form.max) == (0, 2**width - 1)
    assert (IntFormat(width).lsb, FixedFormat(width, 3).lsb) == (0, -3)


def test_value_objects():
    assert IntFormat(np.int64(8)) == IntFormat(8) == IntFormat(8, signed=True)
    assert hash(IntFormat(np.int64(8))) == hash(IntFormat(8))
    assert type(IntFormat(np.int64(8)).width) is int
    assert type(FixedFormat(8, np.int8(-2)).fraction) is int
    different = [IntFormat(8), IntFormat(8, signed=False), FixedFormat(8, 0), FixedFormat(8, 1)]
    assert len(set(different)) == 4
    with pytest.raises(AttributeError):
        IntFormat(8).width = 9


@pytest.mark.parametrize(("make", "message"), [
    (lambda: IntFormat(0), r"^width of a signed integer must be 1 to 64, not 0$"),
    (lambda: IntFormat(65), r"^width of a signed integer must be 1 to 64, not 65$"),
    (lambda: IntFormat(64, signed=False),
     r"^width of an unsigned integer must be 1 to 63, not 64$"),
    (lambda: FixedFormat(0, 0), r"^width of fixed point must be 1 to 64, not 0$"),
    (lambda: FixedFormat(64, 0, signed=False), r"^width of fixed point must be 1 to 63, not 64$"),
    (lambda: FixedFormat(8, 901), r"^fraction must be -900 to 900, not 901$"),
    (lambda: FixedFormat(8, -901), r"^fraction must be -900 to 900, not -901$"),
    (lambda: covering(2, 1), r"^low must not exceed high, but 2 > 1$"),
    (lambda: covering(0, 2**63), r"^width of an unsigned integer must be 1 to 63, not 64$"),
    (lambda: covering(-1, 2**63), r"^width of a signed integer must be 1 to 64, not 65$"),
])
def test_wrong_values(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(("make", "message"), [
    (lambda: IntFormat(True), r"^width must be an integer, not True$"),
    (lambda: IntFormat(8.0), r"^width must be an integer, not 8\.0$"),
    (lambda: IntFormat("8"), r"^width must be an integer, not '8'$"),
    (lambda: IntFormat(8, signed=1), r"^signed must be a bool, not 1$"),
    (lambda: FixedFormat(8, 0.5), r"^fraction must be an integer, not 0\.5$"),
    (lambda: FixedFormat(8, 0, signed="no"), r"^signed must be a bool, not 'no'$"),
    (lambda: covering(0.0, 1), r"^low must be an integer, not 0\.0$"),
    (lambda: covering(0, True), r"^high must be an integer, not True$"),
])
def test_wrong_kinds(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def narrowest(low: int, high: int) -> IntFormat:
    """By trying all widths."""
    signed = low < 0
    return next(form for width in range(1, 65 - (not signed))
                if (form := IntFormat(width, signed)).min <= low and high <= form.max)


def test_covering_is_the_narrowest():
    for low in range(-40, 41):
        for high in range(low, 41):
            assert covering(low, high) == narrowest(low, high), (low, high)
    for k in range(1, 64):
        for low in (-(2**k) - 1, -(2**k), -(2**k) + 1, -1, 0):
            for high in (-1, 0, 2**k - 2, 2**k - 1, 2**k):
                if -(2**63) <= low <= high < 2**63:
                    assert covering(low, high) == narrowest(low, high), (low, high)
    assert covering(np.int64(-5), np.uint8(3)) == IntFormat(4)
