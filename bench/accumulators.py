# amaranth: UnusedElaboratable=no
"""Multiply-accumulators: the plain one, and the one that keeps carries (OPT1).

One int8 product a cycle into 32 bits, without DSP blocks, by an element of its own and by cells of
an output-stationary array with two kinds of elements: cells and clock after placement on ECP5,
area and longest path from register to register, without wires, on the IHP library. Both are also
of netlists that are mapped for the clock and for delay: these have an area of their own. The paper
says 1.95 ns against 0.92 ns, and 367 um2 against 707 um2 for the plain one from 1.0 to 1.5 GHz.

    python -m bench.accumulators [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from boards.component import placement, resources, timing
from boards.place import find_tool
from boards.yosys import version
from hw.array.output_cell import OutputCell
from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.base import DotSpec
from hw.pe.carry_save import CarrySaveAccumulate
from sw_model.formats import IntFormat

from .record import command, versions

__all__ = ["lines", "main", "measure"]

DEVICE, CLOCK_MHZ = "ecp5-25k", 200.0
SPEC, ACCUMULATOR = DotSpec(IntFormat(8), IntFormat(8), 1), IntFormat(32)

#: Of each kind the plain one, and the one that keeps carries.
KINDS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "element": (partial(MultiplyAccumulate, SPEC, ACCUMULATOR),
                partial(CarrySaveAccumulate, SPEC, ACCUMULATOR)),
    **{f"cell, {pe}": (partial(OutputCell, pe, SPEC, ACCUMULATOR),
                       partial(OutputCell, pe, SPEC, ACCUMULATOR, carry_save=True))
       for pe in ("parallel", "carry_save_tree")}}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All of them, with the tools' versions."""
    rows = []
    for name, forms in KINDS.items():
        for form, make in zip(("plain", "carry-save"), forms, strict=True):
            progress(f"accumulators: {name}, {form}")
            cells = resources(make(), ["ecp5", "ihp"], dsp=False)
            (mhz,) = placement(make(), DEVICE, CLOCK_MHZ, dsp=False).clocks.values()
            fast = resources(make(), ["ecp5"], dsp=False,
                             delay_ps=round(500_000 / CLOCK_MHZ))["ecp5"]
            timed = timing(make())
            rows.append({"kind": name, "form": form, "ecp5": cells["ecp5"].area,
                         "ffs": cells["ecp5"].ffs, "mhz": mhz, "ecp5_at_mhz": fast.area,
                         "um2": cells["ihp"].area, "ps": timed.ps, "um2_at_ps": timed.um2})
    return {"bench": "accumulators", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version(),
                                                "nextpnr": find_tool("ecp5").version}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'int8 into 32 bits':<32} {'ECP5':>6} {'FF':>5} {'MHz':>7} {'ECP5':>6} "
             f"{'um2':>9} {'ps':>7} {'um2':>9}"]
    for row in result["rows"]:
        name = f"{row['kind']}, {row['form']}"
        table.append(f"{name:<32} {row['ecp5']:>6} {row['ffs']:>5} {row['mhz']:>7.1f} "
                     f"{row['ecp5_at_mhz']:>6} {row['um2']:>9,.0f} {row['ps']:>7,.0f} "
                     f"{row['um2_at_ps']:>9,.0f}")
    for plain, saved in zip(result["rows"][::2], result["rows"][1::2], strict=True):
        table.append(f"{plain['kind']}, carry-save: {saved['mhz'] / plain['mhz']:.2f} times the "
                     f"clock on ECP5, {plain['ps'] / saved['ps']:.2f} times on the library")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.accumulators", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
