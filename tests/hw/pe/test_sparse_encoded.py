# amaranth: UnusedElaboratable=no
"""Sparse encoded products: pairs, sums, columns of rows, and every cycle counted."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe import PE_KINDS
from hw.pe.base import DotSpec
from hw.pe.rows import rows_of
from hw.pe.sparse_encoded import SparseEncodedDotProduct
from sw_model.formats import parse_format
from sw_model.terms import en_t_digits, grouped_cycles
from tests.support.dots import (
    Case,
    DotStream,
    check_dots,
    codes_of,
    emulated_dots,
    every_pair,
    extremes,
)
from tests.support.paced import run_paced

ENCODED = ["int1", "uint1", "int2", "uint2", "int3", "uint3", "int4", "uint4", "fixed<5,2>",
           "int6", "bipolar", "ternary"]
#: Lanes with groups of four, and with fewer in the last one.
LANES = [1, 2, 3, 4, 5, 7, 8, 16, 17]


def counts(form, codes):
    """Cycles of dot products by the golden model: codes of shape (vectors, lanes), groups of 4."""
    digits = en_t_digits(form.to_fixed(codes), 9)
    # A digit that no value of the format has is no place.
    digits = digits[..., :1 + np.flatnonzero(
        en_t_digits(form.to_fixed(codes_of(form)), 9).any(axis=0)).max()]
    vectors, lanes, places = digits.shape
    size = min(4, lanes)
    whole = np.zeros((vectors, -(-lanes // size) * size, places), np.int64)
    whole[:, :lanes] = digits
    return grouped_cycles(whole.reshape(-1, places), size).reshape(vectors, -1).sum(axis=1)


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(SparseEncodedDotProduct, a, w) for a, w in [
        *((a, "int3") for a in ENCODED), ("int4", "int4"), ("int4", "bipolar"),
        ("uint2", "ternary"), ("int4", "uint2"), ("bipolar", "uint1"), ("int8", "int1")]],
        tmp_path / "build")


def test_every_pair_of_int8(need, tmp_path):
    need("verilator")
    check_dots([every_pair(SparseEncodedDotProduct, "int8", "int8")], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(SparseEncodedDotProduct, a, w, lanes, rng, 500) for a, w, lanes in (
        ("int8", "int8", 1), ("int8", "int8", 4), ("int8", "int4", 16), ("uint16", "uint8", 3),
        ("int16", "int20", 2), ("ternary", "bipolar", 16))], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 6, 16])
def test_every_width(lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(SparseEncodedDotProduct, f"{sign}int{width}", "int8", lanes, rng, 500)
                for sign in ("", "u") for width in range(1, 17)], tmp_path / "build")


def special(lanes):
    """All zeros, all of one value, one value among zeros, each four times."""
    rows = [np.full(lanes, value) for value in (0, -128, 127, 0, 1, 2, -1, 43, -43, 85, -85, 0)]
    rows += [np.where(np.arange(lanes) == lane, value, 0)
             for lane in range(lanes) for value in (-128, 43, 64)]
    return np.array([row for row in rows for _ in range(4)])


def test_special_operands(need, tmp_path, rng):
    """Sums stay in range, and of zeros alone nothing is left."""
    need("verilator")
    int8, cases = parse_format("int8"), []
    for lanes in (4, 16):
        a = special(lanes)
        w = np.array([np.full(lanes, -128), np.full(lanes, 127),
                      rng.integers(-128, 128, lanes), np.zeros(lanes, np.int64)])
        cases.append(Case(SparseEncodedDotProduct, DotSpec(int8, int8, lanes), a,
                          np.resize(w, a.shape)))
    check_dots(cases, tmp_path / "build")


@pytest.mark.parametrize("text", [*ENCODED, "int8", "uint8", "int15", "uint15", "uint16"])
@pytest.mark.parametrize("lanes", [1, 4, 6])
def test_interval_is_the_most_that_any_activations_take(text, lanes):
    form = parse_format(text)
    unit = SparseEncodedDotProduct(DotSpec(form, parse_format("int8"), lanes))
    codes = np.repeat(codes_of(form)[:, None], lanes, axis=1)
    assert unit.interval == counts(form, codes).max()
    assert unit.latency == unit.interval + 4


def test_measured_cycles(need, tmp_path, rng):
    """Every vector takes exactly the cycles that the golden model counts, from the slowest to
    the quickest."""
    need("verilator")
    int8, count = parse_format("int8"), 3000
    specs = [DotSpec(int8, int8, lanes) for lanes in LANES]
    emulator = emulated_dots([DotStream(SparseEncodedDotProduct, spec, eager=True)
                              for spec in specs], specs, tmp_path / "build")
    inputs = {f"w{k}": rng.integers(-128, 128, (count, spec.lanes))
              for k, spec in enumerate(specs)}
    for k, lanes in enumerate(LANES):
        normal = np.rint(rng.normal(0, 30, (count, lanes))).clip(-128, 127).astype(np.int64)
        normal[10:20], normal[30:40], normal[50] = 43, 0, -128
        inputs[f"a{k}"] = normal
    run = emulator.run(inputs)
    for k, lanes in enumerate(LANES):
        cycles = counts(int8, inputs[f"a{k}"])
        groups = -(-lanes // 4)
        assert cycles.min() == 4 * groups
        assert cycles.max() == 4 * lanes
        np.testing.assert_array_equal(np.diff(run.accepted[f"u{k}__a"].astype(np.int64)),
                                      cycles[:-1], str(lanes))


@pytest.mark.parametrize(("rows", "lanes"), [(1, 4), (3, 6), (8, 5)])
def test_column(rows, lanes, rng):
    """OPT4C: one encoder, weights of their own in each row, and pauses."""
    spec = DotSpec(parse_format("int8"), parse_format("int6"), lanes)
    unit = rows_of(PE_KINDS["sparse_encoded"], spec, rows)
    count = 30
    a = rng.integers(-128, 128, (count, lanes))
    w = rng.integers(-32, 32, (count, rows, lanes))
    a[:4], w[2:4] = [[-128], [0], [127], [43]], -32

    def give(ctx, number, started):
        for lane in range(lanes):
            ctx.set(unit.a[lane], int(a[number][lane]) if started else -1)
            for row in range(rows):
                ctx.set(unit.w[row][lane], int(w[number][row][lane]) if started else 1)

    found = run_paced(unit, count, give, lambda ctx: [ctx.get(unit.o[row]) for row in range(rows)],
                      rng)
    np.testing.assert_array_equal(found, np.einsum("nl,nrl->nr", a, w))
