# amaranth: UnusedElaboratable=no
"""Cells, rate, latency and row gap of every unit of the catalogue, on ECP5 and iCE40.

One row for each variant of each unit but the dense layer, whose processing elements
``python -m bench.atlas`` measures, so that no unit can be forgotten: on one lane (a quotient on
two), with the own parameters of the catalogue, and a multiplier for each channel of sums.
What is synthesised is cached by content. On ECP5 products take DSP blocks, on iCE40 (an HX, which
has none) lookup tables. Memories that stream into a unit stand beside it and are not counted.

    python -m bench.library [--json | --markdown]

``--markdown`` prints the table of docs/units.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from boards.component import resources
from boards.devices import device
from boards.yosys import version
from gen.alone import component_of
from gen.catalogue import catalogue
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document

from .record import command, versions

__all__ = ["HEAD", "Case", "cases", "figures", "lines", "main", "markdown", "measure"]

#: By the name that Yosys knows the family by, the device that units are made for.
DEVICES = {"ecp5": "ecp5-85k", "ice40": "ice40-hx8k"}

#: What units are given that have no default for everything, or one of few bits.
NEEDED = {"argmax": ("length=64",), "multiply_add_shift": ("scale=random(1)",),
          "rescale": ("scale=random(1)",)}

#: What else there is of some variants: a component of its own.
MORE = {("sigmoid", "logistic"): ("source=int16",), ("sigmoid", "tanh"): ("source=int16",)}

#: The table's columns.
HEAD = ("unit", "variant", "interval", "latency", "row gap", "ECP5", "FF", "DSP", "BRAM",
        "iCE40", "FF", "BRAM")


class Case(NamedTuple):
    """A variant of a unit, and all that it is given, as ``gatemill unit`` takes it."""

    unit: str
    name: str
    given: tuple[str, ...]


def cases() -> Iterator[Case]:
    """Every variant, in the catalogue's order."""
    for variant in catalogue():
        if variant.unit == "dense":
            continue
        own = (f"{variant.choice}={variant.kind}",) if variant.choice else ()
        named = any(key.name == "lanes" for key in variant.parameters)
        given = (*own, *NEEDED.get(variant.unit, ()), *(("lanes=1",) if named else ()))
        name = variant.kind if variant.choice else ""
        yield Case(variant.unit, name, given)
        if more := MORE.get((variant.unit, variant.kind)):
            yield Case(variant.unit, ", ".join((name, *more)), (*given, *more))


def figures(unit: str, given: Sequence[str], family: str) -> dict[str, Any]:
    """What a unit takes of a family, and when it gives its results."""
    request = unit_request(unit, parameters_document(unit, given))
    made: Any = component_of(request, device(DEVICES[family]))
    gap = getattr(made, "row_gap", None)
    times = {"interval": made.interval, "latency": made.latency, "row_gap": gap}
    dsp = device(DEVICES[family]).dsps > 0
    total = resources(made, (family,), dsp=dsp)[family]
    return {**times, "luts": total.lut_count, "carry": total.carry, "ffs": total.ffs,
            "dsps": total.dsps, "brams": total.block_rams, "area": total.area}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case in turn, with the tools' versions."""
    rows = []
    for case in cases():
        progress(f"library: {case.unit} {case.name}")
        rows.append({**case._asdict(), **{
            family: figures(case.unit, case.given, family) for family in DEVICES}})
    return {"bench": "library", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row's cells, as :data:`HEAD` names them."""
    ecp5, ice40 = row["ecp5"], row["ice40"]
    times = []
    for key in ("interval", "latency", "row_gap"):
        both = dict.fromkeys(f"{each[key]}" for each in (ecp5, ice40) if each[key] is not None)
        times.append(", ".join(both))
    return (row["unit"], row["name"], *times, _luts(ecp5), f"{ecp5['ffs']:,}",
            f"{ecp5['dsps']:g}", f"{ecp5['brams']:g}", _luts(ice40), f"{ice40['ffs']:,}",
            f"{ice40['brams']:g}")


def _luts(cells: dict[str, Any]) -> str:
    return f"{cells['luts']:,g}" + (f" + {cells['carry']:,g}" if cells["carry"] else "")


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table, LUTs and carry cells in a cell."""
    rows = [HEAD, *map(_cells, result["rows"])]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) if k < 2 else cell.rjust(width)
                      for k, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows]


def markdown(result: dict[str, Any]) -> list[str]:
    """The result as a table of :data:`HEAD`."""
    rows = [(f"`{cells[0]}`", f"`{cells[1]}`" if cells[1] else "", *cells[2:])
            for cells in map(_cells, result["rows"])]
    return [f"| {' | '.join(cells)} |" for cells in (HEAD, len(HEAD) * ("---",), *rows)]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.library", __doc__, measure, lines, arguments, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
