# amaranth: UnusedElaboratable=no
"""Designs so small that what they must cost is known beforehand."""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Any

from amaranth import ClockSignal, Instance, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.unique import Unique

__all__ = ["Adder", "Hierarchy", "Multiplier", "Roms"]


class Adder(wiring.Component):
    """``o`` = ``a + b``, of 12 bits, in 12 flip-flops.

    Members
    -------
    a, b : ``In(12)``
    o : ``Out(12)``
    """

    def __init__(self) -> None:
        super().__init__({"a": In(12), "b": In(12), "o": Out(12)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.d.sync += self.o.eq(self.a + self.b)
        return m


class Multiplier(wiring.Component):
    """``o`` = ``a * b``, signed, in a register.

    Members
    -------
    a, b : ``In(signed(width))``
    o : ``Out(signed(2 * width))``
    """

    def __init__(self, width: int) -> None:
        super().__init__({"a": In(signed(width)), "b": In(signed(width)),
                          "o": Out(signed(2 * width))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.d.sync += self.o.eq(self.a * self.b)
        return m


class Roms(wiring.Component):
    """Memories of 512 words of 36 bits, one address apart from each other.

    Members
    -------
    address : ``In(9)``
    o : ``Out(36)``
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        super().__init__({"address": In(9), "o": Out(36)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        words = [Signal(36, name=f"word_{k}") for k in range(self._count)]
        for k, word in enumerate(words):
            m.submodules[f"rom_{k}"] = Instance(
                "gatemill_rom", p_WIDTH=36, p_DEPTH=512, p_ADDRESS_WIDTH=9, p_STYLE="block",
                p_FILE="rom.mem", i_clk=ClockSignal(), i_enable=1,
                i_address=(self.address + k)[:9], o_data=word)
        m.d.comb += self.o.eq(reduce(xor, words))
        return m


class Hierarchy(wiring.Component):
    """Two adders of one module, a multiplier of 16 bits and a memory, in modules of their own.

    Members
    -------
    a, b : ``In(12)``
    sum : ``Out(12)``
    x : ``In(signed(16))``
    product : ``Out(signed(32))``
    word : ``Out(36)``
    """

    def __init__(self) -> None:
        super().__init__({"a": In(12), "b": In(12), "sum": Out(12), "x": In(signed(16)),
                          "product": Out(signed(32)), "word": Out(36)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.first = first = Unique(Adder)
        m.submodules.second = second = Unique(Adder)
        m.submodules.multiplier = multiplier = Unique(Multiplier, 16)
        m.submodules.roms = roms = Unique(Roms)
        m.d.comb += [
            first.a.eq(self.a), first.b.eq(self.b),
            second.a.eq(first.o), second.b.eq(self.b), self.sum.eq(second.o),
            multiplier.a.eq(self.x), multiplier.b.eq(self.x), self.product.eq(multiplier.o),
            roms.address.eq(self.a), self.word.eq(roms.o),
        ]
        return m
