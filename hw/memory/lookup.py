"""Constant tables: logic where they are small, memory where they are not."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .rom import STYLES

__all__ = ["LookupRom"]


class LookupRom(wiring.Component):
    """A read-only memory with a registered output, read by several ports at once.

    ``data_k`` is the word at the ``address_k`` of the last enabled cycle. A table of one
    word is a constant.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : tuple of int
        Contents, not negative.
    ports : int
    style : str
        What synthesis is told: ``"block"`` RAM, look-up tables (``"distributed"``), or, of a table
        that is not small, nothing (``"auto"``).

    Members
    -------
    enable : ``In(1)``
    address_k : ``In(unsigned(ceil(log2(len(words)))))``
    data_k : ``Out(unsigned(width))``
    """

    #: Words up to which a table is logic: four look-up tables of four inputs for each bit.
    LOGIC_DEPTH = 64

    def __init__(self, width: int, words: tuple[int, ...], ports: int = 1,
                 style: str = "auto") -> None:
        if not words:
            raise ValueError("words must not be empty")
        if not all(0 <= word < 1 << width for word in words):
            raise ValueError(f"words must be 0 to {(1 << width) - 1}")
        if style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}, not {style!r}")
        self._width, self._words, self._ports, self._style = width, words, ports, style
        address = unsigned((len(words) - 1).bit_length())
        members: dict[str, Any] = {"enable": In(1)}
        for port in range(ports):
            members |= {f"address_{port}": In(address), f"data_{port}": Out(unsigned(width))}
        super().__init__(members)

    def word(self, port: int) -> Value:
        """``data_k``, as a constant where the table has one word, so that logic can fold it."""
        if len(self._words) == 1:
            return Const(self._words[0], self._width)
        return getattr(self, f"data_{port}")

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        memory = None
        if len(self._words) > (1 if self._style == "block" else self.LOGIC_DEPTH):
            m.submodules.memory = memory = Memory(
                shape=unsigned(self._width), depth=len(self._words), init=self._words,
                attrs={} if self._style == "auto" else {"rom_style": STYLES[self._style]})
        for port in range(self._ports):
            address, data = getattr(self, f"address_{port}"), getattr(self, f"data_{port}")
            if len(self._words) == 1:
                m.d.comb += data.eq(Const(self._words[0], self._width))
            elif memory is None:
                self._logic(m, address, data)
            else:
                read = memory.read_port()
                m.d.comb += [read.addr.eq(address), read.en.eq(self.enable), data.eq(read.data)]
        return m

    def _logic(self, m: Module, address: Signal, data: Signal) -> None:
        with m.If(self.enable), m.Switch(address):
            for place, word in enumerate(self._words):
                with m.Case(place):
                    m.d.sync += data.eq(word)
