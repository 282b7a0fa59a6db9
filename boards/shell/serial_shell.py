"""An accelerator at the end of a serial line: UART or SPI."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hw.bus.commands import FrameCommands
from hw.bus.spi import SpiTarget
from hw.bus.uart import UartReceiver, UartTransmitter

from ..registers import RegisterMap
from .accelerator import Accelerator
from .core import Core

__all__ = ["SpiShell", "UartShell"]


class _SerialShell(wiring.Component):
    """Frames in bytes, accesses in frames: what both lines share."""

    def __init__(self, map: RegisterMap, accelerator: Accelerator,
                 pins: dict[str, wiring.Member]) -> None:
        self._map, self._core = map, Core(map, accelerator)
        super().__init__({**pins, "led": Out(2)})

    def _commands(self, m: Module) -> tuple[Any, Any]:
        """Commands before the core, and the core; all but the bytes of the commands joined."""
        m.submodules.core = core = self._core
        m.submodules.commands = commands = FrameCommands(self._map.address_width)
        connect(m, commands.bus, core.bus)
        m.d.comb += [core.bad_frame.eq(commands.bad), self.led.eq(core.led)]
        return commands, core


class UartShell(_SerialShell):
    """Registers behind a UART, 8N1, in frames: see :class:`hw.bus.commands.FrameCommands`.

    Parameters
    ----------
    map : RegisterMap
        With ports.
    accelerator : Accelerator
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    rx : ``In(1)``
    tx : ``Out(1)``
    led : ``Out(2)``
        Bit 0: a sample is under way; bit 1: an error is recorded.
    """

    def __init__(self, map: RegisterMap, accelerator: Accelerator, *, divisor: int) -> None:
        self._receiver, self._transmitter = UartReceiver(divisor), UartTransmitter(divisor)
        super().__init__(map, accelerator, {"rx": In(1), "tx": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.transmitter = transmitter = self._transmitter
        commands, core = self._commands(m)
        connect(m, receiver.o, commands.i)
        connect(m, commands.o, transmitter.i)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx),
                     core.bad_link.eq(receiver.overrun | receiver.broken)]
        return m


class SpiShell(_SerialShell):
    """Registers behind SPI, in the same frames: see :class:`hw.bus.spi.SpiTarget`.

    While it has nothing to say it sends flags; a host reads on until the response has come. It
    drives its line at all times: no other target may share it.

    Parameters
    ----------
    map : RegisterMap
        With ports.
    accelerator : Accelerator

    Members
    -------
    sck, copi, cs_n : ``In(1)``
    cipo : ``Out(1)``
    led : ``Out(2)``
        Bit 0: a sample is under way; bit 1: an error is recorded.
    """

    def __init__(self, map: RegisterMap, accelerator: Accelerator) -> None:
        super().__init__(map, accelerator, {"sck": In(1), "copi": In(1), "cs_n": In(1),
                                            "cipo": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.target = target = SpiTarget()
        commands, core = self._commands(m)
        connect(m, target.o, commands.i)
        connect(m, commands.o, target.i)
        m.d.comb += [
            target.sck.eq(self.sck), target.mosi.eq(self.copi), target.select_n.eq(self.cs_n),
            self.cipo.eq(target.miso), core.bad_link.eq(target.overrun),
        ]
        return m
