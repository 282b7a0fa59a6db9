"""From a model file to its build folder: seconds and memory, each in a process of its own.

    python -m bench.builds [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .record import cpu_seconds, finish, in_process, model_file, peak_megabytes, tell, versions

__all__ = ["MODELS", "lines", "main", "measure"]

#: Files below ``models/``, by name.
MODELS = {"ad01": "mlperf_tiny/ad01_int8.tflite"}


def build(name: str) -> dict[str, Any]:
    """Build a model by its default plan, in this process; imports are part of it."""
    start = time.perf_counter()
    from gen.build import BuildOptions, build_model

    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        build_model(model_file(MODELS[name]), Path(work) / name, BuildOptions())
    return {"model": name, "seconds": round(time.perf_counter() - start, 2),
            "cpu_seconds": round(cpu_seconds(), 2), "peak_mb": peak_megabytes()}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every model."""
    rows = []
    for name in MODELS:
        progress(f"build of {name}")
        rows.append(in_process("bench.builds", ["--model", name]))
    return {"bench": "builds", "rows": rows,
            "versions": versions("amaranth", "numpy", "pyosys", "tflite")}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    return [f"{'build':<11} {'seconds':>8} {'of CPU':>8} {'peak MB':>8}",
            *(f"{row['model']:<11} {row['seconds']:>8.1f} {row['cpu_seconds']:>8.1f} "
              f"{row['peak_mb']:>8.0f}" for row in result["rows"])]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.builds", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.model:
        print(json.dumps(build(given.model)))
        return 0
    result = measure(tell)
    finish(result, lines, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
