# amaranth: UnusedElaboratable=no
"""Weights as Booth digits: every pair of codes, sums, cycles, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe.base import DotSpec
from hw.pe.booth import BoothDotProduct
from sw_model.formats import parse_format
from sw_model.terms import booth_digits
from tests.support.dots import check_dots, codes_of, every_pair, extremes

WEIGHTS = ["int1", "uint1", "int2", "uint2", "int3", "uint3", "int4", "uint4", "fixed<5,2>",
           "int6", "bipolar", "ternary"]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(BoothDotProduct, a, w) for a, w in [
        *((a, w) for a in ("int3", "uint2") for w in WEIGHTS), ("bipolar", "int4"),
        ("ternary", "uint2"), ("uint1", "bipolar"), ("int1", "int8")]], tmp_path / "build")


def test_every_pair_of_int8(need, tmp_path):
    need("verilator")
    check_dots([every_pair(BoothDotProduct, "int8", "int8")], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(BoothDotProduct, a, w, lanes, rng, 500) for a, w, lanes in (
        ("int8", "int8", 1), ("int8", "int8", 4), ("int8", "int4", 16), ("uint8", "uint16", 4),
        ("int20", "int16", 2), ("bipolar", "ternary", 16))], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 16])
def test_every_width(lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(BoothDotProduct, a, f"{sign}int{width}", lanes, rng, 500)
                for a in ("int8", "uint5", "bipolar") for sign in ("", "u")
                for width in range(1, 17)], tmp_path / "build")


@pytest.mark.parametrize("text", [*WEIGHTS, "int16", "uint8", "uint15", "uint16"])
def test_cycles_are_the_digits_that_there_are(text):
    """As many as the recoding needs for the largest weights, and no more."""
    form = parse_format(text)
    spec = DotSpec(parse_format("int8"), form, 4)
    count = BoothDotProduct.interval_of(spec)
    values = np.unique(form.to_fixed(codes_of(form)))
    assert booth_digits(values, count).any(axis=0).all()
    unit = BoothDotProduct(spec)
    assert (unit.interval, unit.latency) == (count, count + 4)
    if text.startswith(("int", "uint")):
        assert count == -(-(form.width + text.startswith("u")) // 2)
