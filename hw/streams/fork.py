"""Copies of a stream."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["Fork"]


class Fork(wiring.Component):
    """Give every word to several consumers, each of which takes it when it likes.

    A word is offered to all at once; a register remembers who has taken it, and the next word
    follows once all have. Payload and valid pass within the cycle, ``i.ready`` follows the
    ``ready`` of those that are still to take it.

    Parameters
    ----------
    payload : shape
        Of all streams.
    ways : int
        Consumers, at least 1.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        Words.
    o : ``Out(stream.Signature(payload)).array(ways)``
        The same words, in the same order on each.
    """

    #: Cycles from accepting a word to offering it.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike, ways: int) -> None:
        self._payload, self._ways = payload, as_index("ways", ways)
        if self._ways < 1:
            raise ValueError(f"ways must be at least 1, not {ways}")
        super().__init__({"i": In(stream.Signature(payload)),
                          "o": Out(stream.Signature(payload)).array(self._ways)})

    @property
    def payload(self) -> ShapeLike:
        return self._payload

    @property
    def ways(self) -> int:
        return self._ways

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        done = Signal(self._ways)
        satisfied = Signal(self._ways)
        m.d.comb += self.i.ready.eq(satisfied.all())
        for way, o in enumerate(self.o):
            m.d.comb += o.payload.eq(self.i.payload)
            m.d.comb += o.valid.eq(self.i.valid & ~done[way])
            m.d.comb += satisfied[way].eq(done[way] | o.ready)
        with m.If(self.i.valid):
            m.d.sync += done.eq(Cat(bit & ~self.i.ready for bit in satisfied))
        return m
