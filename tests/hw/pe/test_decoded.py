# amaranth: UnusedElaboratable=no
"""Decoders in front of elements that compute with numbers: results, rows, and what they share."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe import PE_KINDS, DotSpec
from hw.pe.decoded import DecodedDotProduct, DecodedElasticDotProduct, NumberDotProduct
from hw.pe.rows import DecodedRows, rows_of
from sw_model.formats import parse_format
from tests.support.dots import Case, check_dots, codes_of, extremes
from tests.support.paced import run_paced

KINDS = sorted(kind for kind, make in PE_KINDS.items() if issubclass(make, NumberDotProduct))

#: Of activations with decoders and without, and the other way round.
PAIRS = [("e2m1", "e2m1"), ("e4m3fn", "int4"), ("int8", "codebook<-1,0,0.5,2>"),
         ("posit<8,0>", "ternary")]

#: Kinds whose operands have any number of bits.
WIDE = [kind for kind in KINDS if not kind.startswith(("ternary", "packed"))]


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


def legal(kind):
    return [pair for pair in PAIRS if PE_KINDS[kind].refusal(spec_of(*pair, 1)) is None]


@pytest.mark.parametrize("count", [1, pytest.param(len(PAIRS), marks=pytest.mark.full)])
def test_sums(count, need, tmp_path, rng):
    """Each kind with pairs that it takes, stalls included."""
    need("verilator")
    assert all(legal(kind) for kind in KINDS)
    check_dots([extremes(PE_KINDS[kind], *pair, 3, rng, 60) for kind in KINDS
                for pair in legal(kind)[:count]], tmp_path / "build")


def wide_case(kind, a, w, rng, count=40):
    """Ends of the ranges, and random codes."""
    spec = spec_of(a, w, 2)
    tables = []
    for form in (spec.activations, spec.weights):
        table = rng.integers(form.min, form.max, (count, 2), endpoint=True, dtype=np.int64)
        table[:4] = [[form.min] * 2, [form.max] * 2, [form.min, form.max], [0, 0]]
        tables.append(table)
    return Case(PE_KINDS[kind], spec, *tables)


@pytest.mark.parametrize(("kinds", "pairs"), [
    (["booth", "weight_serial"], [("int20", "uint17")]),
    pytest.param(WIDE, [("int33", "int17"), ("int8", "uint20")], marks=pytest.mark.full),
    pytest.param(["parallel", "booth"], [("int64", "int40"), ("int40", "int64")],
                 marks=pytest.mark.full)], ids=["some", "all", "beyond 64"])
def test_operands_of_many_bits(kinds, pairs, need, tmp_path, rng):
    """Wider than 16 bits, of products beyond 64 as well."""
    need("verilator")
    check_dots([wide_case(kind, *pair, rng) for kind in kinds for pair in pairs],
               tmp_path / "build")


@pytest.mark.parametrize("kind", ["ternary", "lut", "booth", "packed"])
def test_rows_share_the_decoders_of_activations(kind, rng):
    spec = spec_of("e2m1", "ternary" if kind == "ternary" else "e2m1", 2)
    unit = rows_of(PE_KINDS[kind], spec, 3)
    assert isinstance(unit, DecodedRows)
    a = rng.choice(codes_of(spec.activations), (20, 2))
    w = rng.choice(codes_of(spec.weights), (20, 3, 2))

    def give(ctx, number, started):
        for lane in range(2):
            ctx.set(unit.a[lane], int(a[number][lane]) if started else 5)
            for row in range(3):
                ctx.set(unit.w[row][lane], int(w[number][row][lane]) if started else 1)

    found = run_paced(unit, 20, give, lambda ctx: [ctx.get(unit.o[row]) for row in range(3)], rng)
    np.testing.assert_array_equal(found, np.einsum(
        "nl,nrl->nr", spec.activations.to_fixed(a), spec.weights.to_fixed(w)))


def test_what_is_in_front():
    """Nothing where there is nothing to decode; members of elements that have more."""
    assert type(PE_KINDS["lut"](spec_of("int8", "int4", 2))) is PE_KINDS["lut"]
    assert type(PE_KINDS["lut"](spec_of("e2m1", "int4", 2))) is DecodedDotProduct
    assert type(PE_KINDS["csd"](spec_of("int4", "e2m1", 2))) is DecodedElasticDotProduct
    # A term element has its own terms of E2M1, which are fewer than digits of a number.
    assert type(PE_KINDS["term"](spec_of("int8", "e2m1", 2))) is PE_KINDS["term"]
    assert PE_KINDS["term"].interval_of(spec_of("int8", "e2m1", 2)) == 2
    assert PE_KINDS["term"].interval_of(spec_of("int8", "e3m2", 2)) == 5
    lut = PE_KINDS["lut"]
    assert isinstance(rows_of(lut, spec_of("int8", "int4", 2), 2), lut.shared)


def test_packed_floats_share_multipliers():
    """E2M1 is five bits on its grid: two products in a multiplier of 18 x 18 bits."""
    assert PE_KINDS["packed"](spec_of("e2m1", "e2m1", 16)).multipliers == 8
    assert PE_KINDS["packed"].refusal(spec_of("e4m3fn", "int2", 16)).startswith(
        "no two products of activations e4m3fn and weights int2 fit a multiplier of 18 x 18 bits")
