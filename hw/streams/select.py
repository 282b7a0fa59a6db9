"""Several streams into one, in a fixed order."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Module, Value
from amaranth.hdl import ShapeLike

from .turns import Turns

__all__ = ["Select"]


class Select(Turns):
    """Take words from several inputs in turn, a fixed number from each.

    Combinational but for the counter of turns. An input whose turn it is not waits; the
    output waits for the input whose turn it is, even if others have words.

    Parameters
    ----------
    payload : shape
        Of all streams.
    sequence : tuple of (int, int)
        (way, words): so many words from that input; entry after entry, cyclically. Every way
        from 0 to the highest must have a turn.

    Members
    -------
    i : ``In(stream.Signature(payload)).array(ways)``
        Words.
    o : ``Out(stream.Signature(payload))``
        Words of each input in their order.
    """

    def __init__(self, payload: ShapeLike, sequence: tuple[tuple[int, int], ...]) -> None:
        super().__init__(payload, sequence, many="i")

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        way = self.turn(m, self.o.valid & self.o.ready)
        m.d.comb += self.o.valid.eq(Array(i.valid for i in self.i)[way])
        m.d.comb += Value.cast(self.o.payload).eq(
            Array(Value.cast(i.payload) for i in self.i)[way])
        for index, i in enumerate(self.i):
            m.d.comb += i.ready.eq(self.o.ready & (way == index))
        return m
