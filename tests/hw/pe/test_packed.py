# amaranth: UnusedElaboratable=no
"""Dot products of packed pairs: every vector of a multiplier's pairs, sums, and multipliers."""

from __future__ import annotations

import itertools
import re
from functools import cache, partial

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from boards.component import resources
from hw.pe import PE_KINDS, DotSpec, PackedDotProduct
from hw.pe.packed_rows import PackedRows
from hw.pe.packing import PORTS, pair_packing
from hw.pe.rows import SeparateRows
from sw_model.formats import parse_format
from tests.hw.pe.test_kinds import (
    EXHAUSTIVE,
    FORMATS,
    LANES,
    LARGEST,
    bits_of,
    codes_in,
    form_of,
    is_native,
    size_of,
    spec_of,
)
from tests.support.dots import Case, check_dots, codes_of, every_pair, extremes
from tests.support.parts import in_parts

ON_ICE40 = partial(PackedDotProduct, ports=PORTS["ice40"])
ON_XILINX = partial(PackedDotProduct, ports=PORTS["xilinx"])

#: At most 2**16 vectors of as many pairs as share a multiplier.
EVERY = [(PackedDotProduct, "int4", "int4"), (ON_ICE40, "int4", "uint4"),
         (PackedDotProduct, "int2", "int2"), (ON_ICE40, "int2", "int2"),
         (PackedDotProduct, "int5", "int3"), (PackedDotProduct, "uint6", "int2"),
         (ON_ICE40, "int5", "ternary"), (PackedDotProduct, "int5", "bipolar"),
         (PackedDotProduct, "bipolar", "bipolar"), (PackedDotProduct, "ternary", "ternary"),
         (PackedDotProduct, "uint1", "int1"), (ON_ICE40, "uint1", "bipolar")]

#: At most 2**20, and such as need a multiplier for a pair.
MORE = [(PackedDotProduct, "int8", "int2"), (PackedDotProduct, "int6", "int4"),
        (ON_ICE40, "int6", "int4"), (PackedDotProduct, "int5", "int5"), (ON_ICE40, "int5", "int5"),
        (PackedDotProduct, "int8", "int4"), (PackedDotProduct, "uint7", "int2"),
        (PackedDotProduct, "int8", "bipolar"), (PackedDotProduct, "int8", "ternary"),
        (PackedDotProduct, "int2", "int8")]

SUMS = [(PackedDotProduct, "int4", "int4"), (PackedDotProduct, "int8", "int2"),
        (PackedDotProduct, "int8", "int4"), (PackedDotProduct, "int2", "int2"),
        (PackedDotProduct, "uint4", "uint3"), (ON_ICE40, "int5", "int5"),
        (ON_XILINX, "int8", "int4"), (PackedDotProduct, "fixed<5,2>", "bipolar")]


def every_vector(make, a, w):
    """All combinations of codes in as many lanes as share a multiplier."""
    forms = parse_format(a), parse_format(w)
    lanes = pair_packing(*forms, ports=make.keywords["ports"]
                         if isinstance(make, partial) else PORTS["ecp5"]).count
    grids = np.meshgrid(*[codes_of(form) for form in forms for _ in range(lanes)], indexing="ij")
    table = np.stack([grid.ravel() for grid in grids], axis=1)
    return Case(make, DotSpec(*forms, lanes), table[:, :lanes], table[:, lanes:])


def test_every_vector(need, tmp_path):
    need("verilator")
    check_dots([every_vector(*case) for case in EVERY], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("case", MORE, ids=str)
def test_more_vectors(case, need, tmp_path):
    need("verilator")
    check_dots([every_vector(*case)], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 500) for make, a, w in SUMS
                for lanes in (1, 4, 7, 16)], tmp_path / "build")


@cache
def legal_pairs(make):
    """Pairs of formats of which two products share a multiplier."""
    return [pair for pair in itertools.product(FORMATS, repeat=2)
            if make.func.refusal(spec_of(*pair, 1), **make.keywords) is None]


def cover(make):
    """Each of these formats that needs no decoder on both sides, the narrowest products first,
    lanes in turn."""
    pairs = sorted((pair for pair in legal_pairs(make) if is_native("packed", *pair)),
                   key=lambda pair: bits_of(*pair))
    wanted = {(side, pair[side]) for pair in pairs for side in (0, 1)}
    cases = []
    for lanes in itertools.cycle((1, 4)):
        best = max(pairs, key=lambda pair: len(wanted & set(enumerate(pair))))
        if not wanted & set(enumerate(best)):
            return cases
        wanted -= set(enumerate(best))
        cases.append((make, *best, lanes))


def every_size(make):
    """Each pair with one lane and more.

    Pairs whose grids are alike come one after the other: their elements are one module.
    """
    return sorted(((make, a, w, lanes) for lanes in LANES for a, w in legal_pairs(make)),
                  key=lambda case: repr(PackedDotProduct.core(spec_of(*case[1:]))))


def lanes_of(make, a, w):
    """Those of a multiplier, if all their codes together are few; else one."""
    if is_native("packed", a, w):
        lanes = pair_packing(form_of(a), form_of(w), **make.keywords).count
        if codes_in(a, w) ** lanes <= 1 << EXHAUSTIVE:
            return lanes
    return 1


def every_code(make):
    """Pairs of formats of up to 16 bits together, the fewest vectors first."""
    return sorted(((make, a, w, lanes_of(make, a, w)) for a, w in legal_pairs(make)
                   if codes_in(a, w) <= 1 << EXHAUSTIVE), key=vectors_of)


