"""Devices as data: what each one holds, and how the open tools are told about it.

Capacities are those of the vendors' product tables: Lattice FPGA-DS-02012 (ECP5),
FPGA-DS-02029 and -02008 (iCE40 LP/HX, UltraPlus), FPGA-DS-02049 (CrossLink-NX); Gowin
DS117, DS102, DS1103; Xilinx DS180. An ECP5-12 is sold as 12,288 LUTs, although its die is
that of the ECP5-25 and the open tools give all of it: here it counts as sold.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from sw_model.faults import InputFault

__all__ = ["DEVICES", "Device", "MemoryBlocks", "device"]


@dataclass(frozen=True)
class MemoryBlocks:
    """Memories of one kind: how many, and the bits of each (parity bits included)."""

    count: int
    bits: int

    @property
    def total_bits(self) -> int:
        """Bits of all of them together."""
        return self.count * self.bits


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA.

    Parameters
    ----------
    name : str
        What a user types, such as ``ecp5-85k``.
    family : str
        The synthesis target; one of :data:`boards.families.FAMILIES`.
    part : str
        The vendor's name for it.
    luts : int
        Lookup tables: of 4 inputs, on Xilinx of 6; logic cells on iCE40.
    ffs : int
        Flip-flops.
    dsps : int
        Multipliers of 18 x 18 bits or the nearest there is (iCE40: 16 x 16, Xilinx: 25 x 18).
    block_rams : MemoryBlocks
        Block RAMs of the smallest unit that is allocated (Xilinx: halves of RAMB36).
    large_rams : MemoryBlocks
        Single-port or large memories without initial contents where there are any.
    variant : str
        What the synthesis target needs to know beyond the family.
    nextpnr : tuple of str
        Options of nextpnr, for a common package and the slowest speed grade that is sold;
        empty where this project does not place.
    packages : tuple of str
        nextpnr's names of its packages; empty where they are not known here.
    """

    name: str
    family: str
    part: str
    luts: int
    ffs: int
    dsps: int
    block_rams: MemoryBlocks
    large_rams: MemoryBlocks = field(default=MemoryBlocks(0, 0))
    variant: str = ""
    nextpnr: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def placed(self, **chosen: str) -> tuple[str, ...]:
        """Options of nextpnr for another package or speed grade.

        Parameters
        ----------
        chosen : str
            ``package`` and ``speed`` on ECP5, ``package`` on iCE40, ``part`` (the vendor's whole
            order number) on Gowin and Nexus; what is empty stays.

        Raises
        ------
        InputFault
            If the device is not chosen by that, or has no such package, one line for each.
        """
        words, wrong = list(self.nextpnr), []
        for name, value in chosen.items():
            option = "--device" if name == "part" else f"--{name}"
            if value and name == "package" and self.packages and value not in self.packages:
                near = difflib.get_close_matches(value.upper(), self.packages, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                wrong.append(f"{name}: {self.name} is in no {value!r}; {hint}there are "
                             f"{', '.join(self.packages)}")
            elif value and option in words:
                words[words.index(option) + 1] = value
            elif value:
                wrong.append(f"{name}: {self.name} is not chosen by {name}, but by "
                             f"{' and '.join(self.choices) or 'nothing'}")
        if wrong:
            raise InputFault("\n".join(wrong))
        return tuple(words)

    @property
    def choices(self) -> tuple[str, ...]:
        """What :meth:`placed` takes."""
        return tuple(name for name, option in (("package", "--package"), ("speed", "--speed"),
                                               ("part", "--device")) if option in self.nextpnr)


def _ecp5(name: str, part: str, luts: int, dsps: int, rams: int, die: str, packages: str
          ) -> Device:
    return Device(name=name, family="ecp5", part=part, luts=luts, ffs=luts, dsps=dsps,
                  block_rams=MemoryBlocks(rams, 18 * 1024),
                  nextpnr=(f"--{die}", "--package", "CABGA381", "--speed", "6"),
                  packages=tuple(packages.split()))


def _ice40(name: str, part: str, cells: int, rams: int, package: str, *, dsps: int = 0,
           large: int = 0) -> Device:
    chip = name.removeprefix("ice40-")
    return Device(name=name, family="ice40", part=part, luts=cells, ffs=cells, dsps=dsps,
                  block_rams=MemoryBlocks(rams, 4 * 1024),
                  large_rams=MemoryBlocks(large, 256 * 1024), variant="u" if dsps else "hx",
                  nextpnr=(f"--{chip}", "--package", package))


def _gowin(name: str, part: str, luts: int, ffs: int, dsps: int, rams: int,
           variant: str, order: str, die: str) -> Device:
    return Device(name=name, family="gowin", part=part, luts=luts, ffs=ffs, dsps=dsps,
                  block_rams=MemoryBlocks(rams, 18 * 1024), variant=variant,
                  nextpnr=("--device", order, "--vopt", f"family={die}"))


def _nexus(name: str, part: str, luts: int, dsps: int, rams: int, large: int,
           order: str) -> Device:
    return Device(name=name, family="nexus", part=part, luts=luts, ffs=luts, dsps=dsps,
                  block_rams=MemoryBlocks(rams, 18 * 1024),
                  large_rams=MemoryBlocks(large, 512 * 1024), nextpnr=("--device", order))


def _xilinx(name: str, part: str, luts: int, dsps: int, rams: int) -> Device:
    return Device(name=name, family="xilinx", part=part, luts=luts, ffs=2 * luts, dsps=dsps,
                  block_rams=MemoryBlocks(2 * rams, 18 * 1024))


#: Every device, by name.
DEVICES: dict[str, Device] = {entry.name: entry for entry in (
    _ecp5("ecp5-12k", "LFE5U-12F", 12_288, 28, 32, "12k",
          "CABGA256 CABGA381 CSFBGA285 TQFP144"),
    _ecp5("ecp5-25k", "LFE5U-25F", 24_288, 28, 56, "25k",
          "CABGA256 CABGA381 CSFBGA285 TQFP144"),
    _ecp5("ecp5-45k", "LFE5U-45F", 43_848, 72, 108, "45k",
          "CABGA256 CABGA381 CABGA554 CSFBGA285 TQFP144"),
    _ecp5("ecp5-85k", "LFE5U-85F", 83_640, 156, 208, "85k",
          "CABGA381 CABGA554 CABGA756 CSFBGA285"),
    _ice40("ice40-hx1k", "iCE40HX1K", 1_280, 16, "tq144"),
    _ice40("ice40-hx8k", "iCE40HX8K", 7_680, 32, "ct256"),
    _ice40("ice40-up5k", "iCE40UP5K", 5_280, 30, "sg48", dsps=8, large=4),
    _gowin("gowin-gw1nr9", "GW1NR-9", 8_640, 6_480, 20, 26, "gw1n",
           "GW1NR-LV9QN88PC6/I5", "GW1N-9C"),
    _gowin("gowin-gw2a18", "GW2A-18", 20_736, 15_552, 48, 46, "gw2a",
           "GW2AR-LV18QN88C8/I7", "GW2A-18C"),
    _gowin("gowin-gw5a25", "GW5A-25", 23_040, 23_040, 28, 56, "gw5a",
           "GW5A-LV25MG121NES", "GW5A-25A"),
    _nexus("nexus-lifcl17", "LIFCL-17", 13_824, 24, 24, 5, "LIFCL-17-7SG72C"),
    _nexus("nexus-lifcl40", "LIFCL-40", 32_256, 56, 84, 2, "LIFCL-40-7BG400C"),
    _xilinx("xilinx-xc7a35t", "XC7A35T", 20_800, 90, 50),
    _xilinx("xilinx-xc7a100t", "XC7A100T", 63_400, 240, 135),
)}


def device(name: str) -> Device:
    """The device of that name, in any case.

    Raises
    ------
    InputFault
        If there is none; the message has the nearest spelling and all the names.
    """
    if found := DEVICES.get(name.lower()):
        return found
    near = difflib.get_close_matches(name.lower(), DEVICES, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputFault(f"no device {name!r}; {hint}there are {', '.join(DEVICES)}")
