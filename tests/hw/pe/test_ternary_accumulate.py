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
from sw_model.formats import CodedFormat, IntFormat, parse_format
from tests.hw.pe.test_kinds import FORMATS, form_of
from tests.support.dots import codes_of
from tests.support.emulated import emulator_of
from verif.manifest import Stream

CASES = [(a, bits, primitive) for a, bits in (("int8", 20), ("uint4", 6), ("bipolar", 2),
                                              ("ternary", 3), ("fixed<5,2>", 7))
         for primitive in PRIMITIVES]

#: Formats of activations that it takes.
TAKEN = [text for text in FORMATS if not isinstance(form_of(text), CodedFormat)]


def least_bits(a):
    """Of an accumulator: it holds both products of every activation."""
    form = form_of(a)
    return 1 + max(abs(form.fixed_min), abs(form.fixed_max)).bit_length()


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


def drawn(a, rng, count, drift=0.0):
    """Steps of any weight and activation, that clear now and then; with ``drift``, so often of
    the same weight for hundreds of steps, and seldom cleared."""
    clear = rng.random(count) < (0.001 if drift else 0.02)
    clear[0] = True
    weights = np.where(rng.random(count) < drift, 1 - np.arange(count) // 500 % 2 * 2,
                       rng.integers(-1, 2, count))
    return clear, weights, rng.choice(codes_of(parse_format(a)), count)


def sums_of(steps, form, bits):
    """What is kept after each step: wrapped as two's complement is."""
    clear, weights, codes = steps
    totals = np.cumsum(np.where(clear, 0, weights * form.to_fixed(codes).astype(np.int64)))
    last = np.maximum.accumulate(np.where(clear, np.arange(len(clear)), 0))
    return totals - totals[last] & (1 << bits) - 1


def check_sums(cases, steps, folder):
    """Steps of each case, without stalls and with them."""
    units, streams, inputs, expected = [], [], {}, []
    count = max(len(clear) for clear, _, _ in steps)
    for k, ((a, bits, primitive), (clear, weights, codes)) in enumerate(
            zip(cases, steps, strict=True)):
        form = parse_format(a)
        units.append(Steps(TernaryAccumulate(form, IntFormat(bits), primitive)))
        words = clear | (weights & 3) << 1 | (codes & (1 << form.width) - 1) << 3
        inputs[f"i{k}"] = np.resize(words, (count, 1))
        expected.append(sums_of(steps[k], form, bits))
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{width}", lanes=1, vector=1)
                    for name, way, width in (("i", "in", 3 + form.width), ("o", "out", bits))]
    emulator = emulator_of(units, streams, folder)
    for samples, stalls in ((count, 0.0), (min(count, 3000), 0.3)):
        run = emulator.run({name: words[:samples] for name, words in inputs.items()},
                           idle=stalls, stall=stalls, seed=1)
        for k, case in enumerate(cases):
            found = run.outputs[f"o{k}"].ravel()[:len(expected[k])]
            np.testing.assert_array_equal(found, expected[k][:samples], f"{case}")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_sums(CASES, [drawn(a, rng, 3000) for a, _, _ in CASES], tmp_path / "build")


#: Activations with accumulators of as few bits as hold them and more, to 48.
WIDTHS = [(a, bits, primitive) for a in TAKEN for bits in (least_bits(a), 20, 21, 32, 48)
          for primitive in PRIMITIVES]

#: The same, of up to six bits each.
NARROW = [(a, bits, primitive) for a in TAKEN if form_of(a).width <= 5
          for bits in range(least_bits(a), 7) for primitive in PRIMITIVES]


@pytest.mark.full
def test_every_width(need, tmp_path, rng):
    need("verilator")
    check_sums(WIDTHS, [drawn(a, rng, 3000) for a, _, _ in WIDTHS], tmp_path / "build")


@pytest.mark.full
def test_every_sum_with_every_product(need, tmp_path, rng):
    """Every pattern that is kept meets every activation with every weight."""
    need("verilator")
    steps = []
    for a, bits, _ in NARROW:
        form, triples = form_of(a), 3 * len(codes_of(form_of(a))) << bits
        steps.append(drawn(a, rng, 40 * triples, drift=0.4))
        clear, weights, codes = steps[-1]
        before = np.concatenate(([0], sums_of(steps[-1], form, bits)[:-1]))
        assert len(set(zip(before[~clear], weights[~clear], codes[~clear],
                           strict=True))) == triples
    check_sums(NARROW, steps, tmp_path / "build")


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
    with pytest.raises(TypeError, match=r"^accumulator must be an IntFormat, not "):
        TernaryAccumulate(IntFormat(8), parse_format("fixed<20,4>"))
