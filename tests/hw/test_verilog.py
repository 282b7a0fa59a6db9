# amaranth: UnusedElaboratable=no
"""What the Verilog of a component looks like, and what happens where Yosys refuses."""

from __future__ import annotations

import re

import pytest
from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

import hw.verilog
from hw.memory.lookup import LookupRom
from hw.memory.rom import RomJob, RomProvider
from hw.streams import Register
from hw.verilog import VerilogError, to_rtlil, to_verilog


class Named(wiring.Component):
    """A signal that shall be found again, and one that nobody needs."""

    def __init__(self):
        super().__init__({"i": In(4), "o": Out(4), "wide": Out(
            stream.Signature(ArrayLayout(2, 3)))})

    def elaborate(self, platform):
        m = Module()
        seen = Signal(4, attrs={"keep": 1})
        unused = Signal(4)
        m.d.comb += [seen.eq(self.i + 1), unused.eq(self.i + 2)]
        m.d.sync += self.o.eq(seen)
        return m


def test_ports_are_paths():
    verilog = to_verilog(Named(), "named")
    ports = re.search(r"^module named\((.*?)\);", verilog, re.MULTILINE | re.DOTALL)
    assert {port.strip() for port in ports[1].split(",")} == {
        "clk", "rst", "i", "o", "wide__payload", "wide__valid", "wide__ready"}
    assert re.search(r"^  output \[5:0\] wide__payload;$", verilog, re.MULTILINE)


def test_kept_wires_stay_and_others_go():
    verilog = to_verilog(Named(), "named")
    assert re.search(r"^  wire \[3:0\] seen;$", verilog, re.MULTILINE)
    assert "unused" not in verilog


def test_nothing_says_where_it_was_written():
    verilog = to_verilog(Named(), "named")
    assert verilog == to_verilog(Named(), "named")
    assert "(*" not in verilog
    assert __file__ not in verilog


def test_memories_say_where_they_shall_be():
    """And nothing else has an attribute."""
    verilog = to_verilog(LookupRom(8, tuple(range(100)), style="block"), "rom")
    assert re.findall(r"\(\*.*", verilog) == ['(* rom_style = "block" *)']
    assert re.search(r"block\" \*\)\n  reg \[7:0\] \S+ \[99:0\];$", verilog, re.MULTILINE)
    assert "(*" not in to_verilog(LookupRom(8, tuple(range(100))), "rom")


def test_registers_keep_their_enable():
    """A register that is fed back to itself is written as one under a condition."""
    verilog = to_verilog(Register(8), "register")
    assert re.search(r"always @\(posedge clk\)\n    if \(\S+\) (\\)?o__payload ? ?<= ", verilog)


def test_primitives_come_along_where_they_are_used():
    rom = RomProvider(8, "some.mem", (RomJob(4),))
    verilog = to_verilog(rom, "rom")
    assert len(re.findall(r"^module gatemill_rom\b", verilog, re.MULTILINE)) == 1
    assert '"some.mem"' in verilog
    assert "gatemill_rom" not in to_verilog(Named(), "named")


def test_a_refusal_names_the_module_and_the_reason(monkeypatch):
    monkeypatch.setattr(hw.verilog, "to_rtlil", lambda *_: "module \\broken\n  nonsense")
    with pytest.raises(VerilogError, match=r"Yosys could not write broken: (.|\n)*ERROR"):
        to_verilog(Named(), "broken")


def test_rtlil_holds_the_top_last():
    text = to_rtlil(Named(), "named")
    assert re.findall(r"^module \\(\S+)$", text, re.MULTILINE)[-1] == "named"
