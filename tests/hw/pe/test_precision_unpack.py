# amaranth: UnusedElaboratable=no
"""Lanes taken apart: parts that make up the values of the formats."""

from __future__ import annotations

from fractions import Fraction

import pytest
from amaranth.sim import Simulator

from hw.pe.precision_unpack import PLACES, POSITS, PrecisionUnpack, users_of
from sw_model.specs.precision import WORD, Precision


def values_of(unit, ctx, precision):
    """The value at each quarter where a lane ends; None for NaR."""
    form, found = precision.format, []
    for place, width in enumerate(PLACES):
        if precision not in users_of(place, place):
            for member in (unit.negative, unit.power, unit.nan):
                assert not ctx.get(member[place])
            continue
        own = ctx.get(unit.significand) >> 4 * (place + 1) - form.width & (1 << form.width) - 1
        exponent, scale = ctx.get(unit.exponent[place]), 1 - form.width
        if precision in POSITS.values():
            exponent -= width - 2 << form.exponent
            own |= ctx.get(unit.power[place]) << form.width - 1
        elif precision is Precision.E2M1:
            exponent -= 1
        else:
            scale = 0
        value = own * Fraction(2) ** (exponent + scale) if own else Fraction(0)
        nar = ctx.get(unit.nan[place])
        assert not (nar and own)
        found.append(None if nar else -value if ctx.get(unit.negative[place]) else value)
    return found


@pytest.mark.parametrize("precision", Precision)
def test_parts_make_up_the_values(precision, rng):
    """Every code of up to 8 bits in each lane; of 16 bits a sample with both ends."""
    form, unit = precision.format, PrecisionUnpack()
    if form.width < WORD:
        lanes = [rng.permutation(1 << form.width) for _ in range(precision.lanes)]
    else:
        lanes = [[0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, *rng.integers(0, 1 << WORD, 250)]]
    words = [[int(code) for code in codes] for codes in zip(*lanes, strict=True)]

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        ctx.set(unit.mode, precision)
        for codes in words:
            ctx.set(unit.i, sum(code << form.width * lane for lane, code in enumerate(codes)))
            await ctx.tick()
            nar = 1 << form.width - 1 if precision in POSITS.values() else None
            wanted = [None if code == nar else
                      Fraction(float(form.decode(form.from_bits([code]))[0])) for code in codes]
            assert values_of(unit, ctx, precision) == wanted

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
