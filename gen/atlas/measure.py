# amaranth: UnusedElaboratable=no
"""Figures of every entry of the atlas: cells by family, cycles, clocks; cached by content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from boards.cache import digest_of
from boards.component import (
    clock_depends_on,
    placement,
    placing_options,
    resources_of,
    timing,
    timing_flow,
)
from boards.devices import device
from boards.liberty import find_library
from boards.yosys import Options, synthesis_depends_on
from hw.verilog import to_verilog
from sw_model.faults import Fault, ToolMissing

from .entries import CLOCKED
from .entry import FAMILIES, Entry, Name
from .row import Row

__all__ = ["DEVICE", "measure"]

#: Where clocks are measured, and what placing aims at.
DEVICE, CLOCK_MHZ = "ecp5-25k", 150.0

#: Synthesis runs side by side.
WORKERS = 2


def measure(chosen: Iterable[Entry], progress: Callable[[str], None], *, clocks: bool = True,
            known: Mapping[Name, Row] = MappingProxyType({})) -> list[Row]:
    """A row for each entry, in order.

    Parameters
    ----------
    chosen : iterable of Entry
    progress : callable
        Told of each row that is done.
    clocks : bool
        Whether to place representatives.
    known : mapping
        Rows that were measured before, by name: they are taken where their content is the same.

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
        found = _row(entry, library, clocks=clocks, known=known)
        done += 1
        progress(f"{done} of {len(chosen)}: {entry.kind}, {entry.activations} x {entry.weights}")
        return found

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(row, chosen))


def _row(entry: Entry, library: bool, *, clocks: bool, known: Mapping[Name, Row]) -> Row:
    made = {family: entry.make(family) for family in entry.families if entry.differs(family)}
    plain = entry.make(entry.families[0])
    latency = plain.latency
    texts = {family: to_verilog(component, "unit") for family, component in made.items()}
    text = to_verilog(plain, "unit")
    content = _content(entry, latency, {family: texts.get(family, text) for family in FAMILIES})
    if entry.name in known and known[entry.name].content == content:
        return known[entry.name]
    placed = _placed(entry, text, library) if clocks and entry.name in CLOCKED else {}

    def cells(family: str, *, dsp: bool = False) -> Any:
        """Resources of a family; None if that is not to be measured."""
        if not _is_wanted(entry, family, dsp) or (family == "ihp" and not library):
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
        ecp5_with_dsps=share(rich), ice40_dsps=share(slim, "dsps"),
        ice40_with_dsps=share(slim), xilinx_dsps=share(large, "dsps"),
        xilinx_with_dsps=share(large, "lut_count"),
        **placed, note=entry.note,
        content=content if library and (clocks or entry.name not in CLOCKED) else "")


def _is_wanted(entry: Entry, family: str, dsp: bool) -> bool:
    """Whether a family's cells are measured, without its DSP blocks or with them."""
    if not dsp:
        return family in entry.logic
    return family in (entry.families if family == "ecp5" else entry.multiplied)


def _content(entry: Entry, latency: int, texts: Mapping[str, str]) -> str:
    """Digest of what a row depends on, but for the standard-cell library.

    Without nextpnr it is that of no row with a clock.
    """
    parts: list[str | bytes] = [*entry.name, entry.note, f"{entry.rows} {entry.cycles} {latency}"]
    for dsp in (False, True):
        for family in FAMILIES:
            if _is_wanted(entry, family, dsp):
                options = Options(flatten=True, dsp=dsp)
                parts += [*synthesis_depends_on(family, "unit", options), texts[family]]
    if entry.name in CLOCKED:
        parts.append(json.dumps(timing_flow("")))
        with suppress(ToolMissing):
            parts += clock_depends_on(device(DEVICE), CLOCK_MHZ, dsp=not entry.logic)
    return digest_of(parts)[:16]


def _placed(entry: Entry, text: str, library: bool) -> dict[str, Any]:
    """Clock and longest path, each with the area of the netlist that it is of."""
    dsp = not entry.logic
    delay = placing_options(device(DEVICE), CLOCK_MHZ, dsp=dsp).delay_ps
    cells = resources_of(text, "ecp5", dsp=dsp, delay_ps=delay)
    mhz = min(placement(entry.make(), DEVICE, CLOCK_MHZ, dsp=dsp).clocks.values())
    found = {"mhz": mhz, "ecp5_at_mhz": cells.area / entry.rows}
    if library and not dsp:
        timed = timing(entry.make("ihp"))
        found |= {"ps": timed.ps, "um2_at_ps": timed.um2 / entry.rows}
    return found
