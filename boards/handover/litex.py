"""A LiteX peripheral: one Python file that belongs to the user's system, not to Gatemill."""

from __future__ import annotations

from string import Template

from .delivery import RTL, Delivery

__all__ = ["class_name", "module"]

_MODULE = Template('''\
"""The network $title as a LiteX peripheral: registers and data on a Wishbone bus.

Add it to a system with::

    from ${top}_litex import $kind

    self.$top = $kind(self.platform)
    self.bus.add_slave("$top", self.$top.bus, SoCRegion(size=$kind.SIZE, cached=False))

A sample is ${beats} written to the input's DATA register; its result is read from the output's.
The files of ../$rtl must stay beside this one. Made for $mhz MHz.
"""

import shutil
from pathlib import Path

from litex.gen import LiteXModule
from litex.soc.interconnect import wishbone
from migen import ClockSignal, Instance, ResetSignal

RTL = Path(__file__).resolve().parent / "$rtl"


class $kind(LiteXModule):
    """The peripheral, in the clock domain ``sys``.

    Parameters
    ----------
    platform : litex.build.generic_platform.GenericPlatform
        Gets the Verilog.

    Members
    -------
    bus : wishbone.Interface
        Of 32 bits; its addresses count words.
    """

    #: Byte addresses from the beginning of the peripheral.
    REGISTERS = {
$registers
    }

    #: Bytes of the peripheral, a power of two.
    SIZE = $size

    #: Files that ``$$readmemh`` reads, where the tool runs or beside the Verilog.
    IMAGES = [
$images
    ]

    def __init__(self, platform):
        self._platform = platform
        self.bus = bus = wishbone.Interface(data_width=32, adr_width=30, addressing="word")
        self.specials += Instance(
            "$module", name="$top",
            i_clk=ClockSignal("sys"), i_rst=ResetSignal("sys"),
            i_wb_cyc=bus.cyc, i_wb_stb=bus.stb, i_wb_we=bus.we, i_wb_adr=bus.adr[:$width],
            i_wb_dat_w=bus.dat_w, i_wb_sel=bus.sel,
            o_wb_dat_r=bus.dat_r, o_wb_ack=bus.ack, o_wb_err=bus.err)
        for name in $sources:
            platform.add_source(str(RTL / name))

    def do_finalize(self):
        """Simulators look for images in the folder of the gateware."""
        if self._platform.output_dir is not None:
            self.copy_images(Path(self._platform.output_dir) / "gateware")

    @classmethod
    def copy_images(cls, folder):
        """Lay the images where a tool runs."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name in cls.IMAGES:
            shutil.copyfile(RTL / name, Path(folder) / name)
''')


def class_name(delivery: Delivery) -> str:
    """Of the peripheral.

    Words of the module's name in capitals, such as ``FaceDetector`` of ``face_detector``.
    """
    words = "".join(word[:1].upper() + word[1:] for word in delivery.name.split("_"))
    return words if words[:1].isalpha() else f"Network{words}"


def module(delivery: Delivery) -> str:
    """The text of ``<top>_litex.py``."""
    shell = delivery.shells["wishbone"]
    ports = (*shell.map.inputs, *shell.map.outputs)
    beats = " and ".join(f"{port.beats} words" for port in ports
                         if port.stream.direction == "in")
    return _MODULE.substitute(
        title=delivery.manifest.name, top=delivery.name, kind=class_name(delivery), rtl=RTL,
        beats=beats, mhz=f"{delivery.clock_mhz:g}", module=shell.top,
        width=shell.map.address_width, size=hex(4 << shell.map.address_width),
        registers="\n".join(f'        "{each.name}": {each.address:#04x},  # {each.text}'
                            for each in shell.map.registers),
        images="\n".join(f'        "{name}",' for name in delivery.images),
        sources=(delivery.verilog, f"{shell.top}.v"))
