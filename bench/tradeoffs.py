"""Error against area of every way to compute softmax, GELU, SiLU, exponentials and reciprocals.

The whole table and a picture of it are ``results/units/errors.md`` and ``errors.svg``, as of
``gatemill units --errors``; what was synthesised before is not again.

    python -m bench.tradeoffs [--json | --markdown]

``--markdown`` prints the table of docs/tradeoffs.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from boards.yosys import version
from gen.tradeoffs.measure import Row
from gen.tradeoffs.measure import measure as measure_variants
from gen.tradeoffs.report import as_dict, table, write
from gen.tradeoffs.variants import variants

from . import record
from .record import command, versions

__all__ = ["lines", "main", "markdown", "measure"]


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every way, the best of each function marked."""
    rows = measure_variants(variants(), lambda text: progress(f"tradeoffs: {text}"))
    write(rows, record.RESULTS / "units")
    return {"bench": "tradeoffs", **as_dict(rows),
            "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """Of each function the ways that none is better than."""
    head = [f"{'function':<11} {'way':<36} {'error':>9} {'ECP5':>7} {'iCE40':>7} {'latency':>8}"]
    return [*head, *(
        f"{row['family']:<11} {row['name']:<36} {row['error']:>9.2g} {row['ecp5']:>7,} "
        f"{row['ice40']:>7,} {row['latency']:>8}" for row in result["rows"] if row["best"])]


def markdown(result: dict[str, Any]) -> list[str]:
    """All of them, as :func:`gen.tradeoffs.report.table` has them."""
    return table(msgspec.convert(result["rows"], list[Row]))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.tradeoffs", __doc__, measure, lines, arguments, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
