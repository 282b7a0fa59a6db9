"""The end of a stream that nobody reads."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

__all__ = ["Drain"]


class Drain(wiring.Component):
    """Take every word, and forget it.

    Parameters
    ----------
    payload : shape

    Members
    -------
    i : ``In(stream.Signature(payload))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike) -> None:
        super().__init__({"i": In(stream.Signature(payload))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.d.comb += self.i.ready.eq(1)
        return m
