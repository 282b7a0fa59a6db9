"""An accelerator behind registers: what every shell with data registers holds."""

from __future__ import annotations

from typing import Any

from amaranth import Module, ResetInserter
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.bus.beats import BeatsToWords, WordsToBeats
from hw.bus.registers import WORD, RegisterBus
from hw.streams import Queue

from ..registers import RegisterMap
from .accelerator import Accelerator
from .register_file import RegisterFile

__all__ = ["Core", "measure"]


class Core(wiring.Component):
    """Registers, and the accelerator that is fed and emptied through them.

    A queue holds the outputs of a sample, so that one sample can go in whole before anything is
    read; a second one waits until the first is read.

    Parameters
    ----------
    map : RegisterMap
        With ports.
    accelerator : Accelerator
        Of the map's streams; placed here.

    Members
    -------
    bus : ``In(RegisterBus(map.address_width))``
    bad_frame, bad_link : ``In(1)``
        See :class:`RegisterFile`.
    led : ``Out(2)``
        Bit 0: a sample is under way; bit 1: an error is recorded.
    """

    def __init__(self, map: RegisterMap, accelerator: Accelerator) -> None:
        self._map, self._accelerator = map, accelerator
        super().__init__({"bus": In(RegisterBus(map.address_width)),
                          "bad_frame": In(1), "bad_link": In(1), "led": Out(2)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.registers = registers = RegisterFile(self._map)
        m.submodules.accelerator = accelerator = self._accelerator
        connect(m, flipped(self.bus), registers.bus)
        m.d.comb += [registers.bad_frame.eq(self.bad_frame),
                     registers.bad_link.eq(self.bad_link), self.led.eq(registers.led)]
        measure(m, accelerator, registers)
        cleared = ResetInserter(registers.clear)
        for port, beats in zip(self._map.inputs, registers.i, strict=True):
            stream = port.stream
            words = BeatsToWords(stream.width, stream.words)
            m.submodules[f"{stream.name}_words"] = cleared(words)
            connect(m, beats, words.i)
            connect(m, words.o, getattr(accelerator, stream.name))
        for port, beats in zip(self._map.outputs, registers.o, strict=True):
            stream = port.stream
            gather = WordsToBeats(stream.width, stream.words)
            queue = Queue(WORD, port.beats)
            m.submodules[f"{stream.name}_beats"] = cleared(gather)
            m.submodules[f"{stream.name}_queue"] = cleared(queue)
            connect(m, getattr(accelerator, stream.name), gather.i)
            connect(m, gather.o, queue.i)
            connect(m, queue.o, beats)
        return m


def measure(m: Module, accelerator: Accelerator, registers: RegisterFile) -> None:
    """Tell the registers how the accelerator fares, and it when to begin anew."""
    m.d.comb += accelerator.clear.eq(registers.clear)
    m.d.comb += [getattr(registers, name).eq(getattr(accelerator, name))
                 for name in ("moved", "part", "waits", "busy", "latency")]
