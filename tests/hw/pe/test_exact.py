# amaranth: UnusedElaboratable=no
"""Exact dot products of floats, posits and codebooks: every pair of codes, and long sums."""

from __future__ import annotations

import pytest

from hw.pe import DotSpec, ExactDotProduct, ParallelDotProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

SMALL = ["e2m1", "posit<4,1>", "float<3,0>", "int4", "ternary", "bipolar", "khot<5,1,2>",
         "codebook<-1,0,0.5,2,7>", "float<2,1,flush>"]
PAIRS = [(a, w) for a in SMALL for w in SMALL] + [
    ("e4m3fn", "e4m3fn"), ("e5m2", "e5m2"), ("e3m2", "e2m3"), ("posit<8,0>", "posit<8,0>"),
    ("int8", "e2m1"), ("int8", "posit<8,2>"), ("e4m3fn", "int8"), ("fixed<8,3>", "ue4m3"),
    ("posit<8,1>", "khot<8,5,2>")]
LONG = [("e2m1", "e2m1"), ("int8", "e2m1"), ("e4m3fn", "e4m3fn"), ("e5m2", "e5m2"),
        ("posit<8,0>", "posit<8,0>"), ("posit<16,1>", "posit<4,1>"), ("fp16", "int4"),
        ("bf16", "ternary"), ("e3m2", "codebook<-1,0,0.5,2,7>")]

#: Bits of one product and of the exact sum of 32, by the definitions of the formats.
WIDTHS = {"e2m1": (9, 14), "e2m3": (13, 18), "e3m2": (19, 24), "e4m3fn": (37, 42),
          "e5m2": (65, 70), "posit<4,1>": (18, 23), "posit<8,0>": (26, 31),
          "posit<16,1>": (114, 119),
          # Integers of eight bits are -127 to 127 there, as of a sign and a magnitude; two's
          # complement has -128 besides, whose square is one bit longer.
          "khot<8,0,7>": (15, 20), "int8": (16, 21)}


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(ExactDotProduct, a, w) for a, w in PAIRS], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(ExactDotProduct, a, w, lanes, rng) for a, w in LONG for lanes in (4, 16)],
               tmp_path / "build")


@pytest.mark.parametrize("text", WIDTHS)
def test_no_wider_than_the_exact_sum(text):
    form = parse_format(text)
    assert tuple(len(ExactDotProduct(DotSpec(form, form, lanes)).o) for lanes in (1, 32)) == \
        WIDTHS[text]


def test_latency():
    form = parse_format("e2m1")
    assert [ExactDotProduct(DotSpec(form, form, lanes)).latency for lanes in (1, 2, 5)] == [2, 3, 5]


def test_parallel_says_who_takes_them():
    with pytest.raises(ValueError, match=r"^weights of a parallel dot product must be .* "
                                         r"not e2m1 .*; an exact one takes it$"):
        ParallelDotProduct(DotSpec(parse_format("int8"), parse_format("e2m1"), 2))
