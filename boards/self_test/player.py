"""Words out of a memory, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

__all__ = ["Player"]


class Player(wiring.Component):
    """Offer the words of a memory, from the first to the last, and no more.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : sequence of int
        At least one.

    Members
    -------
    o : ``Out(stream.Signature(width))``
        A word a cycle while it is taken.
    """

    def __init__(self, width: int, words: Sequence[int]) -> None:
        self._words = tuple(words)
        if not self._words:
            raise ValueError("there must be at least one word")
        if not 0 <= min(self._words) <= max(self._words) < 1 << width:
            raise ValueError(f"words must have at most {width} bits")
        super().__init__({"o": Out(stream.Signature(width))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        depth = len(self._words)
        m.submodules.memory = memory = Memory(shape=self.o.payload.shape(), depth=depth,
                                              init=self._words)
        read = memory.read_port()
        place, moves = Signal(range(depth + 1)), Signal()
        m.d.comb += [moves.eq(~self.o.valid | self.o.ready), read.en.eq(moves),
                     read.addr.eq(place), self.o.payload.eq(read.data)]
        with m.If(moves):
            m.d.sync += self.o.valid.eq(place != depth)
            with m.If(place != depth):
                m.d.sync += place.eq(place + 1)
        return m
