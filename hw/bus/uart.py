"""Bytes over a pair of wires: asynchronous, a start bit, eight bits, a stop bit (8N1)."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["UartReceiver", "UartTransmitter"]

#: Fewer clock cycles do not hold a bit's three samples.
_LEAST = 4


def _checked(divisor: int) -> int:
    divisor = as_index("divisor", divisor)
    if divisor < _LEAST:
        raise ValueError(f"divisor must be at least {_LEAST}, not {divisor}")
    return divisor


class UartReceiver(wiring.Component):
    """Receive bytes.

    Three samples are taken round the middle of each bit, :attr:`spacing` cycles from one to the
    next, and two that agree decide: what disturbs the line for less than that changes no bit. A
    start bit that turns out high is none; of the stop bit either of the first two samples must be
    high. The sender may be 2 % slower or faster, at any divisor.

    A byte that is not taken before the next one's start bit ends stays, and the next is dropped.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, at least 4.

    Members
    -------
    rx : ``In(1)``
        The line, high when idle; of any clock domain.
    o : ``Out(stream.Signature(8))``
        The bytes.
    overrun : ``Out(1)``
        High for a cycle as a byte is dropped.
    broken : ``Out(1)``
        High for a cycle where a stop bit is missing; that byte is not in ``o``. Nothing is
        received until the line is high again, so that a break counts once.
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = _checked(divisor)
        super().__init__({"rx": In(1), "o": Out(stream.Signature(8)), "overrun": Out(1),
                          "broken": Out(1)})

    @property
    def divisor(self) -> int:
        """Clock cycles of a bit."""
        return self._divisor

    @property
    def spacing(self) -> int:
        """Cycles between the samples of a bit."""
        return max(1, self._divisor // 8)

    @property
    def latency(self) -> int:
        """Cycles from the start bit's edge on the line to the byte, at most."""
        return 9 * self._divisor + self._divisor // 2 + 4

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, line, init=1)

        # What is left until the next sample, and which of its bit's three that is.
        left, sample = Signal(range(self._divisor)), Signal(range(3))
        earlier, level = Signal(2, init=0b11), Signal()
        m.d.comb += level.eq((earlier[0] & earlier[1]) | (line & (earlier[0] | earlier[1])))
        due, decided, stopped = Signal(), Signal(), Signal()
        bits, dropping = Signal(4), Signal()
        # A sender may be early with its next byte: the third sample of a stop bit is not awaited.
        m.d.comb += [decided.eq(due & (sample == 2)),
                     stopped.eq(due & (sample == 1) & (bits == 9))]
        stop = earlier[0] | line

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [left.eq(self._divisor // 2 - self.spacing - 1), sample.eq(0),
                             bits.eq(0)]
                with m.If(~line):
                    m.next = "BITS"
            with m.State("BITS"):
                m.d.comb += due.eq(left == 0)
                m.d.sync += left.eq(left - 1)
                with m.If(due):
                    m.d.sync += [
                        earlier.eq(Cat(line, earlier[0])), sample.eq(sample + 1),
                        left.eq(self.spacing - 1)]
                with m.If(decided):
                    m.d.sync += [sample.eq(0), bits.eq(bits + 1),
                                 left.eq(self._divisor - 2 * self.spacing - 1)]
                    with m.If(bits == 0):
                        m.d.sync += dropping.eq(self.o.valid)
                        m.d.comb += self.overrun.eq(self.o.valid & ~level)
                        with m.If(level):
                            m.next = "IDLE"
                with m.If(stopped):
                    m.d.comb += self.broken.eq(~stop)
                    m.next = "IDLE"
                    with m.If(~stop):
                        m.next = "LOW"
            with m.State("LOW"), m.If(line):
                m.next = "IDLE"

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(~dropping):
            with m.If(decided & (bits != 0)):
                m.d.sync += self.o.payload.eq(Cat(self.o.payload[1:], level))
            with m.If(stopped):
                m.d.sync += self.o.valid.eq(stop)
        return m


class UartTransmitter(wiring.Component):
    """Send bytes.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, at least 4.

    Members
    -------
    i : ``In(stream.Signature(8))``
        The bytes.
    tx : ``Out(1)``
        The line, high when idle; registered.
    """

    #: Cycles from accepting a byte to its start bit.
    latency = 1

    def __init__(self, divisor: int) -> None:
        self._divisor = _checked(divisor)
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1)})

    @property
    def divisor(self) -> int:
        """Clock cycles of a bit."""
        return self._divisor

    @property
    def interval(self) -> int:
        """Cycles for each byte."""
        return 10 * self._divisor

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        # The start bit, the byte and the stop bit leave from the low end; ones follow.
        rest, bits, left = Signal(9, init=-1), Signal(range(10)), Signal(range(self._divisor))
        m.d.comb += [self.tx.eq(rest[0]), self.i.ready.eq((left == 0) & (bits == 0))]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Elif(bits != 0):
            m.d.sync += [rest.eq(Cat(rest[1:], 1)), bits.eq(bits - 1), left.eq(self._divisor - 1)]
        with m.Elif(self.i.valid):
            m.d.sync += [rest.eq(Cat(0, self.i.payload)), bits.eq(9), left.eq(self._divisor - 1)]
        return m
