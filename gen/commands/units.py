"""``gatemill units``: the catalogue, the atlas of processing elements, errors and areas."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..cli import Json, progress, show

if TYPE_CHECKING:
    from ..catalogue import Variant

__all__ = ["units"]


def units(
    atlas: Annotated[bool, typer.Option(
        "--atlas", help="Synthesise every kind of processing element with formats of every family "
                        "instead, and write table and picture.")] = False,
    errors: Annotated[bool, typer.Option(
        "--errors", help="Measure error and area of every way to compute softmax, GELU, SiLU, "
                         "exponentials and reciprocals instead, and write table and picture.")
    ] = False,
    out: Annotated[Path, typer.Option(
        "-o", "--out", help="Folder for tables and pictures.")] = Path("build/units"),
    clocks: Annotated[bool, typer.Option(
        help="Whether to place representatives of the atlas and measure their clocks.")] = True,
    anew: Annotated[bool, typer.Option(
        "--anew", help="Take no row that Gatemill ships: measure all that is not cached here, for "
                       "some hours. Else only what is not as it was when they were measured."
    )] = False,
    as_json: Json = False,
) -> None:
    """List every unit that can be built alone, with its variants and parameters."""
    if atlas:
        _atlas(out, clocks, anew, as_json)
        return
    if errors:
        _errors(out, as_json)
        return
    from ..catalogue import catalogue

    variants = catalogue()
    text = []
    for unit in dict.fromkeys(variant.unit for variant in variants):
        text.append(_text([variant for variant in variants if variant.unit == unit]))
    show([variant.as_dict() for variant in variants], "\n\n".join(text), as_json)


def _atlas(out: Path, clocks: bool, anew: bool, as_json: bool) -> None:
    """Measure, and write table and picture."""
    with progress(as_json) as report:
        from ..atlas.entries import entries
        from ..atlas.measure import measure
        from ..atlas.record import recorded
        from ..atlas.report import as_dict, markdown, write

        rows = measure(entries(), report, clocks=clocks, known={} if anew else recorded())
        write(rows, out)
    show(as_dict(rows), f"{markdown(rows)}\n{out}: atlas.json, atlas.md, atlas.svg", as_json)


def _errors(out: Path, as_json: bool) -> None:
    """Measure, and write table and picture."""
    with progress(as_json) as report:
        from ..tradeoffs.measure import measure
        from ..tradeoffs.report import as_dict, markdown, write
        from ..tradeoffs.variants import variants

        rows = measure(variants(), report)
        write(rows, out)
    show(as_dict(rows), f"{markdown(rows)}\n{out}: errors.json, errors.md, errors.svg", as_json)


def _text(variants: list[Variant]) -> str:
    """One unit for people."""
    first = variants[0]
    lines = [first.unit, _wrapped(first.summary, 2)]
    if first.paper:
        lines.append(_wrapped(f"Source: {first.paper}.", 2))
    if first.comparison:
        lines.append(f"  Measured beside other ways: {first.comparison}.")
    for key in first.parameters:
        default = "required" if key.required else (
            "" if key.default is None else f"default {key.default}")
        if key.name == first.choice:
            default = ""
        notes = "; ".join(part for part in (key.type, default) if part)
        text = _wrapped(f"{key.meaning} [{notes}]", 18)
        lines.append(f"  {key.name:<15} {text.lstrip()}")
    return "\n".join(lines)


def _wrapped(text: str, indent: int) -> str:
    return textwrap.fill(text, 98, initial_indent=" " * indent, subsequent_indent=" " * indent)
