# amaranth: UnusedElaboratable=no
"""BitMoD's unified element: integers, E2M1, and FP3 and FP4 with every special value."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe.base import DotSpec
from hw.pe.term import TermDotProduct
from sw_model.formats import CodebookFormat, parse_format
from sw_model.formats.blocks.bitmod import code_values, selected_codes
from sw_model.formats.blocks.bitmod_terms import bitmod_terms
from tests.support.dots import check_dots, codes_of, every_pair, extremes
from tests.support.paced import run_paced

#: Codes of BitMoD with their group's selector above them, and each selector's alone.
BITMOD = {width: str(selected_codes(width)) for width in (3, 4)}
ALONE = {width: [str(CodebookFormat(tuple(row))) for row in code_values(width)]
         for width in (3, 4)}
INTEGERS = ["int1", "uint1", "int3", "uint4", "fixed<6,2>", "int8", "uint8", "bipolar", "ternary"]
OTHERS = ["e2m1", "khot<5,1,2>", "float<2,1,flush>", "codebook<-1,0,0.5,2,6>", "codebook<0,16>"]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(TermDotProduct, a, w) for a, w in [
        *(("int3", w) for w in (*INTEGERS, *OTHERS, *BITMOD.values())),
        *(("int2", w) for width in (3, 4) for w in ALONE[width]), ("bipolar", "e2m1"),
        ("uint2", BITMOD[3]), ("ternary", BITMOD[4]), ("uint1", "int4")]], tmp_path / "build")


def test_every_pair_with_int8(need, tmp_path):
    need("verilator")
    check_dots([every_pair(TermDotProduct, "int8", w) for w in ("int8", "e2m1", BITMOD[4])],
               tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(TermDotProduct, a, w, lanes, rng, 500) for a, w, lanes in (
        ("int8", "int8", 4), ("int8", "int6", 16), ("int8", BITMOD[4], 1), ("int8", BITMOD[3], 4),
        ("uint8", "e2m1", 16), ("int16", BITMOD[4], 4))], tmp_path / "build")


@pytest.mark.parametrize("weights", ["codebook<-1,0,0.5,2,6>", "float<2,1,ieee>"])
def test_codes_that_are_no_numbers_count_as_zero(weights, rng):
    form = parse_format(weights)
    unit = TermDotProduct(DotSpec(parse_format("int8"), form, 2))
    numbers = codes_of(form)
    others = sorted(set(range(1 << form.width)) - set(numbers.tolist()))
    assert others
    beside = rng.choice(numbers, len(others))

    def give(ctx, number, started):
        for lane, (a, w) in enumerate(((100, others[number]), (3, int(beside[number])))):
            ctx.set(unit.a[lane], a)
            ctx.set(unit.w[lane], w)

    found = run_paced(unit, len(others), give, lambda ctx: ctx.get(unit.o), rng)
    assert found == (3 * form.to_fixed(beside)).tolist()


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_all_sums(lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(TermDotProduct, a, w, lanes, rng, 500) for a in ("int8", "uint5")
                for w in (*INTEGERS, *OTHERS, *BITMOD.values())], tmp_path / "build")


@pytest.mark.parametrize(("weights", "cycles"), [
    (BITMOD[3], 2), (BITMOD[4], 2), ("e2m1", 2), ("int6", 3), ("int8", 4), ("uint8", 5)])
def test_latency_and_interval(weights, cycles):
    """FP3 and FP4 take 2 cycles, INT6 3 and INT8 4."""
    unit = TermDotProduct(DotSpec(parse_format("int8"), parse_format(weights), 4))
    assert (unit.interval, unit.latency) == (cycles, cycles + 4)


@pytest.mark.parametrize("width", [3, 4])
def test_terms_are_bitmods(width):
    """Two ones at most, whose powers have two bits: the definition's decomposition is there."""
    terms = bitmod_terms(width, np.arange(1 << width), np.arange(4)[:, None])
    np.testing.assert_array_equal(terms.sum(), code_values(width))
    assert TermDotProduct.refusal(DotSpec(parse_format("int8"), parse_format(BITMOD[width]),
                                          4)) is None
