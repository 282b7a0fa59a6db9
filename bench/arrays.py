"""Build time and memory of square arrays of the parallel PE, with and without ``hw.unique``.

An array of N is a dense layer of N rows of N-lane processing elements on int8: N * N
multipliers. Each build runs in a process of its own, from the component to Verilog.

    python -m bench.arrays [--json] [--sizes 4,8,16,32,64] [--limit SECONDS]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from .record import cpu_seconds, finish, in_process, peak_megabytes, tell, versions

__all__ = ["SIZES", "main", "measure"]

SIZES = (4, 8, 16, 32, 64)

#: Seconds after which a build is given up, and with it every larger one of its kind.
LIMIT = 600.0

WAYS = ("unique", "naive")


class _NoLibrary:
    """Stands in for :class:`hw.unique.Library`: every instance is elaborated anew."""

    def __init__(self) -> None:
        self.modules: dict[str, str] = {}


def build(size: int, way: str) -> dict[str, Any]:
    """Build one array in this process."""
    import hw.verilog
    from hw.array.dense import DenseJob, DenseLayer, DenseSpec
    from sw_model.formats import IntFormat

    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, not {way!r}")
    int8 = IntFormat(8)
    spec = DenseSpec(activations=int8, weights=int8, accumulator=IntFormat(24), bias=None,
                     rows=size, lanes=size, jobs=(DenseJob(size, size),))
    start, cpu = time.perf_counter(), cpu_seconds()
    if way == "unique":
        verilog = hw.verilog.to_verilog(DenseLayer(spec), "array")
    else:
        with patch.object(hw.verilog, "Library", _NoLibrary):
            verilog = hw.verilog.to_verilog(DenseLayer(spec), "array")
    return {"seconds": round(time.perf_counter() - start, 3),
            "cpu_seconds": round(cpu_seconds() - cpu, 3), "peak_mb": peak_megabytes(),
            "verilog_bytes": len(verilog), "modules": verilog.count("\nendmodule")}


def measure(sizes: Sequence[int] = SIZES, limit: float = LIMIT,
            progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Build every size both ways; ``None`` where the limit was passed."""
    rows = []
    hopeless: set[str] = set()
    for size in sizes:
        row: dict[str, Any] = {"size": size}
        for way in WAYS:
            progress(f"array {size}x{size}, {way}")
            found = None if way in hopeless else in_process(
                "bench.arrays", ["--build", str(size), way], timeout=limit)
            if found is None:
                hopeless.add(way)
            row[way] = found
        rows.append(row)
    return {"bench": "arrays", "limit_seconds": limit, "rows": rows,
            "versions": versions("amaranth", "pyosys")}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'array':>8} {'unique':>16} {'naive':>16} {'ratio':>7}"]
    for row in result["rows"]:
        cells = [f"{row[way]['seconds']:.2f} s {row[way]['peak_mb']:.0f} MB" if row[way]
                 else f"> {result['limit_seconds']:g} s" for way in WAYS]
        both = row["unique"] and row["naive"]
        ratio = f"{row['naive']['seconds'] / row['unique']['seconds']:.1f}" if both else ""
        table.append(f"{row['size']:>4}x{row['size']:<3} {cells[0]:>16} {cells[1]:>16} {ratio:>7}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.arrays", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one build")
    parser.add_argument("--build", nargs=2, metavar=("SIZE", "WAY"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.build:
        print(json.dumps(build(int(given.build[0]), given.build[1])))
        return 0
    result = measure([int(size) for size in given.sizes.split(",")], given.limit,
                     tell)
    finish(result, lines, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
