# amaranth: UnusedElaboratable=no
"""Figures of every entry of the atlas: cells by family, cycles, clocks; cached by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from boards.component import placement, resources
from boards.liberty import find_library
from sw_model.faults import Fault

from .entries import CLOCKED
from .entry import Entry, Name

__all__ = ["DEVICE", "Row", "measure"]

#: Where clocks are measured, and what placing aims at.
DEVICE, CLOCK_MHZ = "ecp5-25k", 150.0

#: Synthesis runs side by side.
WORKERS = 2


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
        the kind is of another family.
    um2 : float or None
        Of the IHP library; None where it is not at hand.
    ffs : float
        On ECP5.
    dsps, ecp5_with_dsps : float
        DSP blocks and area on ECP5 where synthesis may take them.
    mhz : float or None
        After placement on ECP5, of representatives.
    note : str
        How the equal work comes about, where that is not plain.
    """

    kind: str
    activations: str
    weights: str
    rows: int = 1
    cycles: int
    latency: int
    ecp5: float | None
    ice40: float | None
    xilinx: float | None
    um2: float | None
    ffs: float
    dsps: float
    ecp5_with_dsps: float
    mhz: float | None
    note: str = ""

    @property
    def name(self) -> Name:
        return Name(self.kind, self.activations, self.weights)

    @property
    def area_cycles(self) -> float:
        """Area of ECP5 times cycles."""
        return (self.ecp5 or 0) * self.cycles


def measure(chosen: Iterable[Entry], progress: Callable[[str], None], *, clocks: bool = True
            ) -> list[Row]:
    """A row for each entry, in order.

    Raises
    ------
    Fault
        If a tool is missing or fails.
    """
    chosen = list(chosen)
    try:
        find_library()
        library = True
    except Fault:
        library = False
    done = 0

    def row(entry: Entry) -> Row:
        nonlocal done
        found = _row(entry, library, clocks=clocks)
        done += 1
        progress(f"{done} of {len(chosen)}: {entry.kind}, {entry.activations} x {entry.weights}")
        return found

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(row, chosen))


def _row(entry: Entry, library: bool, *, clocks: bool) -> Row:
    def cells(family: str, *, dsp: bool = False) -> Any:
        """Resources of a family; None if the kind is of another."""
        if entry.family not in (None, family):
            return None
        return resources(entry.make(), [family], dsp=dsp)[family]

    def share(whole: float) -> float:
        """Of each row; whole numbers stay whole."""
        return whole if entry.rows == 1 else whole / entry.rows

    logic, rich = cells("ecp5"), cells("ecp5", dsp=True)
    ice40, xilinx = cells("ice40"), cells("xilinx")
    gates = cells("ihp") if library else None
    mhz = None
    if clocks and entry.name in CLOCKED:
        mhz = min(placement(entry.make(), DEVICE, CLOCK_MHZ).clocks.values())
    assert logic is not None
    assert rich is not None
    return Row(
        **entry.name._asdict(), rows=entry.rows, cycles=entry.cycles, latency=entry.latency,
        ecp5=share(logic.area),
        ice40=None if ice40 is None else share(ice40.area),
        xilinx=None if xilinx is None else share(xilinx.lut_count),
        um2=None if gates is None else share(gates.area), ffs=share(logic.ffs),
        dsps=share(rich.dsps), ecp5_with_dsps=share(rich.area), mhz=mhz, note=entry.note)
