# amaranth: UnusedElaboratable=no
"""The ternary accumulator: sums, clearing, wrapping, and its size."""

from __future__ import annotations

import re

import numpy as np
import pytest
from amaranth import Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from boards.component import resources
from hw.arith.ternary_add import PRIMITIVES
from hw.pe.ternary_accumulate import TernaryAccumulate
from sw_model.formats import IntFormat, parse_format
from tests.support.dots import codes_of
from tests.support.emulated import emulator_of
from verif.manifest import Stream

CASES = [(a, bits, primitive) for a, bits in (("int8", 20), ("uint4", 6), ("bipolar", 2),
                                              ("ternary", 3), ("fixed<5,2>", 7))
         for primitive in PRIMITIVES]


class Steps(wiring.Component):
    """An accumulator between streams: a word is clear, weight and activation, lowest first."""

    def __init__(self, unit: TernaryAccumulate) -> None:
        self._unit = unit
        super().__init__({"i": In(stream.Signature(3 + len(unit.a))),
                          "o": Out(stream.Signature(len(unit.o)))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self._unit
        step = Signal()
        m.d.comb += [
            step.eq(self.i.valid & (self.o.ready | ~self.o.valid)), self.i.ready.eq(step),
            unit.clear.eq(step & self.i.payload[0]),
            unit.w.eq(Mux(step, self.i.payload[1:3], 0)), unit.a.eq(self.i.payload[3:]),
            self.o.payload.eq(unit.o)]
        with m.If(self.o.ready | step):
            m.d.sync += self.o.valid.eq(step)
        return m


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_sums(CASES, rng, tmp_path / "build")


def check_sums(cases, rng, folder, count=3000):
    """Random weights, cleared at random, with stalls; sums wrap as two's complement does."""
    units, streams, inputs, expected = [], [], {}, []
    for k, (a, bits, primitive) in enumerate(cases):
        form = parse_format(a)
        units.append(Steps(TernaryAccumulate(form, IntFormat(bits), primitive)))
        clear = rng.random(count) < 0.02
        clear[0] = True
        weights, codes = rng.integers(-1, 2, count), rng.choice(codes_of(form), count)
        inputs[f"i{k}"] = (clear | (weights & 3) << 1
                           | (codes & (1 << form.width) - 1) << 3).reshape(-1, 1)
        total, sums = 0, []
        for step in range(count):
            total = 0 if clear[step] else total + int(weights[step] * form.to_fixed(codes[step]))
            sums.append(total % (1 << bits))
        expected.append(sums)
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{width}", lanes=1, vector=1)
                    for name, way, width in (("i", "in", 3 + form.width), ("o", "out", bits))]
    emulator = emulator_of(units, streams, folder)
    for stalls in (0.0, 0.3):
        run = emulator.run(inputs, idle=stalls, stall=stalls, seed=1)
        for k, case in enumerate(cases):
            np.testing.assert_array_equal(run.outputs[f"o{k}"].ravel(), expected[k], f"{case}")


#: LUT4 and 2 for each CCU2C, with its accumulator of 20 bits. What carry chains permit is an
#: adder's cells on ECP5, and on iCE40 a table more for each bit that is chosen.
@pytest.mark.parametrize(("family", "primitive", "goal"), [
    ("ecp5", "ecp5", 22), ("ecp5", "any", 30), ("ice40", "any", 28), ("xilinx", "any", 22)])
def test_area(family, primitive, goal):
    unit = TernaryAccumulate(IntFormat(8), IntFormat(20), primitive)
    taken = resources(unit, [family])[family]
    assert taken.area <= goal
    assert taken.ffs == 20


@pytest.mark.parametrize(("a", "accumulator", "words"), [
    ("e2m1", IntFormat(8), "activations of a sum by ternary weights must be integers, fixed "
                           "point, bipolar or ternary, not e2m1"),
    ("int8", IntFormat(8), "accumulator must hold -128 to 128, the products of int8, not int8"),
    ("uint2", IntFormat(8, signed=False), "accumulator must hold -3 to 3, the products of uint2, "
                                          "not uint8")])
def test_what_it_refuses(a, accumulator, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        TernaryAccumulate(parse_format(a), accumulator)
