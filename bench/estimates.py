"""Default plans: what they are estimated to take, and what synthesis says they do.

With every kind of processing element that two of the networks take, and every kind of constant
matrix, too. A table stands in :mod:`gen.mapping.prices`, whose figures are fitted to those of the
kind ``parallel``; another in docs/constant-matrices.md.

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
from hw.pe import CONSTANT_KINDS

from .record import command, model_file, versions

__all__ = ["CASES", "lines", "main", "measure"]

DIGITS = Path(__file__).parents[1] / "examples/digits/digits.onnx"

TFC = "tfc/TFC_2W2A.onnx"

#: Models, devices and kinds of processing elements.
CASES = (
    ("digits", "ecp5-25k", "parallel"), ("digits", "ecp5-85k", "parallel"),
    ("digits", "ice40-up5k", "parallel"),
    ("onnx_qdq/digits_mlp_qdq_s8s8.onnx", "ecp5-85k", "parallel"),
    ("tfc/TFC_1W1A.onnx", "ecp5-85k", "parallel"),
    ("mlperf_tiny/ad01_int8.tflite", "ecp5-85k", "parallel"),
    *(("digits", "ecp5-25k", kind) for kind in (
        "exact", "table", "lut", "serial_lut", "weight_serial", "packed", "bit_weight")),
    *((TFC, "ecp5-25k", kind) for kind in (
        "parallel", "exact", "table", "lut", "serial_lut", "weight_serial", "packed", "ternary",
        "ternary_ecp5")),
    *(("digits", "ecp5-85k", kind) for kind in CONSTANT_KINDS))


def case(name: str, device: str, pe: str) -> dict[str, Any]:
    """Lookup tables and block RAMs of a default plan with one kind of processing elements."""
    model = DIGITS if name == "digits" else model_file(name)
    options = BuildOptions(device=device, units={"*": {"pe": pe}})
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        build_model(model, build := Path(work) / "build", options)
        plan = Plan.load(build / "plan.json")
        estimate, used = plan.estimate, synth(build, device=device)["uses"]
    assert estimate is not None
    assert plan.prediction is not None
    found = {name: {"estimated": getattr(estimate, name), "synthesised": used[name]["used"]}
             for name in ("luts", "dsps", "block_rams")}
    return {"model": model.stem, "device": device, "pe": pe, **found,
            "ffs": used["ffs"]["used"], "interval": plan.prediction.interval,
            "latency": plan.prediction.latency,
            "off": found["luts"]["estimated"] / found["luts"]["synthesised"] - 1}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case."""
    rows = []
    for name, device, pe in CASES:
        progress(f"estimates: {name}, {device}, {pe}")
        rows.append(case(name, device, pe))
    return {"bench": "estimates", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'lookup tables (DSPs, block RAMs)':<40} {'estimated':>18} {'synthesised':>18} "
             f"{'off':>6} {'FFs':>7} {'interval':>8}"]
    for row in result["rows"]:
        cells = "".join(
            f" {f'{luts[way]:,} ({dsps[way]:g}, {rams[way]})':>18}"
            for luts, dsps, rams in [(row["luts"], row["dsps"], row["block_rams"])]
            for way in ("estimated", "synthesised"))
        name = f"{row['model']}, {row['device']}, {row['pe']}"
        table.append(f"{name:<40}{cells} {row['off']:>6.1%} {row['ffs']:>7,} "
                     f"{row['interval']:>8,}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.estimates", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
