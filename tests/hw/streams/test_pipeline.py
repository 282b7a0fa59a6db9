# amaranth: UnusedElaboratable=no
"""The stalling pipeline, in units that use it as arithmetic does."""

from __future__ import annotations

import pytest
from amaranth import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shapes import vector_of
from hw.streams import stalling_pipeline
from sw_model.formats import IntFormat
from tests.support.units import Interval, Unit, check_units

BYTE, WORD = vector_of(IntFormat(8), 1), vector_of(IntFormat(20), 1)


class Product(wiring.Component):
    """Multiply two streams word by word in ``depth`` stages."""

    def __init__(self, depth):
        self._depth = depth
        super().__init__({"i": In(stream.Signature(BYTE)), "parameters": In(stream.Signature(BYTE)),
                          "o": Out(stream.Signature(WORD))})

    def elaborate(self, platform):
        m = Module()
        enable = stalling_pipeline(m, (self.i, self.parameters), self.o, depth=self._depth)
        value = self.i.payload[0] * self.parameters.payload[0]
        for stage in range(self._depth - 1):
            register = Signal(signed(16), name=f"stage_{stage}", reset_less=True)
            with m.If(enable):
                m.d.sync += register.eq(value)
            value = register
        with m.If(enable):
            m.d.sync += self.o.payload[0].eq(value)
        return m


class Sum(wiring.Component):
    """Add up every ``terms`` words: only the last of them gives a result."""

    def __init__(self, terms):
        self._terms = terms
        super().__init__({"i": In(stream.Signature(BYTE)), "o": Out(stream.Signature(WORD))})

    def elaborate(self, platform):
        m = Module()
        count, total = Signal(range(self._terms)), Signal(signed(20))
        last = count == self._terms - 1
        enable = stalling_pipeline(m, self.i, self.o, depth=1, keep=last)
        with m.If(enable & self.i.valid):
            m.d.sync += count.eq(count + 1)
            m.d.sync += total.eq(total + self.i.payload[0])
            with m.If(last):
                m.d.sync += [count.eq(0), total.eq(0)]
                m.d.sync += self.o.payload[0].eq(total + self.i.payload[0])
        return m


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    units = []
    for depth in (1, 2, 5):
        a, b = rng.integers(-128, 128, (2, 40, 1))
        units.append(Unit(Product(depth), {"i": a, "parameters": b}, {"o": a * b}, latency=depth,
                          interval=Interval(1), name=f"Product(depth={depth})"))
    for terms in (2, 7):
        a = rng.integers(-128, 128, (6 * terms, 1))
        units.append(Unit(Sum(terms), {"i": a}, {"o": a.reshape(6, terms).sum(1, keepdims=True)},
                          latency=1, after=terms - 1, interval=Interval(1),
                          name=f"Sum(terms={terms})"))
    check_units(units, deadline=2000)


def test_faults():
    product = Product(1)
    with pytest.raises(ValueError, match=r"^depth must be at least 1, not 0$"):
        stalling_pipeline(Module(), product.i, product.o, depth=0)
    with pytest.raises(ValueError, match=r"^a pipeline needs at least one input stream$"):
        stalling_pipeline(Module(), (), product.o, depth=1)
