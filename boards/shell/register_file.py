"""The registers of a shell: what a host reads, writes, and passes its data through."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.bus.registers import WORD, RegisterBus

from ..registers import Access, Error, RegisterMap
from .data_port import DataPort
from .patience import Patience

__all__ = ["RegisterFile"]

#: Bits of the counters of faults and of resets.
_FAULTS, _EPOCH = 16, 8


class RegisterFile(wiring.Component):
    """The registers of a map, the time-outs behind them, and the streams of its ports.

    An access takes three cycles, one to a data register as long as its beat waits. Where no
    word moves for TIMEOUT ticks, such an access fails, and a sample that is in only in part is
    given up: ``clear`` resets the accelerator. With 0 a sample is never given up, and an access
    waits for the longest that there is.

    Parameters
    ----------
    map : RegisterMap

    Members
    -------
    bus : ``In(RegisterBus(map.address_width))``
    i, o : arrays of ``Out`` and ``In(stream.Signature(32))``
        Beats to each input and from each output, in the map's order.
    clear : ``Out(1)``
        For a cycle, whenever the accelerator is to be reset.
    moved, part, waits, busy, latency : ``In``
        Of :class:`boards.shell.accelerator.Accelerator`.
    bad_frame, bad_last, bad_link : ``In(1)``
        Pulses: a frame was rejected; a last word stood where it should not; the link lost a
        byte.
    led : ``Out(2)``
        Bit 0: a sample is under way; bit 1: an error is recorded.
    """

    def __init__(self, map: RegisterMap) -> None:
        self._map = map
        beats = stream.Signature(WORD)
        super().__init__({
            "bus": In(RegisterBus(map.address_width)),
            "i": Out(beats).array(len(map.inputs)), "o": In(beats).array(len(map.outputs)),
            "clear": Out(1), "moved": In(1), "part": In(1), "waits": In(1), "busy": In(1),
            "latency": In(WORD), "bad_frame": In(1), "bad_last": In(1), "bad_link": In(1),
            "led": Out(2)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.patience = patience = Patience(self._map.tick)
        request, access = Signal.like(self.bus.request.payload), Signal()
        ports = self._ports(m, request, access)
        at_port, late, gives_up = Signal(), Signal(), Signal()
        m.d.comb += [
            at_port.eq(Cat(each.access for each in ports.values()).any()),
            late.eq(self.waits | Cat(each.late for each in ports.values()).any()),
            patience.waits.eq(at_port | late),
            patience.moved.eq(self.moved | Cat(each.moves for each in ports.values()).any()),
            gives_up.eq(at_port & patience.expired),
        ]
        legal, value = Signal(), Signal(WORD)
        part = self.part | Cat(each.begun for each in ports.values()).any()
        pulses = {Error.FRAME: self.bad_frame, Error.WAIT: gives_up,
                  Error.PART: late & patience.expired, Error.ADDRESS: access & ~at_port & ~legal,
                  Error.LAST: self.bad_last, Error.LINK: self.bad_link}
        held = self._state(m, request, access & request.write, pulses, patience)
        held["STATUS"] = Cat(self.busy | part, part, held["ERRORS"].any())
        m.d.comb += self.led.eq(Cat(self.busy | part, held["ERRORS"].any()))
        self._decode(m, request, held, ports, legal, value)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.bus.request.ready.eq(1)
                m.d.sync += request.eq(self.bus.request.payload)
                with m.If(self.bus.request.valid):
                    m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.comb += access.eq(1)
                moves = Cat(each.moves for each in ports.values()).any()
                m.d.sync += self.bus.response.payload.data.eq(value)
                m.d.sync += self.bus.response.payload.error.eq(~Mux(at_port, moves, legal))
                with m.If(~at_port | moves | gives_up):
                    m.next = "RESPOND"
            with m.State("RESPOND"):
                m.d.comb += self.bus.response.valid.eq(1)
                with m.If(self.bus.response.ready):
                    m.next = "IDLE"
        return m

    def _ports(self, m: Module, request: Any, access: Value) -> dict[int, DataPort]:
        """The data ports by index of their data register, joined to their streams."""
        ports = {}
        for each, beats in (*zip(self._map.inputs, self.i, strict=True),
                            *zip(self._map.outputs, self.o, strict=True)):
            into = each.stream.direction == "in"
            ports[each.data] = port = DataPort(each.beats, into=into)
            m.submodules[each.stream.name] = ResetInserter(self.clear)(port)
            connect(m, port.beats, flipped(beats))
            m.d.comb += port.access.eq(
                access & (request.address == each.data) & (request.write == into))
            if into:
                m.d.comb += port.data.eq(request.data)
        return ports

    def _state(self, m: Module, request: Any, write: Value, pulses: dict[Error, Value],
               patience: Patience) -> dict[str, Value]:
        """What is kept of the past, by name of its register."""
        writes = {name: write & (request.address == self._map[name].index)
                  for name in ("CONTROL", "ERRORS", "TIMEOUT")}
        errors, period = Signal(len(Error)), Signal(len(patience.period), init=self._map.timeout)
        bad_frames, timeouts = Signal(_FAULTS), Signal(_FAULTS)
        epoch, endless = Signal(_EPOCH), Signal()
        pulses[Error.PART] = pulses[Error.PART] & ~endless
        m.d.comb += self.clear.eq(writes["CONTROL"] & request.data[0] | pulses[Error.PART])
        # An access that waited for ever would hold up its link, and with it the way to end it.
        m.d.comb += [endless.eq(period == 0), patience.period.eq(Mux(endless, ~0, period))]
        m.d.sync += errors.eq(errors & ~Mux(writes["ERRORS"], request.data[:len(Error)], 0)
                              | Cat(pulses[error] for error in Error))
        with m.If(writes["TIMEOUT"]):
            m.d.sync += period.eq(request.data)
        with m.If(self.clear):
            m.d.sync += epoch.eq(epoch + 1)
        for count, event in ((bad_frames, pulses[Error.FRAME]),
                             (timeouts, pulses[Error.WAIT] | pulses[Error.PART])):
            with m.If(event & ~count.all()):
                m.d.sync += count.eq(count + 1)
        return {"CYCLES": patience.cycles, "LATENCY": self.latency, "ERRORS": errors,
                "BAD_FRAMES": bad_frames, "TIMEOUTS": timeouts, "EPOCH": epoch,
                "TIMEOUT": period}

    def _decode(self, m: Module, request: Any, held: dict[str, Value],
                ports: dict[int, DataPort], legal: Signal, value: Signal) -> None:
        """Whether the access may be made, and what it reads."""
        values: dict[int, Value | int] = {self._map[name].index: each
                                          for name, each in held.items()}
        values |= self._map.constants
        for each in (*self._map.inputs, *self._map.outputs):
            port = ports[each.data]
            values |= {each.ready: port.ready, each.samples: port.samples}
            if each.stream.direction == "out":
                values[each.data] = port.data
        with m.Switch(request.address):
            for register in self._map.registers:
                with m.Case(register.index):
                    m.d.comb += value.eq(values.get(register.index, 0))
                    match register.access:
                        case Access.READ:
                            m.d.comb += legal.eq(~request.write)
                        case Access.WRITE:
                            m.d.comb += legal.eq(request.write)
                        case _:
                            m.d.comb += legal.eq(1)
