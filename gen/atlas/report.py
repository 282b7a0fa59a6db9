"""The atlas as files: a table for people, JSON for machines, a picture."""

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
from .claims import findings
from .conclusions import conclusions
from .measure import DEVICE, Row

__all__ = ["as_dict", "markdown", "picture", "write"]

COLUMNS = ("kind", "activations", "weights", "rows", "cycles", "latency", "ECP5", "FF", "DSP",
           "with DSP", "iCE40", "Xilinx", "um2", "area x cycles", "MHz", "how")

#: Of points: for every ten kinds another one.
MARKS = "o^sDv"


def as_dict(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {"work": "a dot product of 16 pairs", "tool": f"Yosys {version()}",
            "rows": [{**msgspec.to_builtins(row), "area_cycles": row.area_cycles}
                     for row in rows],
            "claims": msgspec.to_builtins(findings(rows)), "conclusions": conclusions(rows)}


def markdown(rows: Sequence[Row]) -> str:
    """Table, claims and conclusions."""
    lines = [
        "# Atlas of processing elements", "",
        f"Dot products of 16 pairs by Yosys {version()}. ECP5: LUT4 + 2 for each CCU2C, without "
        "DSP blocks; `DSP` and `with DSP` are what synthesis takes where it may use them. iCE40: "
        "LUT4. Xilinx: LUTs of any size. um2: IHP SG13G2. Of what computes several rows at once "
        "the figures are one row's share. Cycles are from one dot product to the next: the most, "
        f"of kinds that skip zeros. MHz: after placement on {DEVICE}, of representatives.", "",
        "![area over cycles, a mark for each](atlas.svg)", "",
        _row(COLUMNS), _row(["---"] * len(COLUMNS)), *(_row(_cells(row)) for row in rows), "",
        "## Claims", "",
        _row(("claim", "compared", "figure", "claimed", "found", "borne out")),
        _row(["---"] * 6),
        *(_row((each.source, f"{each.numerator} / {each.denominator}", each.figure,
                f"{each.claimed:.2f}", f"{each.found:.2f}", each.verdict))
          for each in findings(rows)), "",
        "## Conclusions", "", *(f"* {line}" for line in conclusions(rows)), ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    def number(value: float | None, digits: int = 0) -> str:
        return "" if value is None else f"{value:,.{digits}f}"

    return [row.kind, f"`{row.activations}`", f"`{row.weights}`", str(row.rows), str(row.cycles),
            str(row.latency), number(row.ecp5), number(row.ffs), f"{row.dsps:.3g}",
            number(row.ecp5_with_dsps), number(row.ice40), number(row.xilinx), number(row.um2),
            number(row.area_cycles), number(row.mhz, 1), row.note]


def picture(rows: Sequence[Row]) -> str:
    """Area over cycles, a mark for each kind: one ``<svg>``, the same bytes for the same rows."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "gatemill", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 8), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for number, kind in enumerate(dict.fromkeys(row.kind for row in rows)):
            points = [(row.cycles, row.ecp5) for row in rows if row.kind == kind]
            cycles, areas = zip(*points, strict=True)
            axes.scatter(cycles, areas, s=24, color=f"C{number % 10}",
                         marker=MARKS[number // 10 % len(MARKS)], label=kind)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("cycles for a dot product of 16 pairs")
        axes.set_ylabel("LUT4 + 2 for each CCU2C, ECP5, of a row")
        axes.grid(alpha=0.3)
        figure.legend(fontsize=7, ncols=5, loc="outside lower center")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg"):]


def write(rows: Sequence[Row], out: Path) -> None:
    """``atlas.json``, ``atlas.md`` and ``atlas.svg`` in a folder, each whole or not at all.

    Raises
    ------
    InputFault
        If they cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in (("atlas.json", json.dumps(as_dict(rows), indent=1) + "\n"),
                           ("atlas.md", markdown(rows)), ("atlas.svg", picture(rows) + "\n")):
            write_whole(out / name, text.encode())
    except OSError as error:
        raise InputFault(f"{out}: cannot be written ({error.strerror})") from error
