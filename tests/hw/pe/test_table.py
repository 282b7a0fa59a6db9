# amaranth: UnusedElaboratable=no
"""Products by table: every pair of codes, sums, sizes, and what is refused."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from hw.pe import DotSpec, TableDotProduct
from hw.pe.table import RegisteredTableProduct, TableProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes
from tests.support.enabled import EnabledCase, check_enabled

FORMS = ["e2m1", "posit<4,1>", "codebook<-1,0,0.5,2>", "khot<4,2,1>", "int4", "bipolar", "ternary",
         "float<2,1,ieee>", "ufloat<2,2>"]
WIDE = [("e2m3", "e3m2"), ("int8", "e2m1"), ("e2m1", "posit<6,1>"), ("posit<5,0>", "int5")]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    pairs = [*((FORMS[0], other) for other in FORMS), *itertools.combinations(FORMS[1:5], 2),
             ("codebook<-1,0,0.5,2>", "ufloat<2,2>"), *WIDE[1:]]
    check_dots([every_pair(TableDotProduct, a, w) for a, w in pairs], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(TableDotProduct, a, w, lanes, rng) for lanes in (3, 16) for a, w in [
        ("e2m1", "e2m1"), ("e2m1", "int4"), ("ternary", "posit<4,1>")]], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_all_pairs_of_formats(lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(TableDotProduct, a, w, lanes, rng, 500) for a, w in [
        *itertools.combinations_with_replacement(FORMS, 2), *WIDE]], tmp_path / "build")


@pytest.mark.parametrize("form", ["signed", "magnitude"])
def test_a_product_alone(form, need, tmp_path):
    """Two E2M1: all 256 pairs, in two's complement and with a sign beside the magnitude."""
    need("verilator")
    from amaranth import Module
    from amaranth.lib import wiring
    from amaranth.lib.wiring import In, Out

    from tests.support.probe import probe

    e2m1 = parse_format("e2m1")

    class OneInput(wiring.Component):
        def __init__(self):
            self.product = TableProduct(e2m1, e2m1, form)
            super().__init__({"i": In(8), "o": Out(self.product.o.shape())})

        def elaborate(self, platform):
            m = Module()
            m.submodules.product = product = self.product
            m.d.comb += [product.a.eq(self.i[:4]), product.w.eq(self.i[4:]),
                         self.o.eq(product.o)]
            return m

    (found,) = probe([OneInput()], [range(256)], tmp_path / "build")
    fixed = [int(value) for value in e2m1.to_fixed(range(16))]
    for pair in range(256):
        a, w = pair & 15, pair >> 4
        product = fixed[a] * fixed[w]
        wanted = product % 512 if form == "signed" else abs(product) | ((a ^ w) >> 3) << 8
        assert found["o"][pair] == wanted


def registered_products(form):
    """Two E2M1 between registers: all 256 pairs."""
    e2m1 = parse_format("e2m1")
    codes = np.arange(256).reshape(-1, 1)
    a, w = codes & 15, codes >> 4
    products = e2m1.to_fixed(a) * e2m1.to_fixed(w)
    if form == "magnitude":
        products = np.abs(products) | ((a ^ w) >> 3) << 8
    return EnabledCase(RegisteredTableProduct(e2m1, e2m1, form), {"a": a, "w": w}, products)


def test_between_registers(need, tmp_path):
    need("verilator")
    check_enabled([registered_products(form) for form in ("signed", "magnitude")],
                  tmp_path / "build")


def test_latency():
    formats = parse_format("e2m1"), parse_format("int4")
    assert [TableDotProduct(DotSpec(*formats, lanes)).latency for lanes in (1, 2, 5)] == [1, 2, 4]


def test_what_it_refuses():
    e4m3, int5 = parse_format("e4m3fn"), parse_format("int5")
    words = ("codes of a product by table must have at most 12 bits together, not 13 (activations "
             "e4m3fn, weights int5): a table has an entry for each pair of codes, twice as many "
             "with each bit")
    for make in (TableProduct, lambda a, w: TableDotProduct(DotSpec(a, w, 2))):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            make(e4m3, int5)
    with pytest.raises(ValueError, match=r"^form must be signed or magnitude, not 'other'$"):
        TableProduct(int5, int5, "other")
    with pytest.raises(ValueError, match=r"^formats must have a sign beside a magnitude, as floats "
                                         r"have, not int5 and int5$"):
        TableProduct(int5, int5, "magnitude")
