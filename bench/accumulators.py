# amaranth: UnusedElaboratable=no
"""Multiply-accumulators: the plain one, and the one that keeps carries (OPT1).

One int8 product a cycle into 32 bits, without DSP blocks: cells and clock after placement on ECP5,
area and longest path from register to register, without wires, on the IHP library. Both are also
of netlists that are mapped for the clock and for delay: these have an area of their own. The paper
says 1.95 ns against 0.92 ns, and 367 um2 against 707 um2 for the plain one from 1.0 to 1.5 GHz.

    python -m bench.accumulators [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from boards.component import placement, resources, timing
from boards.place import find_tool
from boards.yosys import version
from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.base import DotSpec
from hw.pe.carry_save import CarrySaveAccumulate
from sw_model.formats import IntFormat

from .record import command, versions

__all__ = ["lines", "main", "measure"]

KINDS = {"plain": MultiplyAccumulate, "carry-save": CarrySaveAccumulate}
DEVICE, CLOCK_MHZ = "ecp5-25k", 200.0
SPEC, ACCUMULATOR = DotSpec(IntFormat(8), IntFormat(8), 1), IntFormat(32)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Both, with the tools' versions."""
    rows = []
    for name, kind in KINDS.items():
        progress(f"accumulators: {name}")
        cells = resources(kind(SPEC, ACCUMULATOR), ["ecp5", "ihp"], dsp=False)
        (mhz,) = placement(kind(SPEC, ACCUMULATOR), DEVICE, CLOCK_MHZ, dsp=False).clocks.values()
        fast = resources(kind(SPEC, ACCUMULATOR), ["ecp5"], dsp=False,
                         delay_ps=round(500_000 / CLOCK_MHZ))["ecp5"]
        timed = timing(kind(SPEC, ACCUMULATOR))
        rows.append({"kind": name, "ecp5": cells["ecp5"].area, "ffs": cells["ecp5"].ffs,
                     "mhz": mhz, "ecp5_at_mhz": fast.area, "um2": cells["ihp"].area,
                     "ps": timed.ps, "um2_at_ps": timed.um2})
    return {"bench": "accumulators", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version(),
                                                "nextpnr": find_tool("ecp5").version}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'int8 into 32 bits':<18} {'ECP5':>6} {'FF':>5} {'MHz':>7} {'ECP5':>6} "
             f"{'um2':>9} {'ps':>7} {'um2':>9}"]
    table += [f"{row['kind']:<18} {row['ecp5']:>6} {row['ffs']:>5} {row['mhz']:>7.1f} "
              f"{row['ecp5_at_mhz']:>6} {row['um2']:>9,.0f} {row['ps']:>7,.0f} "
              f"{row['um2_at_ps']:>9,.0f}" for row in result["rows"]]
    plain, saved = result["rows"]
    return [*table, f"carry-save: {saved['mhz'] / plain['mhz']:.2f} times the clock on ECP5, "
                    f"{plain['ps'] / saved['ps']:.2f} times on the library"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.accumulators", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
