# amaranth: UnusedElaboratable=no
"""The parallel dot product: every pair of narrow codes, and sums against Python's integers."""

from __future__ import annotations

import itertools

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.pe import DotSpec, ParallelDotProduct
from hw.pe.parallel import product_of
from hw.shapes import shape_of
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat, covering, parse_format

#: On both sides of the width up to which products are made of adders.
PRODUCTS = ["bipolar", "ternary", "int1", "uint1", "int4", "uint4", "int5", "uint5"]

DOTS = [("int8", "int8"), ("uint8", "int8"), ("int8", "ternary"), ("bipolar", "int4"),
        ("bipolar", "bipolar"), ("ternary", "ternary"), ("uint1", "bipolar"), ("uint2", "int2"),
        ("fixed<6,2>", "int5"), ("int17", "int18")]


@pytest.mark.parametrize("a", PRODUCTS)
def test_every_product(a):
    a_format = parse_format(a)
    m, x, outputs, weights = Module(), Signal(shape_of(a_format)), [], []
    for name in PRODUCTS:
        w_format = parse_format(name)
        product = DotSpec(a_format, w_format, 1).product
        weights.append(Signal(shape_of(w_format), name=f"w_{name}"))
        outputs.append(Signal(shape_of(product), name=f"o_{name}"))
        m.d.comb += outputs[-1].eq(product_of(x, a_format, weights[-1], w_format))
    codes = [range(form.min, form.max + 1) for form in map(parse_format, PRODUCTS)]

    async def bench(ctx):
        for code in range(a_format.min, a_format.max + 1):
            ctx.set(x, code)
            for row in itertools.zip_longest(*codes):
                row = [few[0] if code is None else code
                       for code, few in zip(row, codes, strict=True)]
                for signal, weight in zip(weights, row, strict=True):
                    ctx.set(signal, weight)
                await ctx.delay(1e-9)
                for name, weight, output in zip(PRODUCTS, row, outputs, strict=True):
                    expected = int(a_format.to_fixed(code) * parse_format(name).to_fixed(weight))
                    assert ctx.get(output) == expected, (code, name, weight)

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("a", "w"), DOTS)
@pytest.mark.parametrize("lanes", [1, 2, 5, 13])
def test_sums_latency_and_stalls(a, w, lanes, rng):
    """Extremes and random vectors; what comes in while nothing is enabled does not count."""
    formats = parse_format(a), parse_format(w)
    unit = ParallelDotProduct(DotSpec(*formats, lanes))
    corners = [[[code] * lanes for code in pair] for pair in itertools.product(
        *((form.min, form.max) for form in formats))]
    vectors = corners + [[rng.integers(form.min, form.max, lanes, endpoint=True).tolist()
                          for form in formats] for _ in range(12)]
    expected = [int((formats[0].to_fixed(x) * formats[1].to_fixed(y)).sum()) for x, y in vectors]

    async def bench(ctx):
        steps = 0
        while steps < len(vectors) * unit.interval + unit.latency:
            moving = bool(rng.random() < 0.7)
            place, phase = divmod(steps, unit.interval)
            given = moving and phase == 0 and place < len(vectors)
            codes = vectors[place] if given else [
                rng.integers(form.min, form.max, lanes, endpoint=True).tolist()
                for form in formats]
            for operand, values in zip((unit.a, unit.w), codes, strict=True):
                for lane, value in enumerate(values):
                    ctx.set(operand[lane], value)
            ctx.set(unit.enable, moving)
            ctx.set(unit.start, given)
            await ctx.tick()
            steps += moving
            done, rest = divmod(steps - unit.latency, unit.interval)
            if 0 <= done < len(vectors) and rest == 0:
                assert ctx.get(unit.o) == expected[done], done

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("a", "w"), DOTS)
def test_results_are_held_and_no_wider(a, w):
    """The format reaches both ends of what the corners of the operands' ranges give."""
    formats = parse_format(a), parse_format(w)
    for lanes in (1, 2, 3, 64, 1000):
        spec = DotSpec(*formats, lanes)
        products = [x * y for x, y in itertools.product(
            *((form.fixed_min, form.fixed_max) for form in formats))]
        assert spec.product == covering(min(products), max(products))
        assert spec.result == covering(lanes * min(products), lanes * max(products))


def test_what_a_spec_refuses():
    int8 = IntFormat(8)
    with pytest.raises(TypeError, match=r"^weights must be a Format, not 'int8'$"):
        DotSpec(int8, "int8", 1)
    with pytest.raises(TypeError, match=r"^lanes must be an integer, not 2\.0$"):
        DotSpec(int8, int8, 2.0)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        DotSpec(int8, int8, 0)
    with pytest.raises(TypeError, match=r"^spec must be a DotSpec, not 5$"):
        ParallelDotProduct(5)
    spec = DotSpec(BipolarFormat(), TernaryFormat(), 3)
    assert ParallelDotProduct(spec).spec is spec
