# amaranth: UnusedElaboratable=no
"""Rescale units that serve layers of several clamps, against the golden model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth import Module, Shape, Signal
from amaranth.hdl import Value
from amaranth.sim import Simulator

from hw.arith.clamp import clamp_to_one
from hw.rescale.framework import FrameworkRescale
from hw.rescale.multiply_add_shift import MultiplyAddShift
from sw_model.formats import IntFormat, covering
from sw_model.ops.rescale import PLAIN, RescaleMode, multiply_add_shift
from sw_model.specs import FrameworkRescaleSpec, MultiplyAddShiftSpec
from tests.support.units import Interval, Unit, check_units

LANES = 4
#: Not clamped, two kinds of ReLU, and one that holds one value only.
CLAMPS = ((-128, 127), (0, 127), (-3, 100), (17, 17))
#: Each lane's pair in two words of parameters.
NUMBERS = np.array([[0, 1, 2, 3], [3, 0, 1, 2]])
EVERY = np.arange(-128, 128, 3).reshape(-1, 1).repeat(LANES, axis=1)


def unit_of(component, fields, expected):
    """Accumulators of 8 bits with each of the words of parameters."""
    layout = type(component).parameter_layout(component.spec, LANES)
    words = []
    for row in NUMBERS:
        words += [Value.cast(layout.const([{**fields, "clamp": int(number)} for number in row])
                             ).value] * len(EVERY)
    stimulus = {"i": np.concatenate([EVERY] * len(NUMBERS)), "parameters": words}
    return Unit(component, stimulus, {"o": expected}, latency=component.latency,
                interval=Interval(1), name=f"{component.spec}")


def clamped(result):
    """``result`` for every accumulator, clamped as each word of parameters says."""
    lows, highs = np.array(CLAMPS).T
    return np.concatenate([np.clip(result, lows[row], highs[row]) for row in NUMBERS])


def test_accumulators_and_clamps():
    units = []
    for signs, extra, kind in ((1, 0, "inferred"), (2, 2, "fabric")):
        offsets = (37, 30)[:signs]
        spec = MultiplyAddShiftSpec(
            source=IntFormat(8), target=IntFormat(8), shift=4, low=-128, high=127, signs=signs,
            multiplier=covering(0, 21), offset=covering(0, 37), extra_shift=extra, clamps=CLAMPS)
        fields = {"multiplier": 21} | {f"offset_{k}": b for k, b in enumerate(offsets)}
        fields |= {"shift": 1} if extra else {}
        result = multiply_add_shift(EVERY, np.array([21]), np.array([offsets]),
                                    4 + (1 if extra else 0))
        units.append(unit_of(MultiplyAddShift(spec, LANES, multiplier=kind), fields,
                             clamped(result)))
    for mode, exponent in (("tflite_double", -31), ("exact_half_even", -3), ("floor", -2)):
        multiplier = 3 << 29 if mode == "tflite_double" else 11
        spec = FrameworkRescaleSpec(
            source=IntFormat(8), target=IntFormat(8), mode=mode, zero_point=5, low=-128, high=127,
            multiplier=covering(0, multiplier), exponent_low=exponent, exponent_high=exponent,
            clamps=CLAMPS)
        flat = PLAIN[RescaleMode(mode)](
            EVERY.ravel(), *(np.full(EVERY.size, number) for number in (multiplier, exponent)))
        units.append(unit_of(FrameworkRescale(spec, LANES), {"multiplier": multiplier},
                             clamped(flat.reshape(EVERY.shape) + 5)))
    check_units(units, stalls=((0.3, 0.3),))


@pytest.mark.parametrize("shape", [Shape(5), Shape(6, True)], ids=str)
def test_clamp_to_one(shape):
    pairs = [(-20, 20), (0, 9), (3, 3), (-8, -5), (0, 31)]
    m, x, number = Module(), Signal(shape), Signal(3)
    value = clamp_to_one(x, pairs, number)
    y = Signal(value.shape())
    m.d.comb += y.eq(value)

    async def bench(ctx):
        low = -(1 << (shape.width - 1)) if shape.signed else 0
        for given in range(low, low + (1 << shape.width)):
            for place, (least, most) in enumerate(pairs):
                ctx.set(x, given)
                ctx.set(number, place)
                await ctx.delay(1e-9)
                assert ctx.get(y) == max(least, min(most, given)), (given, place)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    with pytest.raises(ValueError, match=r"low must not exceed high, but one of \[\(2, 1\)\] does"):
        clamp_to_one(x, [(2, 1)], number)


def test_operand_is_exact_for_every_clamp():
    """A ReLU alone would do with an unsigned operand; beside another clamp it must not."""
    spec = MultiplyAddShiftSpec(
        source=IntFormat(10), target=IntFormat(8), shift=3, low=-128, high=127,
        multiplier=IntFormat(2, signed=False), offset=IntFormat(3, signed=False))
    relu = replace(spec, low=0)
    assert relu.operand_for([2], [[0]]).min == 0
    both = replace(spec, clamps=((-128, 127), (0, 127)))
    for numbers, signed in (([1, 1], False), ([0, 1], True)):
        operand = both.operand_for([2, 2], [[0], [0]], clamps=numbers)
        assert (operand.min < 0) == signed
        narrow = replace(both, operand=operand)
        low, high = narrow.operand_range
        for acc in range(-512, 512):
            for number in numbers:
                inner = max(low, min(high, acc))
                assert both.result(inner, 2, [0], clamp=number) == both.result(
                    acc, 2, [0], clamp=number)


def test_what_does_not_fit():
    spec = MultiplyAddShiftSpec(
        source=IntFormat(8), target=IntFormat(8), shift=0, low=-100, high=127,
        multiplier=IntFormat(8), offset=IntFormat(8))
    with pytest.raises(ValueError, match=r"^clamp -128 to 127 does not lie in -100 to 127$"):
        replace(spec, clamps=CLAMPS)
    with pytest.raises(ValueError, match=r"^clamp 5 to 4 does not lie in -100 to 127$"):
        replace(spec, clamps=((0, 1), (5, 4)))
    with pytest.raises(ValueError, match=r"^clamps must be several or none"):
        replace(spec, clamps=((0, 1),))
    with pytest.raises(TypeError, match=r"^clamps must be a tuple of pairs, not 3$"):
        replace(spec, clamps=3)
    with pytest.raises(ValueError, match=r"^constants have no extra clamps, but the spec has$"):
        MultiplyAddShift(replace(spec, clamps=((0, 1), (0, 2))), 1, (5, (9,)))
    framework = FrameworkRescaleSpec(
        source=IntFormat(8), target=IntFormat(8), mode="floor", zero_point=0, low=-100, high=127,
        multiplier=IntFormat(8), exponent_low=-3, exponent_high=-3, clamps=((0, 1), (0, 2)))
    with pytest.raises(ValueError, match=r"^constants have no extra clamps, but the spec has$"):
        FrameworkRescale(framework, 1, (5, -3))
