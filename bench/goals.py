# amaranth: UnusedElaboratable=no
"""Area goals of processing elements: what is demanded, and what synthesis gives.

Elements are synthesised alone, without DSP blocks, as they stand in arrays: results and what is
on the way to them in registers, operands in the array's. The FP4 products, which are logic
alone, have registers in front and behind here. What a goal is for each of is one multiplication, or
one accumulator. ECP5 counts LUT4 + 2 for each CCU2C, iCE40 logic cells with their carries in them,
Xilinx LUTs of any size.

    python -m bench.goals [--json | --markdown]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.lib import wiring

from boards.component import resources
from boards.yosys import version
from hw.pe import BitWeightDotProduct, DotProduct, DotSpec, Ecp5TernaryDotProduct, TernaryDotProduct
from hw.pe.table import RegisteredTableProduct
from hw.pe.ternary_accumulate import TernaryAccumulate
from sw_model.formats import IntFormat, parse_format

from .record import command, versions

__all__ = ["GOALS", "Goal", "lines", "main", "markdown", "measure"]


@dataclass(frozen=True)
class Goal:
    """At most ``limit`` cells on ``family`` for each of ``count`` of what ``make`` gives."""

    name: str
    make: Callable[[], wiring.Component]
    family: str
    limit: float
    count: int = 1


def _dots(kind: type[DotProduct], a: str, w: str, lanes: int) -> Callable[[], wiring.Component]:
    return lambda: kind(DotSpec(parse_format(a), parse_format(w), lanes))


def _sum(primitive: str) -> Callable[[], wiring.Component]:
    return lambda: TernaryAccumulate(IntFormat(8), IntFormat(20), primitive)


def _product(form: str) -> Callable[[], wiring.Component]:
    e2m1 = parse_format("e2m1")
    return lambda: RegisteredTableProduct(e2m1, e2m1, form)


GOALS = (
    Goal("ternary accumulator of 20 bits", _sum("ecp5"), "ecp5", 22),
    Goal("ternary accumulator of 20 bits", _sum("any"), "ice40", 28),
    Goal("ternary x int8, 16 lanes", _dots(TernaryDotProduct, "int8", "ternary", 16), "ice40",
         19.5, 16),
    Goal("ternary x int8, 16 lanes", _dots(Ecp5TernaryDotProduct, "int8", "ternary", 16), "ecp5",
         15, 16),
    Goal("int4 x int4, 16 lanes", _dots(BitWeightDotProduct, "int4", "int4", 16), "ice40", 35, 16),
    Goal("int2 x int2, 16 lanes", _dots(BitWeightDotProduct, "int2", "int2", 16), "ice40", 9, 16),
    Goal("uint2 x int2, 16 lanes", _dots(BitWeightDotProduct, "uint2", "int2", 16), "ice40", 9, 16),
    Goal("int8 x int8", _dots(BitWeightDotProduct, "int8", "int8", 1), "ecp5", 90),
    Goal("int8 x int8", _dots(BitWeightDotProduct, "int8", "int8", 1), "ice40", 125),
    Goal("e2m1 x e2m1, two's complement", _product("signed"), "xilinx", 18),
    Goal("e2m1 x e2m1, sign and magnitude", _product("magnitude"), "xilinx", 10),
)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every goal, with the tools' versions."""
    rows = []
    for goal in GOALS:
        progress(f"goals: {goal.name}, {goal.family}")
        unit = goal.make()
        latency = getattr(unit, "latency")  # noqa: B009
        cells = resources(unit, [goal.family], dsp=False)[goal.family]
        area = (sum(cells.luts.values()) if goal.family == "xilinx" else cells.area) / goal.count
        rows.append({"goal": goal.name, "family": goal.family, "limit": goal.limit, "area": area,
                     "ffs": cells.ffs / goal.count, "latency": latency,
                     "met": area <= goal.limit and not cells.dsps})
    return {"bench": "goals", "rows": rows, "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'goal, for each multiplication':<34} {'family':<7} {'limit':>6} {'cells':>6} "
             f"{'FFs':>6} {'latency':>8}  verdict"]
    return table + [f"{row['goal']:<34} {row['family']:<7} {row['limit']:>6g} {row['area']:>6.1f} "
                    f"{row['ffs']:>6.1f} {row['latency']:>8}  {'met' if row['met'] else 'MISSED'}"
                    for row in result["rows"]]


def markdown(result: dict[str, Any]) -> list[str]:
    """The same for a page of the docs."""
    table = ["| for each multiplication | family | at most | cells | FFs | latency |",
             "|---|---|---|---|---|---|"]
    return table + [f"| {row['goal']} | {row['family']} | {row['limit']:g} | {row['area']:.1f} | "
                    f"{row['ffs']:.1f} | {row['latency']} |" for row in result["rows"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.goals", __doc__, measure, lines, arguments, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
