"""Families of devices as data: what their cells are, and what the area of a design means there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from sw_model.faults import InputFault

__all__ = ["FAMILIES", "Cell", "Family", "Kind", "family"]


class Kind(Enum):
    """What a cell counts as."""

    LUT = "luts"
    CARRY = "carry"
    WIDE_MUX = "wide_muxes"
    FF = "ffs"
    DSP = "dsps"
    BLOCK_RAM = "block_rams"
    LARGE_RAM = "large_rams"
    LUT_RAM = "lut_rams"
    OTHER = "other"


@dataclass(frozen=True)
class Cell:
    """Cells of one kind.

    Parameters
    ----------
    pattern : str
        Cell types, as a shell pattern.
    kind : Kind
    units : float
        What one cell uses of the device: LUTs for a LUT RAM, 18 x 18 multipliers for a DSP,
        allocation units for a block RAM.
    area : float
        What one cell adds to the family's area.
    """

    pattern: str
    kind: Kind
    units: float = 1
    area: float = 0


@dataclass(frozen=True, kw_only=True)
class Family:
    """A synthesis target.

    Parameters
    ----------
    name : str
    area : str
        What the area counts; shown beside it.
    cells : tuple of Cell
        The first pattern that matches decides; a type that matches none is of kind OTHER.
    """

    name: str
    area: str
    cells: tuple[Cell, ...]

    def cell(self, cell_type: str) -> Cell:
        """What a cell type counts as."""
        return next((cell for cell in self.cells if fnmatchcase(cell_type, cell.pattern)),
                    Cell(cell_type, Kind.OTHER))


#: Every synthesis target, by name.
FAMILIES: dict[str, Family] = {entry.name: entry for entry in (
    # A DPR16X4 takes four LUTs for its bits and shuts two more for its write port.
    Family(name="ecp5", area="LUT4 + 2 per CCU2C", cells=(
        Cell("LUT4", Kind.LUT, 1, 1),
        Cell("CCU2C", Kind.CARRY, 1, 2),
        Cell("PFUMX", Kind.WIDE_MUX),
        Cell("L6MUX21", Kind.WIDE_MUX),
        Cell("TRELLIS_FF", Kind.FF),
        Cell("TRELLIS_DPR16X4", Kind.LUT_RAM, 6),
        Cell("MULT18X18D", Kind.DSP),
        Cell("DP16KD", Kind.BLOCK_RAM),
        Cell("PDPW16KD", Kind.BLOCK_RAM),
    )),
    # A carry cell shares the logic cell of the SB_LUT4 that reads it.
    Family(name="ice40", area="SB_LUT4 (SB_CARRY beside them)", cells=(
        Cell("SB_LUT4", Kind.LUT, 1, 1),
        Cell("SB_CARRY", Kind.CARRY),
        Cell("SB_DFF*", Kind.FF),
        Cell("SB_MAC16", Kind.DSP),
        Cell("SB_RAM40_4K*", Kind.BLOCK_RAM),
        Cell("SB_SPRAM256KA", Kind.LARGE_RAM),
    )),
    Family(name="gowin", area="LUT + ALU", cells=(
        Cell("LUT[1-4]", Kind.LUT, 1, 1),
        Cell("INV", Kind.LUT, 1, 1),
        Cell("ALU", Kind.CARRY, 1, 1),
        Cell("MUX2_LUT*", Kind.WIDE_MUX),
        Cell("DFF*", Kind.FF),
        Cell("RAM16S*", Kind.LUT_RAM, 6),
        Cell("MULT9X9", Kind.DSP, 0.5),
        Cell("MULT36X36", Kind.DSP, 4),
        Cell("MULT*", Kind.DSP),
        Cell("pROM*", Kind.BLOCK_RAM),
        Cell("SPX9", Kind.BLOCK_RAM),
        Cell("SP", Kind.BLOCK_RAM),
        Cell("SDP*", Kind.BLOCK_RAM),
        Cell("DP*", Kind.BLOCK_RAM),
    )),
    # WIDEFN9 is two LUT4 and the multiplexer between them.
    Family(name="nexus", area="LUT4 + 2 per WIDEFN9 + 2 per CCU2", cells=(
        Cell("LUT4", Kind.LUT, 1, 1),
        Cell("INV", Kind.LUT, 1, 1),
        Cell("WIDEFN9", Kind.LUT, 2, 2),
        Cell("CCU2", Kind.CARRY, 1, 2),
        Cell("FD1P3*", Kind.FF),
        Cell("DPR16X4", Kind.LUT_RAM, 6),
        Cell("MULTADDSUB9X9WIDE", Kind.DSP, 2),
        Cell("MULTADDSUB36X36", Kind.DSP, 4),
        Cell("MULT9X9", Kind.DSP, 0.5),
        Cell("MULTPREADD9X9", Kind.DSP, 0.5),
        Cell("MULT18X36", Kind.DSP, 2),
        Cell("MULT36X36", Kind.DSP, 4),
        Cell("MULT*", Kind.DSP),
        Cell("PDPSC512K", Kind.LARGE_RAM),
        Cell("DPSC512K", Kind.LARGE_RAM),
        Cell("SP512K", Kind.LARGE_RAM),
        Cell("PDP*16K*", Kind.BLOCK_RAM),
        Cell("DP16K*", Kind.BLOCK_RAM),
    )),
    Family(name="xilinx", area="LUT1 to LUT6", cells=(
        Cell("LUT[1-6]", Kind.LUT, 1, 1),
        Cell("INV", Kind.LUT, 1, 1),
        Cell("CARRY4", Kind.CARRY),
        Cell("MUXF[78]", Kind.WIDE_MUX),
        Cell("FD[RSCP]E*", Kind.FF),
        Cell("RAM32X1D", Kind.LUT_RAM, 2),
        Cell("RAM64X1D", Kind.LUT_RAM, 2),
        Cell("RAM128X1D", Kind.LUT_RAM, 4),
        Cell("RAM256X1D", Kind.LUT_RAM, 8),
        Cell("RAM128X1S", Kind.LUT_RAM, 2),
        Cell("RAM256X1S", Kind.LUT_RAM, 4),
        Cell("RAM*X1S", Kind.LUT_RAM),
        Cell("RAM*M", Kind.LUT_RAM, 4),
        Cell("SRL*", Kind.LUT_RAM),
        Cell("DSP48*", Kind.DSP),
        Cell("RAMB18E1", Kind.BLOCK_RAM),
        Cell("RAMB36E1", Kind.BLOCK_RAM, 2),
    )),
    # Areas of these cells come from the liberty file. Memories above MACRO_BITS stay out of
    # them: a chip has them made by an SRAM or ROM compiler.
    Family(name="ihp", area="square micrometres of IHP SG13G2 cells", cells=(
        Cell("sg13g2_dfrbp*", Kind.FF),
        Cell("sg13g2_sdf*", Kind.FF),
        Cell("$mem_v2", Kind.BLOCK_RAM),
    )),
)}


def family(name: str) -> Family:
    """The synthesis target of that name.

    Raises
    ------
    InputFault
        If there is none; the message has the nearest spelling and all the names.
    """
    if found := FAMILIES.get(name.lower()):
        return found
    near = difflib.get_close_matches(name.lower(), FAMILIES, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputFault(f"no target {name!r}; {hint}there are {', '.join(FAMILIES)}")
