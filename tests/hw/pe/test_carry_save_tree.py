# amaranth: UnusedElaboratable=no
"""Dot products by carry-save trees: every pair of codes, sums, latency, what they are made of."""

from __future__ import annotations

import itertools

import pytest

from boards.component import resources
from hw.pe import CarrySaveTreeDotProduct, DotSpec, ParallelDotProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

FORMS = ["uint1", "int1", "int2", "uint2", "int3", "uint3", "int4", "fixed<5,2>", "bipolar",
         "ternary"]
WIDE = [("int8", "int4"), ("int4", "int8"), ("int8", "int8"), ("uint8", "int5"),
        ("int8", "ternary"), ("bipolar", "uint8"), ("int12", "uint7"), ("uint9", "uint9")]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    pairs = [*itertools.product(FORMS, repeat=2), ("int8", "int8"), ("uint8", "int7"),
             ("uint5", "uint8")]
    check_dots([every_pair(CarrySaveTreeDotProduct, a, w) for a, w in pairs], tmp_path / "build")


@pytest.mark.parametrize("lanes", [2, 3, 4, 16])
def test_sums(lanes, need, tmp_path, rng):
    """Those that are as great as widths allow among them."""
    need("verilator")
    pairs = [*(WIDE if lanes < 16 else WIDE[2:4]), ("int2", "int2"), ("uint2", "int2"),
             ("uint1", "uint2"), ("ternary", "ternary"), ("bipolar", "bipolar"), ("int1", "int3")]
    check_dots([extremes(CarrySaveTreeDotProduct, a, w, lanes, rng) for a, w in pairs],
               tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 5, 16, 33])
def test_all_pairs_of_formats(lanes, need, tmp_path, rng):
    need("verilator")
    pairs = [*itertools.product(FORMS, repeat=2), *WIDE]
    check_dots([extremes(CarrySaveTreeDotProduct, a, w, lanes, rng, 500) for a, w in pairs],
               tmp_path / "build")


@pytest.mark.parametrize(("a", "w", "lanes", "latency"), [
    ("int8", "int8", 16, 4), ("int8", "int4", 16, 4), ("int8", "int2", 16, 3),
    ("int8", "int8", 1, 3), ("uint2", "uint2", 1, 2), ("bipolar", "int8", 1, 2)])
def test_latency(a, w, lanes, latency):
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    assert CarrySaveTreeDotProduct(spec).latency == latency


def test_area_on_standard_cells(data_dir):
    """Smaller than multipliers and a tree of adders."""
    spec = DotSpec(parse_format("int8"), parse_format("int8"), 16)
    ours, others = (resources(make(spec), ["ihp"])["ihp"].area
                    for make in (CarrySaveTreeDotProduct, ParallelDotProduct))
    assert ours < 0.8 * others
