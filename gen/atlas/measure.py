# amaranth: UnusedElaboratable=no
"""Figures of every entry of the atlas: cells by family, cycles, clocks; cached by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from boards.component import placement, resources_of, timing
from boards.liberty import find_library
from hw.verilog import to_verilog
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
    dsps: float | None
    ecp5_with_dsps: float | None
    ice40_dsps: float | None = None
    ice40_with_dsps: float | None = None
    xilinx_dsps: float | None = None
    xilinx_with_dsps: float | None = None
    mhz: float | None = None
    ecp5_at_mhz: float | None = None
    ps: float | None = None
    um2_at_ps: float | None = None
    note: str = ""

    @property
    def name(self) -> Name:
        return Name(self.kind, self.activations, self.weights)


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
    made = {family: entry.make(family) for family in entry.families if entry.differs(family)}
    plain = entry.make(entry.families[0])
    latency = plain.latency
    texts = {family: to_verilog(component, "unit") for family, component in made.items()}
    text = to_verilog(plain, "unit")

    def cells(family: str, *, dsp: bool = False) -> Any:
        """Resources of a family; None if that is not to be measured."""
        chosen = entry.logic if not dsp else entry.families if family == "ecp5" else (
            entry.multiplied)
        if family not in chosen or (family == "ihp" and not library):
            return None
        return resources_of(texts.get(family, text), family, dsp=dsp)

    def share(cells: Any, figure: str = "area") -> Any:
        """Of each row; whole numbers stay whole."""
        if cells is None:
            return None
        whole = getattr(cells, figure)
        return whole if entry.rows == 1 else whole / entry.rows

    ecp5, ice40, xilinx = (cells(family) for family in ("ecp5", "ice40", "xilinx"))
    rich, slim, large = (cells(family, dsp=True) for family in ("ecp5", "ice40", "xilinx"))
    first = next(each for each in (ecp5, ice40, xilinx, rich, slim, large) if each is not None)
    return Row(
        **entry.name._asdict(), rows=entry.rows, cycles=entry.cycles, latency=latency,
        ecp5=share(ecp5), ice40=share(ice40), xilinx=share(xilinx, "lut_count"),
        um2=share(cells("ihp")), ffs=share(first, "ffs"), dsps=share(rich, "dsps"),
        ecp5_with_dsps=share(rich), ice40_dsps=share(slim or ice40, "dsps"),
        ice40_with_dsps=share(slim), xilinx_dsps=share(large, "dsps"),
        xilinx_with_dsps=share(large, "lut_count"),
        **(_placed(entry, text, library) if clocks and entry.name in CLOCKED else {}),
        note=entry.note)


def _placed(entry: Entry, text: str, library: bool) -> dict[str, Any]:
    """Clock and longest path, each with the area of the netlist that it is of."""
    dsp = not entry.logic
    cells = resources_of(text, "ecp5", dsp=dsp, delay_ps=round(500_000 / CLOCK_MHZ))
    mhz = min(placement(entry.make(), DEVICE, CLOCK_MHZ, dsp=dsp).clocks.values())
    found = {"mhz": mhz, "ecp5_at_mhz": cells.area / entry.rows}
    if library and not dsp:
        timed = timing(entry.make("ihp"))
        found |= {"ps": timed.ps, "um2_at_ps": timed.um2 / entry.rows}
    return found
