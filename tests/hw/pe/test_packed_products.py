# amaranth: UnusedElaboratable=no
"""Several products of one multiplication: every combination of codes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw.pe.packed_products import PackedProducts
from hw.pe.packing import PORTS, WIDEST
from sw_model.formats import parse_format
from tests.support.dots import codes_of
from tests.support.enabled import EnabledCase, check_enabled

ICE40 = PORTS["ice40"]

#: Activations, weights, how many of them and the multiplier: at most 2**16 combinations.
EVERY = [("int8", "int4", 2, WIDEST), ("int8", "int4", 2, ICE40), ("uint8", "int3", 2, ICE40),
         ("int8", "int2", 2, WIDEST), ("int8", "uint2", 2, WIDEST), ("int4", "int4", 2, WIDEST),
         ("uint4", "uint4", 2, ICE40), ("int2", "int2", 6, WIDEST), ("int2", "int2", 4, ICE40),
         ("int4", "int2", 4, WIDEST), ("int5", "uint3", 3, (25, 18)),
         ("bipolar", "int3", 4, WIDEST), ("ternary", "ternary", 5, WIDEST),
         ("uint1", "int1", 9, WIDEST), ("int6", "bipolar", 3, WIDEST),
         ("fixed<6,2>", "uint5", 2, WIDEST)]

#: Up to 2**20: full tests.
MORE = [("int8", "int5", 2, WIDEST), ("int8", "int4", 3, (27, 18)), ("int4", "int4", 3, (25, 18)),
        ("int6", "int6", 2, WIDEST), ("uint8", "uint4", 2, WIDEST), ("int6", "int4", 3, (25, 18)),
        ("int2", "int2", 8, (25, 18)), ("bipolar", "bipolar", 9, WIDEST),
        ("uint1", "uint1", 15, ICE40), ("ternary", "ternary", 8, (25, 18))]


def every_combination(activations, weights, count, ports):
    a, w = parse_format(activations), parse_format(weights)
    grids = np.meshgrid(codes_of(a), *[codes_of(w)] * count, indexing="ij", copy=False)
    first, *others = (grid.ravel() for grid in grids)
    codes = np.stack(others, axis=1)
    return EnabledCase(PackedProducts(a, w, count, ports=ports),
                       {"a": first.reshape(-1, 1), "w": codes},
                       a.to_fixed(first)[:, None] * w.to_fixed(codes))


def test_every_combination(need, tmp_path):
    need("verilator")
    check_enabled([every_combination(*case) for case in EVERY], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("case", MORE, ids=str)
def test_more_combinations(case, need, tmp_path):
    need("verilator")
    check_enabled([every_combination(*case)], tmp_path / "build")


def test_what_does_not_fit():
    words = ("3 products of activations int8 and weights int4 do not fit a multiplier of 18 x 18 "
             "bits, at most 2")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        PackedProducts(parse_format("int8"), parse_format("int4"), 3)
    with pytest.raises(ValueError, match=r"^count must be at least 1, not 0$"):
        PackedProducts(parse_format("int8"), parse_format("int4"), 0)
