"""A first-in, first-out queue of any depth."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Shape, Value
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats import as_index

from .register import Register
from .skid import Skid

__all__ = ["Queue"]


class Queue(wiring.Component):
    """Hold up to ``depth`` words between producer and consumer.

    Takes and offers a word a cycle at every depth; words come out in the order in which they
    went in. From depth 2 on there is no combinational path from ``o`` back to ``i``.

    One and two words are held in registers (:class:`Register`, :class:`Skid`), more in a
    memory with a registered read port, which synthesis maps to block RAM, or to LUT RAM where
    it is small and the device has it.

    Parameters
    ----------
    payload : shape
        Of both streams.
    depth : int
        Words that fit in, at least 1.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        Words.
    o : ``Out(stream.Signature(payload))``
        The same words in the same order.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike, depth: int) -> None:
        self._payload, self._depth = payload, as_index("depth", depth)
        if self._depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    @property
    def payload(self) -> ShapeLike:
        return self._payload

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def latency(self) -> int:
        """Cycles from accepting a word, while empty, to offering it: 1 up to depth 2, then 2."""
        return 1 if self._depth <= 2 else 2

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        if self._depth <= 2:
            small = Register(self._payload) if self._depth == 1 else Skid(self._payload)
            m.submodules.small = small
            connect(m, flipped(self.i), small.i)
            connect(m, small.o, flipped(self.o))
            return m

        # Its word of latency takes a place: with two of them it would stop every other cycle.
        m.submodules.fifo = fifo = SyncFIFOBuffered(
            width=Shape.cast(self._payload).width, depth=self._depth)
        m.d.comb += [
            fifo.w_data.eq(Value.cast(self.i.payload)),
            fifo.w_en.eq(self.i.valid),
            self.i.ready.eq(fifo.w_rdy),
            Value.cast(self.o.payload).eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
        ]
        return m
