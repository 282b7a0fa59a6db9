# amaranth: UnusedElaboratable=no
"""Constant tables of several ports, and what synthesis makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Const, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from boards.component import resources
from hw.memory.lookup import LookupRom
from hw.nonlinear.table import TableLookup
from hw.streams.pipeline import stalling_pipeline
from sw_model.formats import IntFormat
from sw_model.specs import TableSpec
from tests.support.units import Interval, Unit, check_units


class Reader(wiring.Component):
    """Both ports of a table between streams."""

    def __init__(self, words):
        self._rom = LookupRom(9, words, 2)
        width = (len(words) - 1).bit_length()
        super().__init__({"i": In(stream.Signature(ArrayLayout(max(width, 1), 2))),
                          "o": Out(stream.Signature(ArrayLayout(9, 2)))})

    def elaborate(self, platform) -> Elaboratable:
        m = Module()
        m.submodules.rom = rom = self._rom
        m.d.comb += [
            rom.enable.eq(stalling_pipeline(m, self.i, self.o, depth=1)),
            rom.address_0.eq(self.i.payload[0]), rom.address_1.eq(self.i.payload[1]),
            self.o.payload[0].eq(rom.word(0)), self.o.payload[1].eq(rom.word(1))]
        return m


def test_every_word_at_both_ports(rng):
    """Of one word, which is a constant, of few, which are logic, and of many."""
    units = []
    for depth in (1, 2, 5, 64, 65, 200):
        words = rng.integers(0, 512, depth)
        places = rng.permutation(np.resize(np.arange(depth), (max(depth, 40), 2)))
        units.append(Unit(Reader(tuple(words.tolist())), {"i": places},
                          {"o": words[places]}, latency=1, interval=Interval(1),
                          name=f"{depth}"))
    check_units(units, stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_two_lanes_share_a_block_ram():
    """An 8-bit code's table of 4096 bits: its two lanes are the two ports of one memory. Half as
    many bits are look-up tables."""
    spec = TableSpec(source=IntFormat(8), target=IntFormat(16))
    entries = (tuple(np.random.default_rng(1).integers(-2**15, 2**15, 256).tolist()),)
    for lanes, blocks in ((1, 1), (2, 1), (4, 2)):
        found = resources(TableLookup(spec, lanes, entries), ("ecp5",))["ecp5"]
        assert found.block_rams == blocks
        assert found.lut_count <= 2
    narrow = TableSpec(source=IntFormat(8), target=IntFormat(8))
    entries = (tuple(np.random.default_rng(1).integers(-128, 128, 256).tolist()),)
    found = resources(TableLookup(narrow, 2, entries), ("ecp5",))["ecp5"]
    assert found.block_rams == 0
    assert found.lut_count > 100


def test_words_that_are_none():
    with pytest.raises(ValueError, match=r"^words must not be empty$"):
        LookupRom(8, ())
    with pytest.raises(ValueError, match=r"^words must be 0 to 255$"):
        LookupRom(8, (256,))
    assert isinstance(LookupRom(8, (7,)).word(0), Const)
