"""``gatemill formats``: which number format holds a tensor best in so many bits."""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sw_model.faults import InputFault

from ..cli import Json, progress, show

if TYPE_CHECKING:
    from ..explore.picker import Choice, Picked

__all__ = ["formats"]

COLUMNS = ("format", "family", "bits", "SQNR dB", "MSE", "largest error", "")


def formats(
    tensor: Annotated[Path, typer.Argument(help="A tensor of real numbers, as .npy.")],
    budget: Annotated[float, typer.Option(
        help="Bits for each element, scales included.")] = 8.5,
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="A report to write, .html, with a plot.")] = None,
    as_json: Json = False,
) -> None:
    """The error of every number format on a tensor, its bits, and a recommendation."""
    if not 0 < budget <= 64:
        raise InputFault(f"--budget: {budget:g} bits, but must be above 0 and at most 64")
    with progress(as_json) as report:
        from ..explore.picker import pick, read_tensor

        report("reading the tensor")
        values = read_tensor(tensor)
        picked = pick(values, budget, report)
        if out is not None:
            report("drawing")
            _write(out, page(picked, tensor.name))
    show(picked.as_dict(), "\n".join(lines(picked, out)), as_json)


def cells(choice: Choice, picked: Picked) -> tuple[str, ...]:
    """A row of the table."""
    mark = "recommended" if choice == picked.best else "*" if choice.pareto else ""
    sqnr = "exact" if choice.sqnr == math.inf else f"{choice.sqnr:.2f}"
    return (choice.name, choice.family, f"{choice.bits:.4f}", sqnr, f"{choice.mse:.4g}",
            f"{choice.largest:.4g}", mark)


def excluded(picked: Picked) -> dict[str, list[str]]:
    """The formats that do not take the tensor, by reason."""
    found: dict[str, list[str]] = {}
    for each in picked.excluded:
        found.setdefault(each.reason, []).append(each.name)
    return found


def lines(picked: Picked, out: Path | None) -> list[str]:
    """The table for people, and the recommendation."""
    def row(texts: tuple[str, ...]) -> str:
        name, family, *numbers, mark = texts
        return (f"{name:<34}{family:<10}"
                + "".join(f"{number:>14}" for number in numbers) + f"  {mark}").rstrip()

    table = [row(COLUMNS), *(row(cells(choice, picked)) for choice in picked.choices)]
    table += [f"not for this tensor ({reason}): {', '.join(names)}"
              for reason, names in excluded(picked).items()]
    best = picked.best
    table += ["", "* has the least error of all formats of as many bits or fewer",
              f"recommended for {picked.budget:g} bits: {best.name} ({best.bits:.4g} bits, "
              f"{cells(best, picked)[3]}{'' if best.sqnr == math.inf else ' dB'})"]
    return table if out is None else [*table, f"report: {out}"]


def page(picked: Picked, name: str) -> str:
    """The report: picture and table."""
    from ..explore.picture import picture

    def row(texts: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) + "</tr>"

    rows = "\n".join(row(cells(choice, picked), "td") for choice in picked.choices)
    reasons = [f"{reason}: {', '.join(names)}" for reason, names in excluded(picked).items()]
    others = "\n".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    best = picked.best
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Formats for {html.escape(name)}</title>
<style>body {{ font-family: sans-serif; margin: 2em; }} td, th {{ padding: 0 1em 0 0;
text-align: left; }} td:nth-child(n+3), th:nth-child(n+3) {{ text-align: right; }}</style></head>
<body><h1>Formats for {html.escape(name)}</h1>
<p>Recommended for {picked.budget:g} bits: <b>{html.escape(best.name)}</b>,
{best.bits:.4g} bits for each element. The line joins the formats of which no other has fewer
bits and no more error; they are marked * below.</p>
{picture(picked)}
<table>{row(COLUMNS, "th")}
{rows}
</table>
<h2>Not for this tensor</h2>
<ul>{others or "<li>none</li>"}</ul>
</body></html>
"""


def _write(path: Path, text: str) -> None:
    from ..folder import write_whole

    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise InputFault(f"{path}: cannot be written ({error.strerror})") from error
