"""Bytes over SPI, as the one that is selected: mode 0, most significant bit first."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .frames import FLAG

__all__ = ["SpiTarget"]


class SpiTarget(wiring.Component):
    """Exchange bytes with a controller.

    Everything is sampled by the system's clock, of which a period of SCK must last four cycles at
    least, and each of its levels more than one. From the selection to the first rising edge, and
    from the last edge to its end, four cycles must pass; so long it must last and be off.

    The next bit is put on ``miso`` two to three cycles after the rising edge at which the
    controller took the one before, not after the falling edge: so it is there in time at the
    fastest SCK. What a selection breaks off in mid-byte is lost, both ways.

    Members
    -------
    sck, mosi, select_n : ``In(1)``
        From the controller, of any clock domain; ``select_n`` is low while it selects.
    miso : ``Out(1)``
        Registered.
    miso_enable : ``Out(1)``
        High while selected: else ``miso`` belongs to others.
    i : ``In(stream.Signature(8))``
        Bytes to the controller. One that waits as a byte begins is taken, whether or not the
        controller goes on; where none does, a flag (0x7E) goes out.
    o : ``Out(stream.Signature(8))``
        Bytes from the controller. One stays until it is taken.
    overrun : ``Out(1)``
        High for a cycle as a byte is dropped because the one before is still in ``o``.
    """

    #: Cycles of a period of SCK, at least.
    period = 4
    #: Cycles from the last rising edge of a byte to offering it, at most.
    latency = 4

    def __init__(self) -> None:
        super().__init__({
            "sck": In(1), "mosi": In(1), "select_n": In(1), "miso": Out(1), "miso_enable": Out(1),
            "i": In(stream.Signature(8)), "o": Out(stream.Signature(8)), "overrun": Out(1)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        clock, data, off = Signal(), Signal(), Signal(init=1)
        m.submodules.sck = FFSynchronizer(self.sck, clock)
        m.submodules.mosi = FFSynchronizer(self.mosi, data)
        m.submodules.select = FFSynchronizer(self.select_n, off, init=1)

        # One register for both ways: a bit enters as another leaves.
        bits, count = Signal(8), Signal(3)
        before, fresh, rising, whole = Signal(), Signal(init=1), Signal(), Signal()
        m.d.sync += before.eq(clock)
        m.d.comb += [rising.eq(clock & ~before & ~off), whole.eq(rising & (count == 7)),
                     self.miso.eq(bits[7]), self.miso_enable.eq(~off)]
        with m.If(rising):
            m.d.sync += [count.eq(count + 1), bits.eq(Cat(data, bits[:7]))]

        # A byte begins with the selection, and where another ends.
        m.d.sync += fresh.eq(off)
        with m.If(whole | (fresh & ~off)):
            m.d.comb += self.i.ready.eq(1)
            m.d.sync += [count.eq(0), bits.eq(FLAG)]
            with m.If(self.i.valid):
                m.d.sync += bits.eq(self.i.payload)

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(whole):
            with m.If(self.o.valid & ~self.o.ready):
                m.d.comb += self.overrun.eq(1)
            with m.Else():
                m.d.sync += [self.o.payload.eq(Cat(data, bits[:7])), self.o.valid.eq(1)]
        return m
