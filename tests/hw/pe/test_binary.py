# amaranth: UnusedElaboratable=no
"""Operands of one bit: every pair of words, long counts, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw.pe import BinaryDotProduct, DotSpec
from sw_model.formats import parse_format
from tests.support.dots import Case, check_dots, codes_of, extremes

PAIRS = [("bipolar", "bipolar"), ("uint1", "uint1"), ("int1", "int1"), ("uint1", "int1"),
         ("int1", "uint1")]


def every_word(a, w, lanes):
    """All vectors of codes on both sides."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    words = np.indices((2,) * (2 * lanes)).reshape(2 * lanes, -1).T
    return Case(BinaryDotProduct, spec, codes_of(spec.activations)[words[:, :lanes]],
                codes_of(spec.weights)[words[:, lanes:]])


def test_every_word(need, tmp_path):
    need("verilator")
    check_dots([every_word(a, w, lanes) for a, w in PAIRS for lanes in (1, 2, 5)],
               tmp_path / "build")


def test_long_counts(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(BinaryDotProduct, a, w, lanes, rng, 500) for a, w in PAIRS
                for lanes in (4, 16, 64, 100)], tmp_path / "build")


def test_latency():
    form = parse_format("bipolar")
    assert [BinaryDotProduct(DotSpec(form, form, lanes)).latency
            for lanes in (1, 2, 6, 7, 64)] == [1, 2, 2, 3, 6]


@pytest.mark.parametrize(("a", "w"), [("bipolar", "uint1"), ("int8", "bipolar"), ("uint2", "uint1"),
                                      ("e2m1", "bipolar"), ("fixed<1,0>", "int1")])
def test_what_it_refuses(a, w):
    words = ("operands of a binary dot product must be both bipolar, or both integers of one bit, "
             f"not {a} (activations) and {w} (weights): of a sign and a number, or of more bits, a "
             "gate gives no product")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        BinaryDotProduct(DotSpec(parse_format(a), parse_format(w), 2))
