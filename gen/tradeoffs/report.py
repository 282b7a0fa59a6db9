"""Error against area as files: a table for people, JSON for machines, a picture."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from boards.yosys import version
from sw_model.faults import InputFault

from ..folder import write_whole
from .measure import Row
from .variants import FAMILIES

__all__ = ["COLUMNS", "as_dict", "markdown", "picture", "table", "write"]

COLUMNS = ("function", "way", "best", "largest error", "mean error", "ECP5", "FF", "block RAM",
           "DSP", "with DSP", "iCE40", "cycles", "latency", "unit")


def as_dict(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {"tool": f"Yosys {version()}", "rows": msgspec.to_builtins(list(rows))}


def markdown(rows: Sequence[Row]) -> str:
    """The table."""
    lines = [
        "# Errors and areas", "",
        f"Units of one lane by Yosys {version()}; rows of softmax have 64 elements. ECP5: LUT4 + 2 "
        "for each CCU2C, without DSP blocks; `DSP` and `with DSP` are what synthesis takes where "
        "it may use them. iCE40: LUT4. Errors are against float64, over all codes of the operand, "
        "over normal rows and edge rows for softmax, relative for reciprocals. `best`: no other "
        "way of the same function and operand is as good in error, area and block RAMs on ECP5 and "
        "in cycles from word to word, and better in one of them.", "", *table(rows), ""]
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> list[str]:
    """Its lines."""
    return [_row(COLUMNS), _row(["---"] * len(COLUMNS)), *(_row(_cells(row)) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    given = " ".join(f"-p {each}" for each in row.given)
    return [row.family, row.name, "yes" if row.best else "", f"{row.error:.2g}",
            f"{row.mean_error:.2g}", f"{row.ecp5:,g}", f"{row.ffs:,g}", f"{row.block_rams:g}",
            f"{row.dsps:g}", f"{row.ecp5_with_dsps:,g}", f"{row.ice40:,g}",
            f"{row.interval}", f"{row.latency}", f"`{row.unit} {given}`"]


def picture(rows: Sequence[Row]) -> str:
    """Error over area, a panel for each function, the best in another colour: one ``<svg>``, the
    same bytes for the same rows."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    families = [family for family in FAMILIES if any(row.family == family for row in rows)]
    with matplotlib.rc_context({"svg.hashsalt": "gatemill", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 3.2 * len(families)), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(len(families), 1, squeeze=False)[:, 0]
        for axes, family in zip(panels, families, strict=True):
            own = [row for row in rows if row.family == family]
            axes.scatter([row.ecp5 for row in own], [row.error for row in own], s=18,
                         c=["C1" if row.best else "C0" for row in own])
            for row in own:
                axes.annotate(row.name, (row.ecp5, row.error), fontsize=5, xytext=(3, 2),
                              textcoords="offset points")
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_title(family)
            axes.set_xlabel("LUT4 + 2 for each CCU2C, ECP5, without DSP blocks")
            axes.set_ylabel("largest error")
            axes.grid(alpha=0.3)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg"):]


def write(rows: Sequence[Row], out: Path) -> None:
    """``errors.json``, ``errors.md`` and ``errors.svg`` in a folder, each whole or not at all.

    Raises
    ------
    InputFault
        If they cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in (("errors.json", json.dumps(as_dict(rows), indent=1) + "\n"),
                           ("errors.md", markdown(rows)), ("errors.svg", picture(rows) + "\n")):
            write_whole(out / name, text.encode())
    except OSError as error:
        raise InputFault(f"{out}: cannot be written ({error.strerror})") from error
