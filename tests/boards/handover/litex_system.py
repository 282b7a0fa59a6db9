"""A LiteX system with the peripheral in it: ``python litex_system.py DELIVERY OUT``.

Its one bus master is outside: the lines ``master_cyc`` and so on of the module ``system``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from litex.build.generic_platform import Pins, Subsignal
from litex.build.lattice import LatticeECP5Platform
from litex.gen import LiteXModule
from litex.soc.integration.builder import Builder
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from migen import ClockDomain

#: Where the peripheral lies.
ORIGIN = 0x9000_0000

LINES = {"cyc": 1, "stb": 1, "we": 1, "adr": 30, "dat_w": 32, "sel": 4, "dat_r": 32, "ack": 1,
         "err": 1}


class Clock(LiteXModule):
    """The domain ``sys`` of two pins."""

    def __init__(self, pads):
        self.cd_sys = ClockDomain()
        self.comb += [self.cd_sys.clk.eq(pads.clk), self.cd_sys.rst.eq(pads.rst)]


class System(SoCMini):
    """A bus, the peripheral and a master from outside."""

    def __init__(self, platform, peripheral):
        pads = platform.request("sys")
        super().__init__(platform, clk_freq=25_000_000, ident="test")
        self.crg = Clock(pads)
        lines, master = platform.request("master"), wishbone.Interface()
        for name in LINES:
            inside, outside = getattr(master, name), getattr(lines, name)
            self.comb += (outside.eq(inside) if name in ("dat_r", "ack", "err")
                          else inside.eq(outside))
        self.bus.add_master("outside", master)
        self.network = peripheral(platform)
        self.bus.add_slave("network", self.network.bus, SoCRegion(
            origin=ORIGIN, size=peripheral.SIZE, cached=False))


def _line(name, width):
    return Subsignal(name, Pins(*(f"{name}{k}" for k in range(width))))


def main(delivery, out):
    sys.path.insert(0, delivery)
    from digits_litex import Digits

    # A platform whose scripts are written without its tools; LiteX's own simulation needs what
    # PyPI does not have. No pin is ever placed.
    platform = LatticeECP5Platform("LFE5U-25F-6BG256C", [
        ("sys", 0, _line("clk", 1), _line("rst", 1)),
        ("master", 0, *(_line(name, width) for name, width in LINES.items()))],
        toolchain="trellis")
    builder = Builder(System(platform, Digits), output_dir=out, compile_software=False)
    builder.build(run=False, build_name="system")
    sources = [name for name, language, *_ in platform.sources if language == "verilog"]
    (Path(out) / "sources.txt").write_text("\n".join(sources))


if __name__ == "__main__":
    main(*sys.argv[1:])
