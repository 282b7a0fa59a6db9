"""Where packed products lie: what fits which multiplier, and why no more does."""

from __future__ import annotations

import itertools

import pytest

from hw.pe import DotSpec
from hw.pe.packing import (
    PORTS,
    WIDEST,
    accumulation_limit,
    joined_shape,
    pair_packing,
    refusal,
    row_packing,
)
from sw_model.formats import parse_format

ICE40 = PORTS["ice40"]

#: Activations, weights, the multiplier: rows together, bits between them, sums they bear.
ROWS = {("int8", "int4", WIDEST): (2, 12, 4), ("int8", "int4", ICE40): (2, 11, 1),
        ("int8", "int5", WIDEST): (2, 12, 1), ("int8", "int2", WIDEST): (2, 10, 64),
        ("int4", "int4", WIDEST): (2, 8, 68), ("int4", "int4", (25, 18)): (3, 8, 8),
        ("int2", "int2", WIDEST): (6, 3, 1), ("int8", "int8", (25, 18)): (2, 16, 2),
        ("uint8", "int4", WIDEST): (2, 12, 2), ("uint4", "uint4", WIDEST): (2, 8, 36)}

#: The same: pairs together, bits between them, bits of overlap.
PAIRS = {("int8", "int4", WIDEST): (1, 0, 0), ("int8", "int4", (25, 18)): (2, 13, 0),
         ("int8", "int2", WIDEST): (2, 9, 1), ("int8", "int2", ICE40): (1, 0, 0),
         ("int4", "int4", WIDEST): (2, 9, 0), ("int4", "int4", ICE40): (2, 9, 0),
         ("int6", "int4", WIDEST): (2, 11, 0), ("int6", "int4", ICE40): (2, 9, 1),
         ("int5", "int5", WIDEST): (2, 11, 0), ("int5", "int5", ICE40): (2, 10, 0),
         ("int2", "int2", WIDEST): (4, 5, 0), ("int8", "ternary", WIDEST): (2, 9, 1)}


@pytest.mark.parametrize(("case", "expected"), ROWS.items(), ids=str)
def test_rows(case, expected):
    a, w, ports = parse_format(case[0]), parse_format(case[1]), case[2]
    count, lane, limit = expected
    packing = row_packing(a, w, count, ports=ports)
    assert (packing.count, packing.lane) == (count, lane)
    assert row_packing(a, w, count + 1, ports=ports) is None
    assert accumulation_limit(a, w, count, ports=ports) == limit
    assert row_packing(a, w, count, ports=ports, accumulations=limit) is not None
    assert row_packing(a, w, count, ports=ports, accumulations=limit + 1) is None


@pytest.mark.parametrize(("case", "expected"), PAIRS.items(), ids=str)
def test_pairs(case, expected):
    packing = pair_packing(parse_format(case[0]), parse_format(case[1]), ports=case[2])
    assert (packing.count, packing.lane, packing.overlap) == expected


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_sum_more_is_ambiguous(case):
    """Sums at the limit give numbers of their own; two sums of one more give the same."""
    a, w, ports = parse_format(case[0]), parse_format(case[1]), case[2]
    low, high = DotSpec(a, w, 1).product_range
    limit = accumulation_limit(a, w, 2, ports=ports)
    lane = max(lane for lane in range(1, 26) if
               joined_shape(w, 2, lane).width <= max(ports)
               and a.width + (a.fixed_min >= 0) <= min(ports))
    assert limit * (high - low) < 1 << lane <= (limit + 1) * (high - low)
    # The lower row's sum grows by what the upper one is worth.
    first, second = (low * (limit + 1), 1), (low * (limit + 1) + (1 << lane), 0)
    assert second[0] <= high * (limit + 1)
    assert first[0] + (first[1] << lane) == second[0] + (second[1] << lane)


@pytest.mark.parametrize("case", [*ROWS, *PAIRS], ids=str)
def test_factors_fit_the_ports(case):
    """Extremes of every number side by side, by Python's integers."""
    a, w, ports = parse_format(case[0]), parse_format(case[1]), case[2]
    rows = row_packing(a, w, 2, ports=ports)
    for packing, counts in ((pair_packing(a, w, ports=ports), None), (rows, (1, 2))):
        if packing is None:
            continue
        widths = []
        for form, count in zip((a, w), counts or (packing.count,) * 2, strict=True):
            values = [sum(value << packing.lane * k for k, value in enumerate(numbers))
                      for numbers in itertools.product((form.fixed_min, form.fixed_max),
                                                       repeat=count)]
            widths.append(1 + max((value if value >= 0 else ~value).bit_length()
                                  for value in values))
            assert joined_shape(form, count, packing.lane).width == widths[-1]
        assert all(width <= port for width, port in zip(sorted(widths), sorted(ports),
                                                        strict=True))


@pytest.mark.parametrize(("a", "w", "ports", "words"), [
    ("int8", "int8", WIDEST,
     "no two products of activations int8 and weights int8 fit a multiplier of 18 x 18 bits; "
     "legal with int8 are weights of up to int5, and with int8 activations of up to int2"),
    ("int8", "int5", ICE40,
     "no two products of activations int8 and weights int5 fit a multiplier of 16 x 16 bits; "
     "legal with int8 are weights of up to int4, and with int5 activations of up to int6"),
    ("int20", "int4", WIDEST,
     "no two products of activations int20 and weights int4 fit a multiplier of 18 x 18 bits; "
     "legal with int20 are weights of none, and with int4 activations of up to int10"),
    ("e4m3fn", "e2m1", WIDEST,
     "no two products of activations e4m3fn and weights e2m1 fit a multiplier of 18 x 18 bits; "
     "legal with e4m3fn are weights of none, and with e2m1 activations of up to int8")])
def test_refusals(a, w, ports, words):
    assert refusal(DotSpec(parse_format(a), parse_format(w), 3), ports) == words


def test_what_is_taken():
    for a, w, ports in [*ROWS, ("int8", "int2", ICE40)]:
        assert refusal(DotSpec(parse_format(a), parse_format(w), 3), ports) is None
