# amaranth: UnusedElaboratable=no
"""Dot products of multipliers and logic: every share of either gives the same."""

from __future__ import annotations

import re
from functools import partial

import pytest

from boards.component import resources
from hw.pe import DotSpec, MixedDotProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

FORMATS = [("int8", "int8"), ("uint8", "int8"), ("uint8", "uint8"), ("int8", "int5"),
           ("int4", "int4"), ("int17", "int18"), ("ternary", "int3"), ("fixed<6,2>", "bipolar"),
           ("uint1", "int1")]


def all_of(make, **parameters):
    """With every lane in multipliers, or none."""
    return [partial(make, multipliers=number, **parameters) for number in (0, 1)]


def test_every_pair(need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, a, w) for a, w in (("int8", "int8"), ("int5", "uint5"))
                for make in all_of(MixedDotProduct)], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([*(extremes(MixedDotProduct, a, w, 4, rng, 500) for a, w in FORMATS),
                *(extremes(MixedDotProduct, "int8", "int8", lanes, rng, 500) for lanes in (1, 16)),
                *(extremes(partial(MixedDotProduct, multipliers=number), "int8", "int8", 5, rng)
                  for number in (0, 1, 4, 5))], tmp_path / "build")


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


def test_latency_and_multipliers():
    units = [MixedDotProduct(spec_of("int8", "int8", lanes), multipliers=number)
             for lanes, number in [(1, None), (2, None), (5, None), (16, None), (16, 16), (16, 0)]]
    assert [(unit.multipliers, unit.latency, unit.interval) for unit in units] == [
        (1, 1, 1), (1, 5, 1), (3, 6, 1), (8, 8, 1), (16, 5, 1), (0, 8, 1)]


@pytest.mark.full
@pytest.mark.parametrize("number", [0, 5, 8, 16])
@pytest.mark.parametrize(("family", "each"), [("ecp5", 1), ("gowin", 0.5), ("nexus", 1),
                                              ("ice40", 1)])
def test_multipliers_are_as_many_as_declared(family, each, number):
    """A multiplier of Gowin is half of one of 18 x 18 bits."""
    unit = MixedDotProduct(spec_of("int8", "int8", 16), multipliers=number)
    assert resources(unit, [family])[family].dsps == each * number


@pytest.mark.parametrize(("a", "w", "given", "words"), [
    ("int8", "int8", {"multipliers": 4}, "multipliers must be 0 to 3, the lanes, not 4"),
    ("int8", "int8", {"multipliers": -1}, "multipliers must be 0 to 3, the lanes, not -1")])
def test_what_it_refuses(a, w, given, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        MixedDotProduct(spec_of(a, w, 3), **given)
