"""Wishbone, the open bus of most soft systems, in front of the register bus."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from .registers import WORD, RegisterBus

__all__ = ["Wishbone", "WishboneRegisters"]

#: Select lines: one for each byte of a word.
_BYTES = WORD // 8


class Wishbone(wiring.Signature):
    """Wishbone B4 of 32 bits with bytes as granules, as the master sees it.

    Addresses count words, as the specification has it for a port of 32 bits, whose ADR ends at
    bit 2. ``dat_w`` is the master's DAT_O and ``dat_r`` its DAT_I. Source: "Wishbone B4:
    WISHBONE System-on-Chip (SoC) Interconnection Architecture for Portable IP Cores",
    OpenCores, 2010, chapter 3.2.

    Parameters
    ----------
    address_width : int
        Bits of a word's address.

    Members
    -------
    cyc, stb, we : ``Out(1)``
    adr : ``Out(address_width)``
    dat_w : ``Out(32)``
    sel : ``Out(4)``
    dat_r : ``In(32)``
    ack, err : ``In(1)``
    """

    def __init__(self, address_width: int) -> None:
        self._address_width = as_index("address_width", address_width)
        if self._address_width < 1:
            raise ValueError(f"address_width must be at least 1, not {address_width}")
        super().__init__({
            "cyc": Out(1), "stb": Out(1), "we": Out(1), "adr": Out(self._address_width),
            "dat_w": Out(WORD), "sel": Out(_BYTES), "dat_r": In(WORD), "ack": In(1),
            "err": In(1)})

    @property
    def address_width(self) -> int:
        """Bits of a word's address."""
        return self._address_width


class WishboneRegisters(wiring.Component):
    """A Wishbone slave whose classic cycles read and write registers.

    ``err`` ends a cycle whose access failed, and a write whose ``sel`` is not all ones, of
    which no register hears; a read gives the whole register whatever ``sel`` says. A master
    may give up: once ``cyc`` or ``stb`` falls, nothing ends that cycle, though an access that
    was begun is finished and may have had its effect; the next cycle waits for that. So
    registers that are read but once, such as data ports, may lose what an abandoned cycle read.

    A cycle ends in the clock cycle in which the register bus responds, two after it began at
    the soonest. Only ``stb``, ``cyc`` and the response pass to ``ack`` and ``err`` within a clock
    cycle.

    Parameters
    ----------
    address_width : int
        Bits of a register's index, which is the word's address.

    Members
    -------
    wishbone : ``In(Wishbone(address_width))``
    bus : ``Out(RegisterBus(address_width))``
    """

    def __init__(self, address_width: int) -> None:
        super().__init__({"wishbone": In(Wishbone(address_width)),
                          "bus": Out(RegisterBus(address_width))})

    @property
    def address_width(self) -> int:
        """Bits of a register's index."""
        return self.signature.members["bus"].signature.address_width

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        slave, request, response = self.wishbone, self.bus.request, self.bus.response
        strobe, whole, abandoned = Signal(), Signal(), Signal()
        m.d.comb += [
            strobe.eq(slave.cyc & slave.stb),
            whole.eq(~slave.we | slave.sel.all()),
            slave.dat_r.eq(response.payload.data),
        ]
        # The bus wants a request to stay until it is taken, which a master does not promise.
        with m.FSM():
            with m.State("idle"):
                m.d.sync += [
                    request.payload.address.eq(slave.adr),
                    request.payload.write.eq(slave.we),
                    request.payload.data.eq(slave.dat_w),
                    abandoned.eq(0),
                ]
                with m.If(strobe):
                    m.d.sync += request.valid.eq(whole)
                    m.next = "access"
                    with m.If(~whole):
                        m.next = "refuse"
            with m.State("access"):
                m.d.comb += response.ready.eq(1)
                m.d.sync += abandoned.eq(abandoned | ~strobe)
                with m.If(request.ready):
                    m.d.sync += request.valid.eq(0)
                with m.If(response.valid):
                    with m.If(strobe & ~abandoned):
                        m.d.comb += slave.err.eq(response.payload.error)
                        m.d.comb += slave.ack.eq(~response.payload.error)
                    m.next = "idle"
            with m.State("refuse"):
                m.d.comb += slave.err.eq(strobe)
                m.next = "idle"
        return m
