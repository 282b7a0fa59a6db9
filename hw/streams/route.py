"""One stream into several, in a fixed order."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Module
from amaranth.hdl import ShapeLike

from .turns import Turns

__all__ = ["Route"]


class Route(Turns):
    """Give words to several outputs in turn, a fixed number to each.

    Combinational but for the counter of turns. A word waits for the output whose turn it is.

    Parameters
    ----------
    payload : shape
        Of all streams.
    sequence : tuple of (int, int)
        (way, words): so many words to that output; entry after entry, cyclically. Every way
        from 0 to the highest must have a turn.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        Words.
    o : ``Out(stream.Signature(payload)).array(ways)``
        Each word on one of them, in order.
    """

    def __init__(self, payload: ShapeLike, sequence: tuple[tuple[int, int], ...]) -> None:
        super().__init__(payload, sequence, many="o")

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        way = self.turn(m, self.i.valid & self.i.ready)
        m.d.comb += self.i.ready.eq(Array(o.ready for o in self.o)[way])
        for index, o in enumerate(self.o):
            m.d.comb += o.payload.eq(self.i.payload)
            m.d.comb += o.valid.eq(self.i.valid & (way == index))
        return m
