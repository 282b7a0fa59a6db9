"""Signed digits against their definition, and against every other form of as many digits."""

from __future__ import annotations

import itertools

from hw.arith.csd import csd, low_csd


def value_of(digits):
    return sum(sign << place for place, sign in digits)


def test_the_examples_of_the_definition():
    """7 = 8-1, 45 = 64-16-4+1, -77 = -64-16+4-1, 113 = 128-16+1, 255 = 256-1."""
    assert csd(7) == [(0, -1), (3, 1)]
    assert csd(45) == [(0, 1), (2, -1), (4, -1), (6, 1)]
    assert csd(-77) == [(0, -1), (2, 1), (4, -1), (6, -1)]
    assert csd(113) == [(0, 1), (4, -1), (7, 1)]
    assert csd(255) == [(0, -1), (8, 1)]
    assert csd(0) == low_csd(0) == []


def test_values_and_gaps():
    wide = [sign * (1 << 70) + k for sign in (1, -1) for k in range(-5, 6)]
    for value in (*range(-5000, 5001), *wide):
        digits = csd(value)
        assert value_of(digits) == value_of(low_csd(value)) == value
        assert {sign for _, sign in digits} <= {1, -1}
        places = [place for place, _ in digits]
        assert all(after - before >= 2 for before, after in itertools.pairwise(places))


def test_no_form_has_fewer_digits_and_none_of_as_few_is_lower():
    """All forms of nine signed digits."""
    best: dict[int, tuple[int, int]] = {}
    for signs in itertools.product((-1, 0, 1), repeat=9):
        digits = [(place, sign) for place, sign in enumerate(signs) if sign]
        rank = len(digits), max((place for place, _ in digits), default=0)
        value = value_of(digits)
        best[value] = min(rank, best.get(value, rank))
    for value in range(-128, 129):
        low = low_csd(value)
        assert (len(low), max((place for place, _ in low), default=0)) == best[value], value
        assert len(csd(value)) == best[value][0]
