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
from .claims import Finding, findings
from .conclusions import comparisons, conclusions
from .entries import CLOCKED
from .figures import FIGURES, TECHNOLOGIES
from .measure import DEVICE
from .row import Row

__all__ = ["COLUMNS", "as_dict", "markdown", "picture", "write"]

COLUMNS = ("kind", "activations", "weights", "rows", "cycles", "latency", "ECP5", "FF", "iCE40",
           "Xilinx", "um2", *(f"{name} x cycles" for name in TECHNOLOGIES), "ECP5 DSP",
           "with DSP", "iCE40 DSP", "with DSP", "Xilinx DSP", "with DSP", "MHz", "ECP5 at MHz",
           "ps", "um2 at ps", "claims", "how")

#: Of points: for every ten kinds another one.
MARKS = "o^sDv"


def as_dict(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {"work": "a dot product of 16 pairs", "tool": f"Yosys {version()}",
            "rows": [{**msgspec.to_builtins(row), "area_cycles": _area_cycles(row)}
                     for row in rows],
            "claims": msgspec.to_builtins(findings(rows)),
            "comparisons": msgspec.to_builtins(comparisons(rows)),
            "conclusions": conclusions(rows)}


def _stand_for() -> str:
    """Which kinds have no clock since another's speaks for them."""
    said = [f"`{name.kind}` for {', '.join(f'`{other}`' for other in others)}"
            for name, others in CLOCKED.items() if others]
    return f"They stand for others: {'; '.join(said)}."


def _area_cycles(row: Row) -> dict[str, float | None]:
    return {name: FIGURES["area x cycles"](row, name) for name in TECHNOLOGIES}


def markdown(rows: Sequence[Row]) -> str:
    """Table, claims and conclusions."""
    return "\n".join([
        "# Atlas of processing elements", "",
        f"Dot products of 16 pairs by Yosys {version()}. ECP5: LUT4 + 2 for each CCU2C. iCE40: "
        "LUT4. Xilinx: LUTs of any size. um2: IHP SG13G2. All these are without DSP blocks, and "
        "none where an element is made for the family's; `DSP` and `with DSP` are what it takes "
        "where synthesis may use them. Of what computes several rows at once the figures are one "
        "row's share. Cycles are from one dot product to the next: the most, of kinds that skip "
        "zeros.", "",
        f"Representatives have a clock (MHz, after placement on {DEVICE}, without DSP blocks but "
        "of what is made for them) and a longest path (ps, from register to register on the IHP "
        "library, without wires). Netlists are mapped for these, and have an area of their own "
        f"beside them. {_stand_for()}", "",
        "![area over cycles, a mark for each](atlas.svg)", "",
        *_table(COLUMNS, [_cells(row, findings(rows)) for row in rows]), "",
        "## Claims", "",
        "How many times the first takes what the second takes. Claims are judged on the "
        "technology nearest to the paper's; the others stand beside. `less` and `more`: it goes "
        "the way that the paper says, not as far or further. `no`: it does not.", "",
        *_table(("claim", "compared", "figure", "claimed", *TECHNOLOGIES, "judged on",
                 "borne out"), [
            (each.source, f"{each.numerator} / {each.denominator}", each.figure, each.claimed,
             *(_number(each.found.get(name), 2) for name in TECHNOLOGIES), each.technology,
             each.verdict) for each in findings(rows)]), "",
        "## Conclusions", "",
        "A number below 1 pays: it is the best element's figure over that of the best one "
        "without, on that technology.", "",
        *(f"* {line}" for line in conclusions(rows)), "",
        *_table(("question", "by", "of", *TECHNOLOGIES), [
            (each.question, each.figure, each.what,
             *(_against(each.ratios.get(name), each.kinds.get(name)) for name in TECHNOLOGIES))
            for each in comparisons(rows)]), ""])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _against(ratio: float | None, kinds: tuple[str, str] | None) -> str:
    return "" if ratio is None or kinds is None else f"{ratio:.2f} ({kinds[0]} / {kinds[1]})"


def _cells(row: Row, claims: Sequence[Finding]) -> list[str]:
    beside = "; ".join(_beside(claim) for claim in claims if row.name in claim.elements)
    return [row.kind, f"`{row.activations}`", f"`{row.weights}`", str(row.rows), str(row.cycles),
            str(row.latency), *map(_number, (row.ecp5, row.ffs, row.ice40, row.xilinx, row.um2)),
            *map(_number, _area_cycles(row).values()), _few(row.dsps),
            _number(row.ecp5_with_dsps), _few(row.ice40_dsps), _number(row.ice40_with_dsps),
            _few(row.xilinx_dsps), _number(row.xilinx_with_dsps), _number(row.mhz, 1),
            *map(_number, (row.ecp5_at_mhz, row.ps, row.um2_at_ps)), beside, row.note]


def _beside(claim: Finding) -> str:
    """A claim in a few words: whose, what was found on its technology, and the verdict."""
    source, verdict = claim.source.partition(":")[0], claim.verdict.partition(":")[0]
    return (f"{source}: {claim.figure} {claim.claimed}, {claim.found[claim.technology]:.2f} on "
            f"{claim.technology}, {verdict}")


def _few(value: float | None) -> str:
    """A small number of DSP blocks, perhaps a share."""
    return "" if value is None else f"{value:.3g}"


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
            points = [(row.cycles, row.ecp5) for row in rows
                      if row.kind == kind and row.ecp5 is not None]
            if not points:
                continue
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
