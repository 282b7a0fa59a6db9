"""What is known of a board: its device, and the pins that a shell uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from .devices import Device
from .devices import device as find_device

__all__ = ["Board", "Pin", "Port", "Spi", "Uart"]


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A pin of the package, and how it is to be used.

    Parameters
    ----------
    site : str
        Its name in the package: ``35``, ``G2``.
    standard : str
        The electrical standard by the family's name, such as ``LVCMOS33``; empty for the
        family's default.
    pull : "up", "down" or ""
        The resistor that holds it where nobody drives it.
    inverted : bool
        Whether it is low when what it carries is true: most buttons, many LEDs.
    """

    site: str
    standard: str = ""
    pull: Literal["", "up", "down"] = ""
    inverted: bool = False


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a design that is put on a board, and its pins.

    Parameters
    ----------
    name : str
        In the Verilog.
    pins : tuple of Pin
        One for each bit, bit 0 first.
    output : bool
        Whether the design drives it.
    """

    name: str
    pins: tuple[Pin, ...]
    output: bool = False


class Uart(msgspec.Struct, frozen=True, kw_only=True):
    """The pins of a serial port, as the FPGA sees them: ``rx`` is an input."""

    rx: Pin
    tx: Pin


class Spi(msgspec.Struct, frozen=True, kw_only=True):
    """The pins of an SPI bus of which the FPGA is the peripheral: ``copi`` is an input,
    and ``cs`` is low while the FPGA is selected."""

    cs: Pin
    clk: Pin
    copi: Pin
    cipo: Pin


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A board.

    Parameters
    ----------
    name : str
        What a user types, such as ``ulx3s-85f``.
    device : str
        Of :mod:`boards.devices`.
    nextpnr : tuple of str
        Options of nextpnr for the device in this board's package and speed grade.
    clock : Pin
        Where the oscillator arrives.
    clock_mhz : float
    reset : Pin or None
        A button that resets the design.
    uart : Uart or None
    spi : Spi or None
        Where a host may be connected by wires; on a PMOD, pins 1 to 4 in Digilent's order.
    leds : tuple of Pin
    programmer : str
        The board by openFPGALoader's name; empty where it does not know the board.
    flash : bool
        Whether it is loaded through its flash alone.
    pack : tuple of str
        Options of the packer.
    """

    name: str
    device: str
    nextpnr: tuple[str, ...]
    clock: Pin
    clock_mhz: float
    reset: Pin | None = None
    uart: Uart | None = None
    spi: Spi | None = None
    leds: tuple[Pin, ...] = ()
    programmer: str = ""
    flash: bool = False
    pack: tuple[str, ...] = ()

    @property
    def chip(self) -> Device:
        """The device itself."""
        return find_device(self.device)

    @property
    def placed(self) -> Device:
        """The device, with nextpnr's options of this board.

        nextpnr for Gowin must know which configuration pins the packer makes plain ones.
        """
        shared = [word for flag in ("sspi_as_gpio", "i2c_as_gpio") if f"--{flag}" in self.pack
                  for word in ("--vopt", flag)]
        return replace(self.chip, nextpnr=(*self.nextpnr, *shared))
