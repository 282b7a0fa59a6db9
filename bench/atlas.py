"""The atlas of processing elements: every kind with formats of every family at equal work.

The whole table and a picture of it are ``results/atlas/atlas.md`` and ``atlas.svg``, as of
``gatemill units --atlas``; what was synthesised here before is not again. ``--anew`` takes nothing
from the rows that Gatemill ships.

    python -m bench.atlas [--json | --docs] [--anew]

``--docs`` also writes them to docs/, the conclusions to docs/processing-elements.md, and the rows
to gen/atlas/, with which Gatemill ships them.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from boards.place import find_tool
from boards.yosys import version
from gen.atlas.entries import entries
from gen.atlas.measure import measure as measure_entries
from gen.atlas.record import FILE, encoded, recorded
from gen.atlas.report import as_dict, write
from gen.atlas.row import Row
from gen.folder import write_whole

from . import record
from .record import finish, tell, versions

__all__ = ["DOCS", "concluding", "lines", "main", "measure"]

#: Where the table is read, and the page and its section that draw conclusions from it.
DOCS = Path(__file__).parents[1] / "docs"
PAGE, SECTION = "processing-elements.md", "## What pays"

#: Rows that Gatemill ships.
RECORD = Path(__file__).parents[1] / "gen/atlas" / FILE


def measure(progress: Callable[[str], None] = lambda _: None, *, anew: bool = False
            ) -> dict[str, Any]:
    """Every entry, with claims and conclusions; of rows that were measured before, those whose
    netlists and tools are no longer the same, or all of them."""
    rows = measure_entries(entries(), lambda text: progress(f"atlas: {text}"),
                           known={} if anew else recorded())
    write(rows, record.RESULTS / "atlas")
    return {"bench": "atlas", **as_dict(rows),
            "versions": versions("amaranth") | {"yosys": version(),
                                                "nextpnr": find_tool("ecp5").version}}


def lines(result: dict[str, Any]) -> list[str]:
    """What papers claim beside what was found, and what follows."""
    table = [f"atlas: {len(result['rows'])} entries, of {result['work']}",
             f"{'figure':<13} {'claimed':<16} {'on':<6} {'found':>6}  {'holds':<5} compared"]
    for each in result["claims"]:
        verdict, _, why = each["verdict"].partition(": ")
        table.append(
            f"{each['figure']:<13} {each['claimed']:<16} {each['technology']:<6} "
            f"{each['found'][each['technology']]:>6.2f}  {'-' if why else verdict:<5} "
            f"{each['numerator']} / {each['denominator']}")
    return [*table, *result["conclusions"]]


def concluding(page: str, conclusions: Sequence[str]) -> str:
    """A page whose section :data:`SECTION` has these conclusions for a list."""
    text = "\n".join(textwrap.fill(line, 99, initial_indent="* ", subsequent_indent="  ",
                                   break_on_hyphens=False, break_long_words=False)
                     for line in conclusions)
    return re.sub(rf"({SECTION}\n\n.*?\n\n)(?:\* .*?\n)(?=\n## |\Z)",
                  lambda found: f"{found[1]}{text}\n", page, flags=re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.atlas", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--docs", action="store_true", help="also write docs/atlas.*")
    parser.add_argument("--anew", action="store_true", help="take no rows that are shipped")
    given = parser.parse_args(arguments)
    found = measure(tell, anew=given.anew)
    finish(found, lines, as_json=given.json)
    if given.docs:
        page = DOCS / PAGE
        page.write_text(concluding(page.read_text(encoding="utf-8"), found["conclusions"]),
                        encoding="utf-8")
        for name in ("atlas.md", "atlas.svg"):
            shutil.copyfile(record.RESULTS / "atlas" / name, DOCS / name)
        write_whole(RECORD, encoded(msgspec.convert(found["rows"], list[Row])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
