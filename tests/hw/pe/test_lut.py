# amaranth: UnusedElaboratable=no
"""Dot products by look-up, in turn and at once: every pair of codes, sums, the table itself."""

from __future__ import annotations

import pytest
from amaranth.sim import Simulator

from hw.pe import DotSpec
from hw.pe.lut import LutDotProduct, SerialLutDotProduct
from hw.pe.lut_table import LutTable
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

FORMS = ["uint1", "int1", "int2", "uint2", "int4", "uint4", "fixed<5,2>", "bipolar", "ternary"]
KINDS = [LutDotProduct, SerialLutDotProduct]


def test_every_pair_of_codes(need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, a, w) for make in KINDS for a, w in [
        *(("int3", w) for w in FORMS), ("uint2", "int4"), ("bipolar", "bipolar"),
        ("ternary", "uint2")]], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng) for make in KINDS for a, w, lanes in [
        ("int8", "int4", 4), ("int8", "ternary", 16), ("uint8", "uint2", 7),
        ("bipolar", "bipolar", 5)]], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("make", KINDS, ids=["at once", "serial"])
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_all_pairs_of_formats(make, lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 500) for a in (*FORMS, "int8", "uint8")
                for w in (*FORMS, "int8", "uint8")], tmp_path / "build")


@pytest.mark.parametrize("held", [False, True])
def test_a_table(held):
    """The example of the definition: sums of four with every sign of the first three."""
    unit = LutTable(parse_format("int8"), 4, held=held)

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        ctx.set(unit.start, 1)
        for lane, value in enumerate((3, -5, 7, 2)):
            ctx.set(unit.a[lane], value)
        await ctx.tick()
        ctx.set(unit.start, 0)
        if held:
            ctx.set(unit.a[0], 100)
        for _ in range(unit.latency - 1):
            await ctx.tick()
        for _ in range(4):
            assert [ctx.get(entry) for entry in unit.tables[0]] == [
                -3, 3, -13, -7, 11, 17, 1, 7]
            await ctx.tick()
        assert ctx.get(unit.total) == 7

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_latency_and_interval():
    spec = DotSpec(parse_format("int8"), parse_format("int4"), 16)
    units = LutDotProduct(spec), SerialLutDotProduct(spec)
    assert [(unit.latency, unit.interval) for unit in units] == [(8, 1), (10, 4)]
