# amaranth: UnusedElaboratable=no
"""Components of links and buses, one small instance or more of each."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.bus.axi_lite import AxiLiteRegisters
from hw.bus.axi_stream import AxiStreamInput, AxiStreamOutput
from hw.bus.beats import BeatsToWords, WordsToBeats
from hw.bus.commands import FrameCommands
from hw.bus.crc import Crc32
from hw.bus.frames import Deframer, Framer
from hw.bus.spi import SpiTarget
from hw.bus.uart import UartReceiver, UartTransmitter
from hw.bus.wishbone import WishboneRegisters

__all__ = ["bus_components"]


def bus_components() -> tuple[wiring.Component, ...]:
    """New instances."""
    return (AxiLiteRegisters(6), AxiStreamInput(9, 10), AxiStreamOutput(9, 10),
            WishboneRegisters(6), Crc32(), Deframer(), Framer(), FrameCommands(7),
            UartReceiver(104), UartTransmitter(104), SpiTarget(), BeatsToWords(9, 10),
            BeatsToWords(40, 3), WordsToBeats(9, 10), WordsToBeats(40, 3))
