# amaranth: UnusedElaboratable=no
"""Figures of every entry of the atlas: cells by family, cycles, clocks; cached by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from boards.component import placement, resources
from boards.liberty import find_library
from hw.pe import PE_KINDS
from sw_model.faults import Fault

from .entries import CLOCKED, Entry

__all__ = ["DEVICE", "Row", "measure"]

#: Where clocks are measured, and what placing aims at.
DEVICE, CLOCK_MHZ = "ecp5-25k", 150.0

#: Synthesis runs side by side.
WORKERS = 2


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a dot product of 16 pairs takes.

    Parameters
    ----------
    kind, activations, weights : str
    cycles, latency : int
        Between two dot products, and from operands to result.
    ecp5, ice40, xilinx : int or None
        LUT4 + 2 for each CCU2C, LUT4, and LUTs of any size, all without DSP blocks; None where
        the kind is of another family.
    um2 : float or None
        Of the IHP library; None where it is not at hand.
    ffs : int
        On ECP5.
    dsps, ecp5_with_dsps : float
        DSP blocks and area on ECP5 where synthesis may take them.
    mhz : float or None
        After placement on ECP5, of representatives.
    """

    kind: str
    activations: str
    weights: str
    cycles: int
    latency: int
    ecp5: int | None
    ice40: int | None
    xilinx: int | None
    um2: float | None
    ffs: int
    dsps: float
    ecp5_with_dsps: float
    mhz: float | None

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
    kind = PE_KINDS[entry.kind]
    unit = kind(entry.spec)

    def cells(family: str, *, dsp: bool = False) -> Any:
        """Resources of a family; None if the kind is of another."""
        if kind.family not in (None, family):
            return None
        return resources(kind(entry.spec), [family], dsp=dsp)[family]

    logic, rich = cells("ecp5"), cells("ecp5", dsp=True)
    ice40, xilinx = cells("ice40"), cells("xilinx")
    gates = cells("ihp") if library else None
    mhz = None
    if clocks and entry in CLOCKED:
        mhz = min(placement(kind(entry.spec), DEVICE, CLOCK_MHZ).clocks.values())
    assert logic is not None
    assert rich is not None
    return Row(
        kind=entry.kind, activations=entry.activations, weights=entry.weights,
        cycles=entry.cycles, latency=unit.latency, ecp5=logic.area,
        ice40=None if ice40 is None else ice40.area,
        xilinx=None if xilinx is None else xilinx.lut_count,
        um2=None if gates is None else gates.area, ffs=logic.ffs, dsps=rich.dsps,
        ecp5_with_dsps=rich.area, mhz=mhz)