def vectors_of(case):
    _, a, w, lanes = case
    return codes_in(a, w) ** lanes


def size_with_vectors(case):
    return size_of("packed", *case[1:]) + vectors_of(case) // 50


def name_of(cases):
    make, a, w, lanes = cases[0]
    return f"{make.keywords['ports'][0]}-{a}-{w}-{lanes}"


def test_pairwise(need, tmp_path, rng):
    """With the multipliers of which the kinds' own tests know nothing."""
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 60) for other in (ON_ICE40, ON_XILINX)
                for make, a, w, lanes in cover(other)], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("cases", [
    part for make in (ON_ICE40, ON_XILINX)
    for part in in_parts(every_size(make), lambda case: size_of("packed", *case[1:]), LARGEST)],
    ids=name_of)
def test_every_pair_of_formats(cases, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 500) for make, a, w, lanes in cases],
               tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("cases", [
    part for make in (ON_ICE40, ON_XILINX)
    for part in in_parts(every_code(make), size_with_vectors, LARGEST)], ids=name_of)
def test_every_pair_of_codes(cases, need, tmp_path):
    """Of up to 16 bits together, and of a multiplier's lanes where these are few."""
    need("verilator")
    check_dots([every_vector(make, a, w) if lanes > 1 else every_pair(make, a, w)
                for make, a, w, lanes in cases], tmp_path / "build")


def test_latency_and_multipliers():
    units = [PackedDotProduct(spec_of(a, w, lanes)) for a, w, lanes in [
        ("int4", "int4", 1), ("int4", "int4", 2), ("int4", "int4", 16), ("int4", "int4", 17),
        ("int8", "int4", 16), ("int8", "int2", 16), ("int2", "int2", 16)]]
    assert [(unit.multipliers, unit.latency, unit.interval) for unit in units] == [
        (1, 1, 1), (1, 1, 1), (8, 4, 1), (9, 5, 1), (16, 5, 1), (8, 4, 1), (4, 3, 1)]


def test_reset_in_mid_stream(rng):
    """No state but what the operands in flight give: after a reset as before."""
    spec = spec_of("int4", "int4", 5)
    unit = PackedDotProduct(spec)
    reset = Signal()
    m = Module()
    m.submodules.unit = ResetInserter(reset)(unit)

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        sums = []
        for step in range(60):
            ctx.set(reset, step % 20 == 13)
            a, w = rng.integers(-8, 8, (2, spec.lanes)).tolist()
            for lane in range(spec.lanes):
                ctx.set(unit.a[lane], a[lane])
                ctx.set(unit.w[lane], w[lane])
            sums.append(sum(x * y for x, y in zip(a, w, strict=True)))
            await ctx.tick()
            # A result whose operands came after the reset, or before it by all stages.
            since = (step - 13) % 20
            if step >= unit.latency and since >= unit.latency:
                assert ctx.get(unit.o) == sums[step - unit.latency + 1], step

    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("a", "w", "rows", "make", "multipliers"), [
    ("int8", "int4", 1, SeparateRows, None), ("int8", "int4", 2, PackedRows, 16),
    ("int8", "int4", 5, PackedRows, 48), ("int4", "int4", 4, SeparateRows, None),
    ("int8", "int2", 4, PackedRows, 32), ("int8", "int2", 3, SeparateRows, None),
    ("int2", "int2", 6, PackedRows, 16), ("int2", "int2", 3, SeparateRows, None)])
def test_rows_take_the_fewest_multipliers(a, w, rows, make, multipliers):
    unit = PE_KINDS["packed"].shared(spec_of(a, w, 16), rows)
    assert isinstance(unit, make)
    if multipliers is not None:
        assert unit.multipliers == multipliers


def test_multipliers_on_ecp5():
    """Eight for sixteen pairs, with half of the logic of as many separate products."""
    spec = spec_of("int4", "int4", 16)
    found = {kind: resources(PE_KINDS[kind](spec), ["ecp5"])["ecp5"]
             for kind in ("packed", "parallel")}
    assert (found["packed"].dsps, found["parallel"].dsps) == (8, 0)
    assert found["packed"].area < found["parallel"].area / 3


#: Families with pairs of formats of which two products share a multiplier there.
SHARING = [(family, a, w) for family in ("ecp5", "gowin", "nexus", "ice40")
           for a, w in (("int4", "int4"), ("int8", "int2"), ("int6", "int4"))
           if (family, a, w) != ("ice40", "int8", "int2")]


def test_multipliers_that_are_declared():
    declared = {(family, a, w): PackedDotProduct(spec_of(a, w, 16), ports=PORTS[family]).multipliers
                for family, a, w in (*SHARING, ("ice40", "int8", "int2"))}
    assert declared == {**dict.fromkeys(SHARING, 8), ("ice40", "int8", "int2"): 16}


@pytest.mark.full
@pytest.mark.parametrize(("family", "a", "w"), SHARING)
def test_multipliers_are_as_many_as_declared(family, a, w):
    unit = PackedDotProduct(spec_of(a, w, 16), ports=PORTS[family])
    assert resources(unit, [family])[family].dsps == unit.multipliers


def test_what_it_refuses():
    words = ("no two products of activations int8 and weights int8 fit a multiplier of 18 x 18 "
             "bits; legal with int8 are weights of up to int5, and with int8 activations of up to "
             "int2")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        PackedDotProduct(spec_of("int8", "int8", 2))
    assert PackedDotProduct(spec_of("int8", "int8", 2), ports=(25, 18)).multipliers == 2
