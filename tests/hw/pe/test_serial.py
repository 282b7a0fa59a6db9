# amaranth: UnusedElaboratable=no
"""Serial processing elements: results come exactly when they are due, and after a reset."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from hw.pe.activation_serial import ActivationSerialDotProduct
from hw.pe.base import DotSpec, ElasticDotProduct
from hw.pe.booth import BoothDotProduct
from hw.pe.csd import CsdDotProduct
from hw.pe.en_t import EnTDotProduct
from hw.pe.lut import SerialLutDotProduct
from hw.pe.sparse_encoded import SparseEncodedDotProduct
from hw.pe.term import TermDotProduct
from hw.pe.weight_serial import WeightSerialDotProduct
from sw_model.formats import parse_format

KINDS = [WeightSerialDotProduct, ActivationSerialDotProduct, BoothDotProduct, CsdDotProduct,
         EnTDotProduct, SparseEncodedDotProduct, TermDotProduct]
PAIRS = [("int8", "int4", 4), ("uint4", "int8", 1), ("bipolar", "ternary", 3)]

#: Codes whose recoding has the most terms, for elements whose time depends on them.
SLOWEST = {"int4": 5, "int8": 85, "uint4": 11, "ternary": 1, "bipolar": 1}


def vectors_of(make, spec, count, rng):
    """Operands, no two neighbours with the same result, that take the most time; and results."""
    vectors, results = [], [0]
    while len(vectors) < count:
        a, w = (rng.integers(form.min, form.max, spec.lanes, endpoint=True)
                for form in (spec.activations, spec.weights))
        if make is SparseEncodedDotProduct:
            a[:] = SLOWEST[str(spec.activations)]
        else:
            w = np.where(rng.random(spec.lanes) < 0.5, SLOWEST[str(spec.weights)], w)
            w[0] = SLOWEST[str(spec.weights)]
        result = int((spec.activations.to_fixed(a) * spec.weights.to_fixed(w)).sum())
        if result != results[-1]:
            vectors.append((a.tolist(), w.tolist()))
            results.append(result)
    return vectors, results[1:]


def give(ctx, unit, vector, start=1):
    for operand, codes in zip((unit.a, unit.w), vector, strict=True):
        for lane, code in enumerate(codes):
            ctx.set(operand[lane], code)
    ctx.set(unit.start, start)


def simulate(top, bench):
    sim = Simulator(top)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("a", "w", "lanes"), PAIRS)
@pytest.mark.parametrize("make", [*KINDS, SerialLutDotProduct])
def test_results_come_when_they_are_due(make, a, w, lanes, rng):
    """Not a cycle sooner, and the next one not before its time; without one, the last stays,
    except of look-up, whose places are summed in the register of the results."""
    unit = make(DotSpec(parse_format(a), parse_format(w), lanes))
    vectors, results = vectors_of(make, unit.spec, 6, rng)
    due = {unit.latency + place * unit.interval: result for place, result in enumerate(results)}

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        seen = None
        for cycle in range(max(due) + 3 * unit.interval):
            place, phase = divmod(cycle, unit.interval)
            given = phase == 0 and place < len(vectors)
            give(ctx, unit, vectors[place] if given else vectors[0], given)
            found = ctx.get(unit.o)
            if cycle in due:
                assert found == due[cycle], cycle
                assert found != seen or make is SerialLutDotProduct, cycle
            elif cycle > unit.latency and make is not SerialLutDotProduct:
                assert found == seen, cycle
            seen = found
            if isinstance(unit, ElasticDotProduct):
                assert ctx.get(unit.valid) == (cycle in due), cycle
            await ctx.tick()

    simulate(unit, bench)


@pytest.mark.parametrize(("a", "w", "lanes"), PAIRS)
@pytest.mark.parametrize("make", [*KINDS, SerialLutDotProduct])
def test_reset_in_mid_stream(make, a, w, lanes, rng):
    """Nothing of what was under way is left, whenever the reset comes, enabled or not."""
    unit = make(DotSpec(parse_format(a), parse_format(w), lanes))
    m, reset = Module(), Signal()
    m.submodules.unit = ResetInserter(reset)(unit)
    vectors, results = vectors_of(make, unit.spec, 2, rng)

    async def bench(ctx):
        for wait in range(1, unit.latency + 2):
            for enabled, pause in ((0, 0), (1, 0), (1, 2)):
                ctx.set(unit.enable, 1)
                give(ctx, unit, vectors[0])
                for _ in range(wait):
                    await ctx.tick()
                    ctx.set(unit.start, 0)
                ctx.set(unit.enable, enabled)
                ctx.set(reset, 1)
                await ctx.tick()
                ctx.set(unit.enable, 1)
                ctx.set(reset, 0)
                give(ctx, unit, vectors[0], 0)
                for cycle in range(pause + unit.latency):
                    if cycle == pause:
                        give(ctx, unit, vectors[1])
                    if isinstance(unit, ElasticDotProduct):
                        assert not ctx.get(unit.valid)
                    await ctx.tick()
                    give(ctx, unit, vectors[0], 0)
                assert ctx.get(unit.o) == results[1], (wait, enabled, pause)

    simulate(m, bench)
