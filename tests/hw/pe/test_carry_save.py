# amaranth: UnusedElaboratable=no
"""Elements with their accumulator, plain and carry-save: the same sums to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.base import DotSpec
from hw.pe.carry_save import CarrySaveAccumulate
from sw_model.formats import IntFormat, parse_format
from tests.support.dots import codes_of

KINDS = [MultiplyAccumulate, CarrySaveAccumulate]
CASES = [("int8", "int8", 1, 20), ("int8", "int8", 3, 24), ("uint8", "int4", 2, 16),
         ("int4", "uint5", 1, 12), ("ternary", "bipolar", 2, 6), ("int8", "int8", 1, 16),
         ("bipolar", "uint1", 4, 5), ("fixed<6,2>", "int3", 1, 14), ("int1", "int1", 1, 3)]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(("a", "w", "lanes", "bits"), CASES)
def test_sums(make, a, w, lanes, bits, rng):
    """Cleared at random, stalled at random; sums wrap as two's complement does."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    unit = make(spec, IntFormat(bits))
    forms = spec.activations, spec.weights

    async def bench(ctx):
        history, total, started = [], 0, False
        for _ in range(400):
            enable, clear = bool(rng.random() < 0.8), bool(rng.random() < 0.05) or not started
            codes = [rng.choice(codes_of(form), lanes) for form in forms]
            if rng.random() < 0.2:
                codes = [np.full(lanes, rng.choice([form.min, form.max])) for form in forms]
            ctx.set(unit.enable, enable)
            ctx.set(unit.clear, clear)
            for member, values in zip((unit.a, unit.w), codes, strict=True):
                for lane, value in enumerate(values):
                    ctx.set(member[lane], int(value))
            await ctx.tick()
            if not enable:
                continue
            started |= clear
            product = int((forms[0].to_fixed(codes[0]) * forms[1].to_fixed(codes[1])).sum())
            total = 0 if clear else total + product
            history.append(total)
            if len(history) >= unit.latency:
                wanted = history[-unit.latency]
                half = 1 << bits - 1
                assert ctx.get(unit.o) == (wanted + half) % (2 * half) - half

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("make", KINDS)
def test_every_product(make):
    """All pairs of four-bit codes, one after the other, each sum cleared."""
    spec = DotSpec(parse_format("int4"), parse_format("int4"), 1)
    unit = make(spec, IntFormat(9))

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for a in range(-8, 8):
            for w in range(-8, 8):
                ctx.set(unit.clear, 1)
                await ctx.tick()
                ctx.set(unit.clear, 0)
                ctx.set(unit.a[0], a)
                ctx.set(unit.w[0], w)
                await ctx.tick()
                ctx.set(unit.clear, 1)
                for _ in range(unit.latency - 1):
                    await ctx.tick()
                assert ctx.get(unit.o) == a * w, (a, w)

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_what_they_refuse():
    int8, e2m1 = parse_format("int8"), parse_format("e2m1")
    with pytest.raises(ValueError, match=r"^operands must be integers, fixed point, bipolar or "
                                         r"ternary, not e2m1 \(activations int8, weights e2m1\)$"):
        CarrySaveAccumulate(DotSpec(int8, e2m1, 1), IntFormat(20))
    words = ("accumulator must hold -48768 to 49152, a dot product of activations int8 and weights "
             "int8 in 3 lanes, not int16")
    with pytest.raises(ValueError, match=f"^{words}$"):
        MultiplyAccumulate(DotSpec(int8, int8, 3), IntFormat(16))
    assert [MultiplyAccumulate(DotSpec(int8, int8, 1), IntFormat(bits)).limit
            for bits in (16, 20, 32)] == [1, 31, 131071]
    with pytest.raises(ValueError, match=r"^accumulator must be signed, not uint20$"):
        MultiplyAccumulate(DotSpec(int8, int8, 1), IntFormat(20, signed=False))
