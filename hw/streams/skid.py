"""A skid buffer: cuts the chain of ready signals."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["Skid"]


class Skid(wiring.Component):
    """Register the ready path, so that no combinational path leads from ``o`` back to ``i``.

    Takes and offers a word a cycle. ``i.ready`` comes from a register: it falls in the cycle
    after the consumer stalls, and the word that arrives in between waits in a spare register.

    Parameters
    ----------
    payload : shape
        Of both streams.
    latency : int
        1: payload and valid are registered as well, and two words fit in. 0: they pass
        within the cycle while the consumer is ready, and one word fits in.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        Words.
    o : ``Out(stream.Signature(payload))``
        The same words in the same order.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike, *, latency: int = 1) -> None:
        self._payload, self._latency = payload, as_index("latency", latency)
        if self._latency not in (0, 1):
            raise ValueError(f"latency must be 0 or 1, not {latency}")
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    @property
    def payload(self) -> ShapeLike:
        return self._payload

    @property
    def latency(self) -> int:
        """Cycles from accepting a word to offering it."""
        return self._latency

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        spare = Signal(self._payload)
        spare_valid = Signal()
        word = Signal(self._payload)
        word_valid = Signal()
        taken = Signal()
        m.d.comb += self.i.ready.eq(~spare_valid)
        m.d.comb += word.eq(Mux(spare_valid, spare, self.i.payload))
        m.d.comb += word_valid.eq(spare_valid | self.i.valid)
        with m.If(self.i.ready):
            m.d.sync += spare.eq(self.i.payload)
        m.d.sync += spare_valid.eq(word_valid & ~taken)
        if self._latency == 0:
            m.d.comb += taken.eq(self.o.ready)
            m.d.comb += self.o.payload.eq(word)
            m.d.comb += self.o.valid.eq(word_valid)
        else:
            m.d.comb += taken.eq(self.o.ready | ~self.o.valid)
            with m.If(taken):
                m.d.sync += self.o.payload.eq(word)
                m.d.sync += self.o.valid.eq(word_valid)
        return m
