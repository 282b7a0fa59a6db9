"""Register accesses asked for by frames of bytes, and answered by frames.

A frame's content, before its escapes (:mod:`.frames`), least significant bytes first:

========  ==========  ============  =================  =================  =======  ======
request   sequence 1  operation 1   register index 2   payload's bytes 2  payload  CRC 4
response  sequence 1  status 1      words done 2       payload's bytes 2  payload  CRC 4
========  ==========  ============  =================  =================  =======  ======

The CRC-32 (:mod:`.crc`) is that of all bytes before it.
"""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.enum import IntEnum
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from .crc import Crc32
from .frames import Deframer, Framer
from .registers import WORD, RegisterBus

__all__ = ["FrameCommands", "Operation", "Status", "WORDS"]

#: Most words that a frame may carry, or ask for.
WORDS = 61

#: Most bytes of a payload that are stored: one word more would not fit.
LONGEST = 245

#: Bytes before the payload and behind it. Counting starts so that the payload is at place 0.
_HEAD, _CRC = 6, 4
_START = 256 - _HEAD


class Operation(IntEnum, shape=2):
    """What a request asks for."""

    #: Of one register, as many words as the payload's one word says.
    READ = 0
    #: To one register, the payload's words one after the other.
    WRITE = 1
    #: To registers that follow each other, a word of the payload each.
    WRITE_EACH = 2
    #: Of registers that follow each other, as many as the payload's one word says.
    READ_EACH = 3


class Status(IntEnum, shape=2):
    """How a request ended."""

    DONE = 0
    #: An access failed, or there is no such register; the words before it are done.
    FAILED = 1
    #: Not an operation, or its payload does not suit it; nothing was done.
    MALFORMED = 2


