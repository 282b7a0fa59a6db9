"""AXI4-Lite, by which processors reach the registers of a peripheral, before the register bus."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from .registers import WORD, RegisterBus

__all__ = ["AxiLite", "AxiLiteRegisters"]

#: Strobes: one for each byte of a word.
_BYTES = WORD // 8

#: Bits of an address below those of a word.
_OFFSET = 2


#: BRESP and RRESP.
_OKAY, _SLVERR = 0b00, 0b10


class AxiLite(wiring.Signature):
    """AXI4-Lite with data of 32 bits, as the manager sees it; names as in the specification.

    Source: "AMBA AXI and ACE Protocol Specification", ARM IHI 0022, chapter B1.

    Parameters
    ----------
    address_width : int
        Bits of a byte's address, at least 3.

    Members
    -------
    awaddr, awprot, awvalid : ``Out(address_width)``, ``Out(3)``, ``Out(1)``
    awready : ``In(1)``
    wdata, wstrb, wvalid : ``Out(32)``, ``Out(4)``, ``Out(1)``
    wready : ``In(1)``
    bresp, bvalid : ``In(2)``, ``In(1)``
    bready : ``Out(1)``
    araddr, arprot, arvalid : ``Out(address_width)``, ``Out(3)``, ``Out(1)``
    arready : ``In(1)``
    rdata, rresp, rvalid : ``In(32)``, ``In(2)``, ``In(1)``
    rready : ``Out(1)``
    """

    def __init__(self, address_width: int) -> None:
        self._address_width = as_index("address_width", address_width)
        if self._address_width <= _OFFSET:
            raise ValueError(f"address_width must be at least {_OFFSET + 1}, not {address_width}")
        super().__init__({
            "awaddr": Out(self._address_width), "awprot": Out(3), "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(WORD), "wstrb": Out(_BYTES), "wvalid": Out(1), "wready": In(1),
            "bresp": In(2), "bvalid": In(1), "bready": Out(1),
            "araddr": Out(self._address_width), "arprot": Out(3), "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(WORD), "rresp": In(2), "rvalid": In(1), "rready": Out(1)})

    @property
    def address_width(self) -> int:
        """Bits of a byte's address."""
        return self._address_width


class AxiLiteRegisters(wiring.Component):
    """An AXI4-Lite subordinate whose transfers read and write registers, one at a time.

    Write addresses and write data come in any order. Reads and writes that wait for each other
    take turns, and a response that is not taken holds up its own kind alone. Of an address, the
    two low bits are ignored, and so is the protection. SLVERR answers an access that failed, and
    a write of some bytes of a word only, of which no register hears; a write of no byte does
    nothing and is OKAY.

    Outputs follow registers alone: no combinational path leads through. Without waiting, a
    response is offered four cycles after the request, of which the register bus takes one.

    Parameters
    ----------
    address_width : int
        Bits of a register's index; a byte's address has two more.

    Members
    -------
    axi : ``In(AxiLite(address_width + 2))``
    bus : ``Out(RegisterBus(address_width))``
    """

    def __init__(self, address_width: int) -> None:
        bus = RegisterBus(address_width)
        super().__init__({"axi": In(AxiLite(bus.address_width + _OFFSET)), "bus": Out(bus)})

    @property
    def address_width(self) -> int:
        """Bits of a register's index."""
        return self.signature.members["bus"].signature.address_width

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        axi, request, response = self.axi, self.bus.request, self.bus.response
        to, of, data, strobes = (Signal(self.address_width), Signal(self.address_width),
                                 Signal(WORD), Signal(_BYTES))
        have_address = _hold(m, axi.awvalid, axi.awready, (to, axi.awaddr[_OFFSET:]))
        # A read's request carries data too, which must stay.
        have_data = _hold(m, axi.wvalid, axi.wready, (data, axi.wdata), (strobes, axi.wstrb),
                          unless=request.valid)
        have_read = _hold(m, axi.arvalid, axi.arready, (of, axi.araddr[_OFFSET:]))
        with m.If(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(axi.rready):
            m.d.sync += axi.rvalid.eq(0)

        # Of what is under way:
        write, refused, failed = Signal(), Signal(), Signal()
        may_write = have_address & have_data & ~axi.bvalid
        may_read = have_read & ~axi.rvalid
        m.d.comb += [
            request.payload.write.eq(write),
            request.payload.address.eq(Mux(write, to, of)),
            request.payload.data.eq(data),
            refused.eq(write & ~strobes.all()),
            failed.eq(Mux(refused, strobes.any(), response.payload.error)),
        ]
        with m.FSM():
            with m.State("idle"), m.If(may_write | may_read):
                # None is there again in the cycle after its turn, when the other goes first.
                m.d.sync += [write.eq(may_write), request.valid.eq(~may_write | strobes.all())]
                m.next = "access"
            with m.State("access"):
                m.d.comb += response.ready.eq(1)
                with m.If(request.ready):
                    m.d.sync += request.valid.eq(0)
                with m.If(response.valid | refused):
                    m.next = "idle"
                    with m.If(write):
                        m.d.sync += [have_address.eq(0), have_data.eq(0), axi.bvalid.eq(1),
                                     axi.bresp.eq(Mux(failed, _SLVERR, _OKAY))]
                    with m.Else():
                        m.d.sync += [have_read.eq(0), axi.rvalid.eq(1),
                                     axi.rdata.eq(response.payload.data),
                                     axi.rresp.eq(Mux(failed, _SLVERR, _OKAY))]
        return m


def _hold(m: Module, valid: Signal, ready: Signal, *kept: tuple[Signal, Value],
          unless: Value | int = 0) -> Signal:
    """Take a transfer into registers; whether one is there, for the caller to clear."""
    there = Signal(name=f"{ready.name}_not")
    m.d.comb += ready.eq(~(there | unless))
    with m.If(valid & ready):
        m.d.sync += there.eq(1)
        m.d.sync += [register.eq(value) for register, value in kept]
    return there
