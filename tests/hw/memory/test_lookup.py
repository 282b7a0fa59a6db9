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


def blocks_and_tables(width, lanes, memory="auto"):
    """Of a table of an 8-bit code, on ECP5 and iCE40: block RAMs, and look-up tables."""
    spec = TableSpec(source=IntFormat(8), target=IntFormat(width))
    entries = (tuple(np.random.default_rng(1).integers(
        spec.target.min, spec.target.max + 1, 256).tolist()),)
    found = resources(TableLookup(spec, lanes, entries, memory=memory), ("ecp5", "ice40"))
    return [(each.block_rams, each.lut_count) for each in found.values()]


@pytest.mark.parametrize(("width", "lanes", "ecp5", "ice40"), [
    (16, 1, 1, 1), (16, 2, 1, 2), (16, 4, 2, 4), (8, 2, 1, 2), (8, 4, 2, 4)])
def test_two_lanes_share_a_block_ram(width, lanes, ecp5, ice40):
    """They are the two ports of one memory; where block RAM has but one, each has its own."""
    for (blocks, tables), most in zip(blocks_and_tables(width, lanes), (ecp5, ice40), strict=True):
        assert blocks == most
        assert tables <= 3


def test_one_lane_is_left_to_synthesis():
    """2048 bits are logic on ECP5, a block RAM on iCE40; so is the last of three lanes."""
    (blocks, tables), (small, rest) = blocks_and_tables(8, 1)
    assert (blocks, small) == (0, 1)
    assert tables > 100
    assert rest <= 3
    (odd, more), (three, _) = blocks_and_tables(8, 3)
    assert (odd, three) == (1, 3)
    # Of the same table synthesis finds more or less in different company.
    assert tables / 1.5 < more < 1.5 * tables
    # 1024 bits for each lane are not worth a block RAM.
    (one, two) = (blocks_and_tables(4, lanes) for lanes in (1, 2))
    for (few, own), (none, both) in zip(one, two, strict=True):
        assert few == none == 0
        assert both <= 2.2 * own


def test_memory_is_where_it_was_asked_for():
    for lanes, ecp5, ice40 in ((1, 1, 1), (2, 1, 2), (3, 2, 3)):
        for (blocks, tables), wanted in zip(blocks_and_tables(8, lanes, "block"), (ecp5, ice40),
                                            strict=True):
            assert blocks == wanted
            assert tables <= 3
    for blocks, tables in blocks_and_tables(16, 2, "distributed"):
        assert blocks == 0
        assert tables > 400


def test_few_words_in_block_ram():
    """They would be logic, were not asked otherwise."""
    spec = TableSpec(source=IntFormat(4), target=IntFormat(8))
    entries = (tuple(range(16)),)
    for memory, blocks in (("auto", 0), ("block", 1)):
        found = resources(TableLookup(spec, 1, entries, memory=memory), ("ecp5",))["ecp5"]
        assert found.block_rams == blocks


def test_words_that_are_none():
    with pytest.raises(ValueError, match=r"^words must not be empty$"):
        LookupRom(8, ())
    with pytest.raises(ValueError, match=r"^words must be 0 to 255$"):
        LookupRom(8, (256,))
    with pytest.raises(ValueError, match=r"^style must be one of auto, block, distributed, "
                                         r"not 'ultra'$"):
        LookupRom(8, (1, 2), style="ultra")
    assert isinstance(LookupRom(8, (7,)).word(0), Const)