class FrameCommands(wiring.Component):
    """Carry out what frames ask for.

    A request is stored, and carried out once its CRC is right: one access after the other until
    one fails. Then its response is sent, with the words that were read as payload. A request with
    the sequence number of the one before is not carried out again: the response of that one, which
    is kept, is sent again. So whoever asks may repeat a request until it is answered.

    A frame is dropped without an answer, with a pulse of ``bad``, where it is broken off, its CRC
    is wrong, its length is not the one that it states, its payload is longer than 245 bytes, or
    any of its bytes came between the end of another request and the end of its response. Empty
    frames are ignored.

    ``i`` is always taken at once. Of ``o``, within a frame, the next byte is offered at most four
    cycles after the one before was taken.

    Parameters
    ----------
    address_width : int
        Bits of a register's index, at most 16. A higher index is an access that fails.

    Members
    -------
    i : ``In(stream.Signature(8))``
        The line's bytes.
    o : ``Out(stream.Signature(8))``
        The line's bytes, of responses alone.
    bus : ``Out(RegisterBus(address_width))``
        The accesses, four cycles and more for each word.
    bad : ``Out(1)``
        High for a cycle for each frame that is dropped.
    """

    def __init__(self, address_width: int) -> None:
        bus = RegisterBus(address_width)
        if bus.address_width > 16:
            raise ValueError(f"address_width must be at most 16, not {address_width}")
        self._address_width = bus.address_width
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8)),
                          "bus": Out(bus), "bad": Out(1)})

    @property
    def address_width(self) -> int:
        """Bits of a register's index."""
        return self._address_width

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.deframer = deframer = Deframer()
        m.submodules.framer = framer = Framer()
        m.submodules.crc = crc = Crc32()
        # A request's bytes, and above them its response's payload.
        m.submodules.memory = memory = Memory(shape=8, depth=512, init=[])
        connect(m, flipped(self.i), deframer.i)
        connect(m, framer.o, flipped(self.o))
        store, fetch = memory.write_port(), memory.read_port()

        state = _State(self._address_width)
        with m.FSM() as fsm:
            self._receive(m, state, deframer.o, crc)
            self._execute(m, state, fetch.data)
            self._send(m, state, fetch.data, framer.i, crc)
        receiving, storing = fsm.ongoing("RECEIVE"), fsm.ongoing("STORE")
        # One byte passes at a time, wherever it comes from and goes to. Reading never while
        # writing spares synthesis the logic that would tell which comes first.
        m.d.comb += [
            crc.data.eq(state.byte), framer.i.payload.data.eq(state.byte),
            store.data.eq(state.byte), store.addr.eq(Cat(state.place, storing)),
            store.en.eq(storing | (receiving & deframer.o.valid & ~deframer.o.payload.end)),
            fetch.addr.eq(Cat(state.place, state.sending)), fetch.en.eq(~store.en),
        ]

        # What comes out of turn spoils its frame.
        m.d.comb += [deframer.o.ready.eq(1), state.after.eq(state.place + 1),
                     self.bad.eq(deframer.o.valid & deframer.o.payload.end & ~state.good)]
        with m.If(deframer.o.valid & deframer.o.payload.end):
            m.d.sync += state.spoilt.eq(0)
        with m.Elif(deframer.o.valid & ~receiving):
            m.d.sync += state.spoilt.eq(1)
        return m

    def _receive(self, m: Module, state: _State, tokens: Any, crc: Crc32) -> None:
        """Bytes go to the memory and, where they steer, to registers; a good end starts work."""
        token = tokens.payload
        with m.State("RECEIVE"):
            m.d.comb += state.byte.eq(token.data)
            with m.If(tokens.valid & token.end):
                m.d.comb += [crc.clear.eq(1), state.good.eq(
                    token.whole & crc.good & (state.place == state.end) & ~state.spoilt)]
                m.d.sync += [state.place.eq(_START), state.end.eq(_START)]
                with m.If(state.good):
                    m.next = "READ"
                    with m.If(~state.known | (state.sequence != state.last)):
                        m.d.sync += [state.known.eq(1), state.last.eq(state.sequence),
                                     state.done.eq(0), state.status.eq(Status.DONE),
                                     state.reading.eq(~state.write)]
                        with m.If(state.malformed):
                            m.d.sync += state.status.eq(Status.MALFORMED)
                        with m.Else():
                            m.d.sync += state.place.eq(0)
                            m.next = "NEXT"
            with m.Elif(tokens.valid):
                m.d.comb += crc.enable.eq(1)
                m.d.sync += state.place.eq(state.after)
                with m.If(state.after == _START):
                    m.d.sync += state.spoilt.eq(1)
                self._steer(m, state, token.data)

    def _steer(self, m: Module, state: _State, data: Value) -> None:
        """What the header, and for a read the payload, say."""
        width, high = self._address_width, state.address[-1]
        with m.If(state.place[2:] == 0), m.If(~state.write):
            with m.If(state.place[:2] != 0), m.If(data != 0):
                m.d.sync += state.malformed.eq(1)
            with m.Else():
                m.d.sync += state.count.eq(data)
                with m.If(data > WORDS):
                    m.d.sync += state.malformed.eq(1)
        with m.If(state.in_head), m.Switch(state.place[:3]):
            with m.Case(_START % 8):
                m.d.sync += state.sequence.eq(data)
            with m.Case(_START % 8 + 1):
                m.d.sync += [state.operation.eq(data[:2]), state.malformed.eq(data[2:].any())]
            with m.Case(_START % 8 + 2):
                m.d.sync += [state.address.eq(data[:width]), high.eq(data[width:].any())]
            with m.Case(_START % 8 + 3):
                m.d.sync += high.eq(high | data[max(width - 8, 0):].any())
                if width > 8:
                    m.d.sync += state.address[8:width].eq(data)
            with m.Case(_START % 8 + 4):
                m.d.sync += [state.end.eq(data + _CRC), state.count.eq(data[2:])]
                with m.If(Mux(state.write, data[:2].any(), data != WORD // 8)):
                    m.d.sync += state.malformed.eq(1)
                with m.If(data[4:].all() & (data[:4] > LONGEST % 16)):
                    m.d.sync += state.spoilt.eq(1)
            with m.Case(_START % 8 + 5), m.If(data.any()):
                m.d.sync += state.spoilt.eq(1)

    def _execute(self, m: Module, state: _State, fetched: Value) -> None:
        """An access for each word, from the memory or to it."""
        request, response, place = self.bus.request, self.bus.response, state.place
        m.d.comb += [request.payload.address.eq(state.address), request.payload.data.eq(state.word),
                     request.payload.write.eq(state.write)]
        with m.State("NEXT"):
            # Four places a word: those passed tell how many words are done.
            m.d.sync += state.done.eq(place[2:])
            with m.If((place[2:] == state.count) | state.address[-1]):
                with m.If(place[2:] != state.count):
                    m.d.sync += state.status.eq(Status.FAILED)
                m.d.sync += place.eq(_START)
                m.next = "READ"
            with m.Elif(state.write):
                m.d.sync += place.eq(state.after)
                m.next = "FETCH"
            with m.Else():
                m.next = "ACCESS"
        with m.State("FETCH"):
            # The memory answers a cycle late: at the word's last byte ``place`` is behind it.
            m.d.sync += state.word.eq(Cat(state.word[8:], fetched))
            with m.If(place[:2] == 0):
                m.next = "ACCESS"
            with m.Else():
                m.d.sync += place.eq(state.after)
        with m.State("ACCESS"):
            m.d.comb += request.valid.eq(1)
            with m.If(request.ready):
                m.next = "WAIT"
        with m.State("WAIT"):
            m.d.comb += response.ready.eq(1)
            with m.If(response.valid):
                m.d.sync += [state.word.eq(response.payload.data),
                             state.address.eq(state.address + state.each)]
                m.next = "STORE"
                with m.If(state.write):
                    m.next = "NEXT"
                with m.If(response.payload.error):
                    m.d.sync += [state.status.eq(Status.FAILED), place.eq(_START)]
                    m.next = "READ"
        with m.State("STORE"):
            m.d.comb += state.byte.eq(state.word[:8])
            m.d.sync += [state.word.eq(Cat(state.word[8:], fetched)), place.eq(state.after)]
            with m.If(place[:2] == 3):
                m.next = "NEXT"

    def _send(self, m: Module, state: _State, fetched: Value, o: Any, crc: Crc32) -> None:
        """The response: header, what was read, and the CRC."""
        place, length = state.place, Cat(Const(0, 2), state.done & state.reading.replicate(6))
        with m.State("READ"):
            m.d.comb += state.sending.eq(1)
            m.next = "SEND"
        with m.State("SEND"):
            m.d.comb += [state.sending.eq(1), o.valid.eq(1), state.byte.eq(fetched)]
            with m.If(state.in_head), m.Switch(place[:3]):
                for offset, byte in enumerate((state.last, state.status, state.done, 0, length, 0)):
                    with m.Case(_START % 8 + offset):
                        m.d.comb += state.byte.eq(byte)
            with m.If(o.ready):
                m.d.comb += crc.enable.eq(1)
                m.d.sync += place.eq(state.after)
                m.next = "READ"
                with m.If(state.after == length):
                    m.next = "CRC"
        with m.State("CRC"):
            m.d.comb += [o.valid.eq(1), state.byte.eq(crc.o), crc.shift.eq(1),
                         o.payload.last.eq(place[:2] == _CRC - 1)]
            with m.If(o.ready):
                m.d.comb += crc.enable.eq(1)
                m.d.sync += place.eq(state.after)
                with m.If(o.payload.last):
                    m.d.comb += crc.clear.eq(1)
                    m.d.sync += place.eq(_START)
                    m.next = "RECEIVE"


class _State:
    """The registers that receiving, executing and sending share."""

    def __init__(self, address_width: int) -> None:
        # Of the frame that comes: its bytes so far, and what they say.
        self.place, self.end = Signal(8, init=_START), Signal(8, init=_START)
        self.sequence, self.operation = Signal(8), Signal(2)
        self.address, self.count = Signal(address_width + 1), Signal(6)
        self.malformed, self.spoilt, self.good = Signal(), Signal(), Signal()
        # Of the request that was carried out last.
        self.known, self.last, self.reading = Signal(), Signal(8), Signal()
        self.done, self.status, self.word = Signal(6), Signal(Status), Signal(WORD)
        self.sending, self.byte = Signal(), Signal(8)
        self.after = Signal(8)

    @property
    def in_head(self) -> Value:
        """Whether ``place`` is one of the header's."""
        return self.place[3:].all()

    @property
    def write(self) -> Value:
        """Whether the operation writes."""
        return self.operation.xor()

    @property
    def each(self) -> Value:
        """Whether every word has a register of its own."""
        return self.operation[1]
