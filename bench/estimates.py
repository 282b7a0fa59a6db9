"""Default plans: what they are estimated to take, and what synthesis says they do.

The table stands in :mod:`gen.mapping.prices`, whose figures are fitted to these.

    python -m bench.estimates [--json]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from boards.synth import synth
from boards.yosys import version
from gen.build import BuildOptions, build_model
from gen.mapping.plan import Plan

from .record import command, model_file, versions

__all__ = ["CASES", "lines", "main", "measure"]

DIGITS = Path(__file__).parents[1] / "examples/digits/digits.onnx"

#: Models and devices.
CASES = (("digits", "ecp5-25k"), ("digits", "ecp5-85k"), ("digits", "ice40-up5k"),
         ("onnx_qdq/digits_mlp_qdq_s8s8.onnx", "ecp5-85k"), ("tfc/TFC_1W1A.onnx", "ecp5-85k"),
         ("mlperf_tiny/ad01_int8.tflite", "ecp5-85k"))


def case(name: str, device: str) -> dict[str, Any]:
    """Lookup tables and block RAMs of a default plan."""
    model = DIGITS if name == "digits" else model_file(name)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        build_model(model, build := Path(work) / "build", BuildOptions(device=device))
        estimate = Plan.load(build / "plan.json").estimate
        used = synth(build, device=device)["uses"]
    assert estimate is not None
    found = {name: {"estimated": getattr(estimate, name), "synthesised": used[name]["used"]}
             for name in ("luts", "block_rams")}
    return {"model": model.stem, "device": device, **found,
            "off": found["luts"]["estimated"] / found["luts"]["synthesised"] - 1}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case."""
    rows = []
    for name, device in CASES:
        progress(f"estimates: {name}, {device}")
        rows.append(case(name, device))
    return {"bench": "estimates", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'lookup tables (block RAMs)':<34} {'estimated':>14} {'synthesised':>14} {'off':>6}"]
    for row in result["rows"]:
        luts, rams = row["luts"], row["block_rams"]
        cells = "".join(f" {f'{luts[way]:,} ({rams[way]})':>14}"
                        for way in ("estimated", "synthesised"))
        table.append(f"{row['model'] + ', ' + row['device']:<34}{cells} {row['off']:>6.1%}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.estimates", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
