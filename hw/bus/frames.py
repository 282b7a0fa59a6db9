"""Frames on a line of bytes: flags between them, and no flag inside.

The framing of RFC 1662, section 4: a frame stands between flags (0x7E); a byte of its content that
is a flag or an escape (0x7D) goes as an escape and itself with bit 5 inverted. Flags may follow
each other, as what a line carries that has nothing to say.
"""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

__all__ = ["FLAG", "Deframer", "Framer"]

FLAG, _ESCAPE = 0x7E, 0x7D

#: What an escaped byte is changed by.
_CHANGE = Const(0x20, 8)


class Deframer(wiring.Component):
    """Find frames, and undo their escapes.

    Combinational but for two bits. Whatever stands before the first flag is a frame as well,
    usually a broken one. Empty frames leave no trace.

    Members
    -------
    i : ``In(stream.Signature(8))``
        The line's bytes.
    o : ``Out(stream.Signature(StructLayout({"data": 8, "end": 1, "whole": 1})))``
        Each byte of content, and behind the last one the ``end`` of the frame, which has no data:
        ``whole`` unless it was broken off by an escape with a flag behind it.
    """

    #: Cycles from a byte to what it stands for.
    latency = 0
    #: Cycles for each byte.
    interval = 1

    def __init__(self) -> None:
        token = StructLayout({"data": 8, "end": 1, "whole": 1})
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(token))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        byte, token = self.i.payload, self.o.payload
        inside, escaped, flag, escape = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            flag.eq(byte == FLAG), escape.eq((byte == _ESCAPE) & ~escaped),
            token.data.eq(byte ^ (_CHANGE & escaped.replicate(8))),
            token.end.eq(flag), token.whole.eq(~escaped),
        ]
        silent = Signal()
        m.d.comb += [silent.eq(escape | (flag & ~inside)), self.o.valid.eq(self.i.valid & ~silent),
                     self.i.ready.eq(self.o.ready | silent)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [inside.eq(~flag), escaped.eq(escape)]
        return m


class Framer(wiring.Component):
    """Put content between flags, with escapes.

    Combinational but for its state. Each frame has a flag before and a flag behind it; between
    bytes of content that follow each other at once there is no gap.

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"data": 8, "last": 1})))``
        Bytes of content, and whether they are a frame's last; a frame has one at least.
    o : ``Out(stream.Signature(8))``
        The line's bytes.
    """

    #: Cycles from a byte of content to the first of its bytes, behind the flag.
    latency = 0

    def __init__(self) -> None:
        token = StructLayout({"data": 8, "last": 1})
        super().__init__({"i": In(stream.Signature(token)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        data, escaped = self.i.payload.data, Signal()
        special = Signal()
        m.d.comb += special.eq(((data == FLAG) | (data == _ESCAPE)) & ~escaped)

        def send(byte: Value | int, state: str, condition: Value | int = 1) -> None:
            m.d.comb += self.o.payload.eq(byte)
            with m.If(self.o.ready & condition):
                m.next = state

        with m.FSM():
            with m.State("OPEN"):
                m.d.comb += self.o.valid.eq(self.i.valid)
                send(FLAG, "CONTENT", self.i.valid)
            with m.State("CONTENT"):
                m.d.comb += self.o.valid.eq(self.i.valid)
                m.d.comb += self.i.ready.eq(self.o.ready & ~special)
                with m.If(self.i.valid & self.o.ready):
                    m.d.sync += escaped.eq(special)
                with m.If(special):
                    m.d.comb += self.o.payload.eq(_ESCAPE)
                with m.Else():
                    send(data ^ (_CHANGE & escaped.replicate(8)), "CLOSE",
                         self.i.valid & self.i.payload.last)
            with m.State("CLOSE"):
                m.d.comb += self.o.valid.eq(1)
                send(FLAG, "OPEN")
        return m
