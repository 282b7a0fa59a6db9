"""A stream register: one word deep, at full throughput."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .pipeline import stalling_pipeline

__all__ = ["Register"]


class Register(wiring.Component):
    """Hold one word between producer and consumer.

    Takes a word in every cycle in which it is empty or being emptied. Payload and valid are
    registered, ``i.ready`` follows ``o.ready`` within the cycle.

    Parameters
    ----------
    payload : shape
        Of both streams.

    Members
    -------
    i : ``In(stream.Signature(payload))``
        Words.
    o : ``Out(stream.Signature(payload))``
        The same words in the same order.
    """

    #: Cycles from accepting a word to offering it.
    latency = 1
    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike) -> None:
        self._payload = payload
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    @property
    def payload(self) -> ShapeLike:
        return self._payload

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        with m.If(enable):
            m.d.sync += self.o.payload.eq(self.i.payload)
        return m
