"""The atlas of processing elements: every kind with every format at equal work.

The whole table and a picture of it are ``results/atlas/atlas.md`` and ``atlas.svg``, as of
``gatemill units --atlas``; what was synthesised before is not again.

    python -m bench.atlas [--json | --docs]

``--docs`` also writes them to docs/.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from boards.place import find_tool
from boards.yosys import version
from gen.atlas.entries import entries
from gen.atlas.measure import measure as measure_entries
from gen.atlas.report import as_dict, write

from . import record
from .record import finish, tell, versions

__all__ = ["DOCS", "lines", "main", "measure"]

#: Where the table is read.
DOCS = Path(__file__).parents[1] / "docs"


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every entry, with claims and conclusions."""
    rows = measure_entries(entries(), lambda text: progress(f"atlas: {text}"))
    write(rows, record.RESULTS / "atlas")
    return {"bench": "atlas", **as_dict(rows),
            "versions": versions("amaranth") | {"yosys": version(),
                                                "nextpnr": find_tool("ecp5").version}}


def lines(result: dict[str, Any]) -> list[str]:
    """What papers claim beside what was found, and what follows."""
    table = [f"atlas: {len(result['rows'])} entries, of {result['work']}",
             f"{'figure':<12} {'claimed':>8} {'found':>7}  {'holds':<10} compared"]
    table += [f"{each['figure']:<12} {each['claimed']:>8.2f} {each['found']:>7.2f}  "
              f"{each['verdict']:<10} {each['numerator']} / {each['denominator']}"
              for each in result["claims"]]
    return [*table, *result["conclusions"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.atlas", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--docs", action="store_true", help="also write docs/atlas.*")
    given = parser.parse_args(arguments)
    finish(measure(tell), lines, as_json=given.json)
    if given.docs:
        for name in ("atlas.md", "atlas.svg"):
            shutil.copyfile(record.RESULTS / "atlas" / name, DOCS / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
