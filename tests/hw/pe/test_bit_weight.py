# amaranth: UnusedElaboratable=no
"""Dot products by bit weights: every pair of codes, sums, sizes, and what is refused."""

from __future__ import annotations

import itertools

import pytest

from boards.component import resources
from hw.pe import BitWeightDotProduct, DotSpec
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

FORMS = ["uint1", "int1", "int2", "uint2", "int3", "uint3", "int4", "fixed<5,2>", "bipolar",
         "ternary"]
WIDE = [("int8", "int4"), ("int4", "int8"), ("int8", "int8"), ("uint8", "int5"),
        ("int8", "ternary"), ("bipolar", "uint8"), ("int12", "uint6")]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    pairs = [*itertools.product(FORMS, repeat=2), ("int8", "int8"), ("uint8", "int7")]
    check_dots([every_pair(BitWeightDotProduct, a, w) for a, w in pairs], tmp_path / "build")


@pytest.mark.parametrize("lanes", [4, 7])
def test_sums(lanes, need, tmp_path, rng):
    need("verilator")
    pairs = [*WIDE, ("int2", "int2"), ("uint2", "int2"), ("uint1", "uint2"), ("ternary", "ternary"),
             ("int4", "int4"), ("bipolar", "bipolar"), ("int1", "int3")]
    check_dots([extremes(BitWeightDotProduct, a, w, lanes, rng) for a, w in pairs],
               tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_all_pairs_of_formats(lanes, need, tmp_path, rng):
    need("verilator")
    pairs = [*itertools.product(FORMS, repeat=2), *WIDE]
    check_dots([extremes(BitWeightDotProduct, a, w, lanes, rng, 500) for a, w in pairs],
               tmp_path / "build")


@pytest.mark.parametrize(("a", "w", "lanes", "latency"), [
    ("int8", "int8", 16, 8), ("int8", "int4", 16, 7), ("int8", "int2", 16, 5),
    ("int2", "int2", 16, 6), ("uint2", "uint2", 1, 1), ("int2", "int2", 1, 2)])
def test_latency(a, w, lanes, latency):
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    assert BitWeightDotProduct(spec).latency == latency


#: LUT4 and 2 for each CCU2C, without DSP blocks: what is demanded, for each multiplication.
@pytest.mark.parametrize(("a", "w", "lanes", "family", "goal"), [
    ("int2", "int2", 16, "ice40", 9), ("uint2", "int2", 16, "ice40", 9),
    ("int4", "int4", 16, "ice40", 35), ("int8", "int8", 1, "ecp5", 90),
    ("int8", "int8", 1, "ice40", 125)])
def test_area(a, w, lanes, family, goal):
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    taken = resources(BitWeightDotProduct(spec), [family], dsp=False)[family]
    assert taken.dsps == 0
    assert taken.area <= goal * lanes
