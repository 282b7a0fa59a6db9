# amaranth: UnusedElaboratable=no
"""Rows that share multipliers: sums to their limits, every format, and multipliers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator

import hw.pe.packed_rows
from boards.component import resources
from hw.pe import DotSpec
from hw.pe.packed_rows import PackedRows, PackedSet
from hw.pe.packing import PORTS, WIDEST, accumulation_limit, most_rows, row_packing
from sw_model.formats import parse_format
from tests.support.dots import codes_of
from tests.support.enabled import EnabledCase, check_enabled

ICE40, XILINX = PORTS["ice40"], PORTS["xilinx"]

#: Activations, weights and multipliers.
FORMATS = [("int8", "int4", WIDEST), ("int8", "int4", ICE40), ("int8", "int2", WIDEST),
           ("int4", "int4", WIDEST), ("int8", "int5", WIDEST), ("int8", "int8", XILINX),
           ("uint8", "int3", ICE40), ("int8", "uint4", WIDEST), ("uint4", "uint4", WIDEST),
           ("int2", "int2", WIDEST), ("bipolar", "int3", WIDEST), ("int6", "ternary", ICE40),
           ("fixed<5,1>", "bipolar", WIDEST), ("uint1", "int1", WIDEST)]


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


def case_of(make, spec, rows, rng, count=500, **parameters):
    """Every mixture of extremes by rows, lanes at random after that."""
    a, w = spec.activations, spec.weights
    x, y = (rng.choice(codes_of(form), (count, many, spec.lanes))
            for form, many in ((a, 1), (w, rows)))
    for form, table in ((a, x), (w, y)):
        fixed = form.to_fixed(codes_of(form))
        ends = codes_of(form)[[np.argmin(fixed), np.argmax(fixed)]]
        table[:count // 5] = rng.choice(ends, (count // 5, table.shape[1], 1))
        table[count // 5:count // 4] = rng.choice(ends, (count // 4 - count // 5,
                                                         *table.shape[1:]))
    return EnabledCase(make(spec, rows, **parameters), {"a": x, "w": y},
                       np.einsum("nil,nrl->nr", a.to_fixed(x).astype(np.int64),
                                 w.to_fixed(y).astype(np.int64)))


def limit_of(a, w, ports):
    return accumulation_limit(parse_format(a), parse_format(w), 2, ports=ports)


def test_rows(need, tmp_path, rng):
    need("verilator")
    check_enabled([case_of(PackedRows, spec_of(a, w, lanes), rows, rng, ports=ports,
                           accumulations=min(limit_of(a, w, ports), accumulations))
                   for k, (a, w, ports) in enumerate(FORMATS)
                   for rows, lanes, accumulations in (
                       (3, 7, 3), *(((1, 4, 1), (2, 16, 2), (5, 1, 1)) if k < 3 else ()))],
                  tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 5, 16])
@pytest.mark.parametrize("rows", [2, 3, 4, 7])
def test_more_rows(rows, lanes, need, tmp_path, rng):
    need("verilator")
    check_enabled([case_of(PackedRows, spec_of(a, w, lanes), rows, rng, 200, ports=ports,
                           accumulations=accumulations)
                   for a, w, ports in FORMATS
                   for accumulations in {1, min(4, limit_of(a, w, ports)),
                                         min(lanes, limit_of(a, w, ports))}],
                  tmp_path / "build")


def worst(spec, rows, make, **parameters):
    """All lanes at the greatest or least product, in every mixture of rows."""
    a, w = spec.activations, spec.weights
    low, high = w.min, w.max
    x = np.full((2 << rows, 1, spec.lanes), a.min)
    x[1 << rows:] = a.max
    choice = np.arange(2 << rows)[:, None, None] >> np.arange(rows)[:, None] & 1
    y = np.broadcast_to(np.where(choice, high, low), (2 << rows, rows, spec.lanes))
    return EnabledCase(make(spec, rows, **parameters), {"a": x, "w": y},
                       np.einsum("nil,nrl->nr", x, y))


LIMITS = [("int8", "int4", WIDEST), ("int4", "int4", ICE40), ("int8", "int8", XILINX),
          ("int8", "int5", WIDEST), ("uint8", "int4", WIDEST)]


def test_sums_at_the_limit(need, tmp_path):
    """As many lanes as may be added, all at the extremes, the most negative ones among them."""
    need("verilator")
    cases = []
    for a, w, ports in LIMITS:
        limit = limit_of(a, w, ports)
        for lanes in (limit, 2 * limit + 1):
            cases.append(worst(spec_of(a, w, lanes), 2, PackedRows, ports=ports,
                               accumulations=limit))
    check_enabled(cases, tmp_path / "build")


@pytest.mark.parametrize(("a", "w", "ports"), LIMITS)
def test_one_more_than_the_limit_breaks_it(a, w, ports, need, tmp_path, monkeypatch):
    """What is refused would be wrong: the same element, with the lanes of the limit."""
    need("verilator")
    forms = parse_format(a), parse_format(w)
    limit = limit_of(a, w, ports)
    spec = spec_of(a, w, limit + 1)
    with pytest.raises(ValueError, match=f"accumulations must be 1 to {limit} where two rows of "
                                         f"weights {w} with activations {a} share a multiplier"):
        PackedRows(spec, 2, ports=ports, accumulations=limit + 1)
    packing = row_packing(*forms, 2, ports=ports, accumulations=limit)
    monkeypatch.setattr(hw.pe.packed_rows, "row_packing", lambda *_, **__: packing)
    with pytest.raises(AssertionError, match="does not give"):
        check_enabled([worst(spec, 2, PackedSet, ports=ports, accumulations=limit + 1)],
                      tmp_path / "build")


def test_latency_and_multipliers():
    units = [PackedRows(spec_of("int8", "int4", lanes), rows, accumulations=accumulations)
             for lanes, rows, accumulations in [(1, 2, 1), (16, 2, 1), (16, 2, 4), (16, 3, 3),
                                                (3, 2, 4)]]
    assert [(unit.multipliers, unit.latency, unit.interval) for unit in units] == [
        (1, 1, 1), (16, 5, 1), (16, 5, 1), (32, 6, 1), (3, 3, 1)]
    assert [most_rows(*map(parse_format, formats)) for formats in [
        ("int8", "int4"), ("int2", "int2"), ("int8", "int8"), ("int20", "int2")]] == [2, 6, 1, 0]


def test_reset_in_mid_stream(rng):
    """No state but what the operands in flight give: after a reset as before."""
    spec = spec_of("int8", "int4", 6)
    unit = PackedRows(spec, 3, accumulations=2)
    reset = Signal()
    m = Module()
    m.submodules.unit = ResetInserter(reset)(unit)

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        sums = []
        for step in range(60):
            ctx.set(reset, step % 20 == 13)
            a, w = rng.integers(-128, 128, 6), rng.integers(-8, 8, (3, 6))
            for lane in range(spec.lanes):
                ctx.set(unit.a[lane], int(a[lane]))
                for row in range(3):
                    ctx.set(unit.w[row][lane], int(w[row, lane]))
            sums.append((w @ a).tolist())
            await ctx.tick()
            since = (step - 13) % 20
            if step >= unit.latency and since >= unit.latency:
                assert [ctx.get(o) for o in unit.o] == sums[step - unit.latency + 1], step

    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_multipliers_on_ecp5():
    unit = PackedRows(spec_of("int8", "int4", 4), 2, accumulations=2)
    assert resources(unit, ["ecp5"])["ecp5"].dsps == 4


@pytest.mark.full
@pytest.mark.parametrize("family", ["ecp5", "gowin", "nexus", "ice40"])
@pytest.mark.parametrize(("a", "w"), [("int8", "int4"), ("int8", "int2"), ("int4", "int4")])
@pytest.mark.parametrize("accumulations", [1, 2])
def test_multipliers_are_as_many_as_declared(a, w, accumulations, family):
    ports = PORTS[family]
    unit = PackedRows(spec_of(a, w, 16), 2, ports=ports,
                      accumulations=min(accumulations, limit_of(a, w, ports)))
    declared = unit.multipliers
    assert resources(unit, [family])[family].dsps == declared == 16


@pytest.mark.parametrize(("given", "words"), [
    ({"accumulations": 5}, "accumulations must be 1 to 4 where two rows of weights int4 with "
                           "activations int8 share a multiplier of 18 x 18 bits, not 5"),
    ({"accumulations": 0}, "accumulations must be 1 to 4 where two rows of weights int4 with "
                           "activations int8 share a multiplier of 18 x 18 bits, not 0"),
    ({"ports": (15, 15)}, "no two products of activations int8 and weights int4 fit a multiplier "
                          "of 15 x 15 bits; legal with int8 are weights of up to int3, and with "
                          "int4 activations of up to int7")])
def test_what_it_refuses(given, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        PackedRows(spec_of("int8", "int4", 4), 2, **given)


def test_what_a_set_refuses():
    words = ("3 rows of weights int4 with activations int8, 1 lanes added, do not fit a "
             "multiplier of 18 x 18 bits, at most 2")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        PackedSet(spec_of("int8", "int4", 4), 3)
    with pytest.raises(ValueError, match=r"^accumulations must be at least 1, not 0$"):
        PackedSet(spec_of("int8", "int4", 4), 2, accumulations=0)
