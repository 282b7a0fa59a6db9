# amaranth: UnusedElaboratable=no
"""Stochastic rounding against the golden model: the same bits, stalled or not, after resets."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module
from amaranth.hdl import Value
from amaranth.sim import Simulator

from hw.rescale.stochastic import Lfsr, StochasticShift
from sw_model.formats import IntFormat
from sw_model.ops.stochastic import draws, stochastic_shift
from sw_model.specs import StochasticShiftSpec
from sw_model.specs.lfsr import spread_seeds
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)


def unit_of(spec, codes, shifts):
    """``codes`` (words, lanes) by ``shifts`` (lanes,)."""
    unit, stimulus = StochasticShift(spec), {"i": codes}
    if spec.shifts > 1:
        layout = StochasticShift.parameter_layout(spec)
        stimulus["parameters"] = [Value.cast(layout.const(
            [{"distance": spec.distance_of(int(s))} for s in shifts])).value] * len(codes)
    return Unit(unit, stimulus, {"o": stochastic_shift(codes, shifts, spec)},
                latency=unit.latency, interval=Interval(1), name=f"{spec}")


@pytest.mark.parametrize(("seed", "bits"), [(1, 1), (2**31 - 1, 18), (123456789, 7)])
def test_generator(seed, bits):
    """Draws only where it steps."""
    unit, m = Lfsr(seed, bits), Module()
    m.submodules.unit = unit
    found = []

    async def bench(ctx):
        for cycle in range(300):
            step = cycle % 3 > 0
            ctx.set(unit.step, step)
            if step:
                found.append(ctx.get(unit.o))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == draws([seed], bits, len(found))[:, 0].tolist()


def test_every_8_bit_code():
    """On one lane and on several, by one shift and by one for each lane."""
    units = []
    for lanes in (1, 4):
        codes = np.tile(np.arange(-128, 128), lanes).reshape(-1, lanes)
        for low, high, bits in ((3, 3, 3), (7, 7, 4), (0, 6, 6)):
            spec = StochasticShiftSpec(
                source=INT8, target=IntFormat(5), shift_low=low, shift_high=high, bits=bits,
                seeds=spread_seeds(7, lanes))
            shifts = np.arange(lanes) * 5 % (high - low + 1) + low
            units.append(unit_of(spec, codes, shifts))
    check_units(units)


def test_wide_codes(rng):
    units = []
    for source, target, low, high, bits in (
            (IntFormat(32), INT8, 10, 24, 18), (IntFormat(24, signed=False),
                                                IntFormat(8, signed=False), 16, 16, 16),
            (IntFormat(40), IntFormat(40), 0, 62, 18)):
        spec = StochasticShiftSpec(source=source, target=target, shift_low=low, shift_high=high,
                                   bits=bits, seeds=spread_seeds(99, 3))
        codes = rng.integers(source.min, source.max, (60, 3), endpoint=True)
        codes[:2] = [[source.min] * 3, [source.max] * 3]
        units.append(unit_of(spec, codes, np.linspace(low, high, 3).astype(np.int64)))
    check_units(units, stalls=((0.3, 0.3),))


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be a StochasticShiftSpec, not 3$"):
        StochasticShift(3)
    with pytest.raises(ValueError, match=r"^seed must be 1 to 2\*\*31 - 1, not 0$"):
        Lfsr(0, 3)
    with pytest.raises(ValueError, match=r"^bits must be 1 to 18, not 19$"):
        Lfsr(1, 19)
