"""What of a row is compared, on each technology."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .row import Row

__all__ = ["FIGURES", "TECHNOLOGIES", "area_of"]

#: Columns of areas: LUTs of three FPGA families, and square micrometres.
TECHNOLOGIES = ("ECP5", "iCE40", "Xilinx", "um2")

_AREAS: Mapping[str, Callable[[Row], float | None]] = {
    "ECP5": lambda row: row.ecp5, "iCE40": lambda row: row.ice40,
    "Xilinx": lambda row: row.xilinx, "um2": lambda row: row.um2}


def area_of(row: Row, technology: str) -> float | None:
    """Area of logic, in the technology's unit; None where it was not measured."""
    return _AREAS[technology](row)


def _area_cycles(row: Row, technology: str) -> float | None:
    area = area_of(row, technology)
    return None if area is None else area * row.cycles


def _cycles(row: Row, technology: str) -> float | None:
    return None if area_of(row, technology) is None else row.cycles


def _period(row: Row, technology: str) -> float | None:
    """In nanoseconds: of a clock after placement, or of the longest path without wires."""
    if technology == "ECP5" and row.mhz:
        return 1000 / row.mhz
    if technology == "um2" and row.ps:
        return row.ps / 1000
    return None


def _area_period(row: Row, technology: str) -> float | None:
    """Of one netlist: the one that was placed, or that was mapped for delay."""
    period = _period(row, technology)
    area = {"ECP5": row.ecp5_at_mhz, "um2": row.um2_at_ps}.get(technology)
    return None if period is None or area is None else period * area


def _dsps(row: Row, technology: str) -> float | None:
    return {"ECP5": row.dsps, "iCE40": row.ice40_dsps, "Xilinx": row.xilinx_dsps}.get(technology)


#: Figures of a row, by technology; None where there is none.
FIGURES: Mapping[str, Callable[[Row, str], float | None]] = {
    "area": area_of, "area x cycles": _area_cycles, "cycles": _cycles, "period": _period,
    "area x period": _area_period, "DSP blocks": _dsps}
