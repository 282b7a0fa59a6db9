"""A row of the atlas: what a dot product of 16 pairs takes."""

from __future__ import annotations

import msgspec

from .entry import Name

__all__ = ["Row"]

#: Whole numbers stay whole when they are read.
Figure = int | float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a dot product of 16 pairs takes: a row's share, where several are computed at once.

    Parameters
    ----------
    kind, activations, weights : str
    rows : int
        Dot products that are computed at once; what follows is a share of the whole.
    cycles, latency : int
        Between two dot products, and from operands to result.
    ecp5, ice40, xilinx : float or None
        LUT4 + 2 for each CCU2C, LUT4, and LUTs of any size, all without DSP blocks; None where
        the kind is not for that family, or for its DSP blocks.
    um2 : float or None
        Of the IHP library; None where it is not at hand.
    ffs : float
        On the first of these families.
    dsps, ecp5_with_dsps : float or None
        DSP blocks and area on ECP5 where synthesis may take them.
    ice40_dsps, ice40_with_dsps, xilinx_dsps, xilinx_with_dsps : float or None
        The same on iCE40, of kinds that are made for its DSP blocks, and on Xilinx, of all that
        are made for some.
    mhz, ecp5_at_mhz : float or None
        After placement on ECP5, of representatives, without DSP blocks if they make sense without;
        and the area of the netlist that was placed, which is mapped for that clock and not for
        area.
    ps, um2_at_ps : float or None
        The longest path on the IHP library, gates without wires, of representatives; and the
        area of that netlist, which is mapped for delay.
    note : str
        How the equal work comes about, where that is not plain.
    content : str
        Digest of all that the figures depend on: netlists, commands, tools. Empty where some of
        them were not measured.
    """

    kind: str
    activations: str
    weights: str
    rows: int = 1
    cycles: int
    latency: int
    ecp5: Figure | None = None
    ice40: Figure | None = None
    xilinx: Figure | None = None
    um2: Figure | None = None
    ffs: Figure
    dsps: Figure | None = None
    ecp5_with_dsps: Figure | None = None
    ice40_dsps: Figure | None = None
    ice40_with_dsps: Figure | None = None
    xilinx_dsps: Figure | None = None
    xilinx_with_dsps: Figure | None = None
    mhz: Figure | None = None
    ecp5_at_mhz: Figure | None = None
    ps: Figure | None = None
    um2_at_ps: Figure | None = None
    note: str = ""
    content: str = ""

    @property
    def name(self) -> Name:
        return Name(self.kind, self.activations, self.weights)
