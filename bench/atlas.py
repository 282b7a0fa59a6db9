"""The atlas of processing elements: every kind with every format at equal work.

The whole table and a picture of it are ``results/atlas/atlas.md`` and ``atlas.svg``, as of
``gatemill units --atlas``; what was synthesised before is not again.

    python -m bench.atlas [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from boards.place import find_tool
from boards.yosys import version
from gen.atlas.entries import entries
from gen.atlas.measure import measure as measure_entries
from gen.atlas.report import as_dict, write

from . import record
from .record import command, versions

__all__ = ["lines", "main", "measure"]


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
    return command("bench.atlas", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
