# amaranth: UnusedElaboratable=no
"""Tables of groups of any size, and tiles of some vectors and many rows that read them."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.pe import DotSpec
from hw.pe.lut_table import LutTable, entry_count
from hw.pe.lut_tile import LutTile
from sw_model.formats import parse_format
from tests.hw.pe.test_kinds import bits_of, form_of, is_native, legal_pairs
from tests.support.dots import codes_of
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.parts import in_parts

CASES = [
    (1, 3, 4, 4, False, "int4", "int2"), (2, 3, 7, 3, False, "int4", "uint2"),
    (2, 4, 10, 5, True, "uint3", "int3"), (3, 1, 6, 2, True, "int3", "bipolar"),
    (2, 2, 5, 6, False, "ternary", "ternary"), (1, 2, 8, 7, True, "fixed<6,2>", "uint1")]

#: Pairs of formats without decoders.
PAIRS = [pair for pair in legal_pairs("lut") if is_native("lut", *pair)]

#: Vectors, rows, lanes and activations of a table, mixed.
SHAPES = list(itertools.product((1, 2, 3), (1, 2, 5), (1, 4, 7, 16), range(2, 9)))
SHAPES = [SHAPES[37 * k % len(SHAPES)] for k in range(len(SHAPES))]

#: Every shape, and every pair of formats, half of them serial.
EVERY = [(*shape, bool((k + k // len(PAIRS)) % 2), *PAIRS[k % len(PAIRS)])
         for k, shape in enumerate(SHAPES)]

#: What one test compiles at most, as :func:`size_of` counts: a minute or two.
LARGEST = 9_000


def size_of(case):
    """Bits of the tables and of what is read from them, roughly."""
    vectors, rows, lanes, group, _, a, w = case
    groups = -(-lanes // group)
    return vectors * groups * (entry_count(group) * form_of(a).width // 4 + rows * (
        bits_of(a, w) + 8))


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("group", range(2, 9))
def test_tables(group, held, rng):
    """Every sum in which the last activation counts positive, in the order of the signs."""
    form = parse_format("int5")
    unit = LutTable(form, group + 1, held=held, group=group)
    vectors = rng.integers(-16, 16, (4, group + 1))
    vectors[0] = -16

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for vector in vectors:
            ctx.set(unit.start, 1)
            ctx.set(unit.a, vector.tolist())
            for _ in range(unit.latency):
                await ctx.tick()
                ctx.set(unit.start, 0)
                if held:
                    ctx.set(unit.a[0], 5)
            await ctx.delay(1e-9)
            padded = [*vector, *[0] * (group - 1)]
            for number, part in enumerate((padded[:group], padded[group:])):
                wanted = [part[-1] + sum(x if k >> place & 1 else -x
                                         for place, x in enumerate(part[:-1]))
                          for k in range(1 << group - 1)]
                assert [ctx.get(entry) for entry in unit.tables[number]] == wanted
            for _ in range(unit.total_latency - unit.latency):
                await ctx.tick()
            await ctx.delay(1e-9)
            assert ctx.get(unit.total) == sum(vector)

    assert unit.latency == (group - 1).bit_length()
    run(unit, bench)


def tile_case(vectors, rows, lanes, group, serial, a, w, rng, count=500):
    """Extremes of both sides, mixed by vectors and rows, then by lanes, then any codes."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    operands = []
    for form, many in ((spec.activations, vectors), (spec.weights, rows)):
        table = rng.choice(codes_of(form), (count, many, lanes))
        ends = np.array([form.min, form.max])
        table[:count // 5] = rng.choice(ends, (count // 5, many, 1))
        some = rng.random(count) < 0.2
        table[some] = rng.choice(ends, table[some].shape)
        operands.append(table)
    x, y = operands
    unit = LutTile(spec, vectors, rows, group=group, serial=serial)
    assert unit.interval == (spec.weights.width if serial else 1)
    return EnabledCase(unit, {"a": x, "w": y}, np.einsum(
        "svk,srk->svr", spec.activations.to_fixed(x).astype(np.int64),
        spec.weights.to_fixed(y).astype(np.int64)))


def test_the_cases_are_all_there():
    assert {case[:4] for case in EVERY} == set(itertools.product(
        (1, 2, 3), (1, 2, 5), (1, 4, 7, 16), range(2, 9)))
    assert {case[5:] for case in EVERY} == set(PAIRS)


def test_tiles(need, tmp_path, rng):
    """Every vector with every row, a step as soon as the last one lets it, and with stalls."""
    need("verilator")
    check_enabled([tile_case(*case, rng, 100) for case in CASES], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("cases", in_parts(EVERY, size_of, LARGEST),
                         ids=lambda cases: "{}-{}-{}-{}".format(*cases[0]))
def test_every_pair_of_formats(cases, need, tmp_path, rng):
    need("verilator")
    check_enabled([tile_case(*case, rng) for case in cases], tmp_path / "build")


def run(unit, *benches):
    sim = Simulator(unit)
    sim.add_clock(1e-8)
    for bench in benches:
        sim.add_testbench(bench)
    sim.run_until(1e-5)


def test_wrong_parameters():
    spec = DotSpec(parse_format("int4"), parse_format("int2"), 4)
    for arguments, words in itertools.chain(
            [(({"vectors": 0, "rows": 1}), "vectors must be at least 1, not 0"),
             (({"vectors": 1, "rows": 0}), "rows must be at least 1, not 0")],
            [({"vectors": 1, "rows": 1, "group": group},
              f"group must be 2 to 8, not {group}") for group in (1, 9)]):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            LutTile(spec, **arguments)
