# amaranth: UnusedElaboratable=no
"""Every rounding of small numbers whose low bits are cut off."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from amaranth import Module, Signal
from amaranth.sim import Simulator

from hw.arith.rounding import floor_goes_up, magnitude_goes_up
from sw_model.formats import Rounding

#: Bits that are cut off, and of the numbers.
CUT, WIDTH = 3, 7


def rounded(number, rounding):
    """The integer for a fraction, from the roundings' definitions."""
    low, high = floor(number), ceil(number)
    toward, away = (low, high) if number > 0 else (high, low)
    match rounding:
        case Rounding.FLOOR:
            return low
        case Rounding.CEILING:
            return high
        case Rounding.TOWARD_ZERO:
            return toward
        case Rounding.AWAY_FROM_ZERO:
            return away
    if number - low != Fraction(1, 2):
        return low if number - low < Fraction(1, 2) else high
    return {Rounding.HALF_EVEN: low if low % 2 == 0 else high, Rounding.HALF_AWAY: away,
            Rounding.HALF_TOWARD_ZERO: toward, Rounding.HALF_UP: high}[rounding]


@pytest.mark.parametrize("rounding", Rounding)
def test_two_complement_and_magnitudes(rounding):
    m, x, negative = Module(), Signal(WIDTH), Signal()
    signed = x.as_signed()
    whole, magnitude = Signal(8), Signal(8)

    def parts(value):
        return {"odd": value[CUT], "half": value[CUT - 1], "rest": value[:CUT - 1].any()}

    m.d.comb += [
        whole.eq((signed >> CUT) + floor_goes_up(rounding, negative=signed[-1], **parts(x))),
        magnitude.eq((x >> CUT) + magnitude_goes_up(rounding, negative=negative, **parts(x)))]

    async def bench(ctx):
        for pattern in range(1 << WIDTH):
            ctx.set(x, pattern)
            for sign in (0, 1):
                ctx.set(negative, sign)
                await ctx.delay(1e-9)
                number = Fraction(-pattern if sign else pattern, 1 << CUT)
                assert ctx.get(magnitude) == abs(rounded(number, rounding)), (pattern, sign)
            number = Fraction(pattern - (pattern >> WIDTH - 1 << WIDTH), 1 << CUT)
            assert ctx.get(whole) == rounded(number, rounding) % 256, pattern

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
