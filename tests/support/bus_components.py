# amaranth: UnusedElaboratable=no
"""Components of links and buses, one small instance or more of each."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.bus.crc import Crc32
from hw.bus.uart import UartReceiver, UartTransmitter

__all__ = ["bus_components"]


def bus_components() -> tuple[wiring.Component, ...]:
    """New instances."""
    return (Crc32(), UartReceiver(104), UartTransmitter(104))
