# amaranth: UnusedElaboratable=no
"""Cells, cycles and clock of sums across blocks: into windows, and into float32.

Scales are two E8M0 of MX blocks, or two UE4M3 of NVFP4 blocks; elements are E2M1. Cells are those
without DSP blocks, products with significands being of logic: LUTs of any size with those that
are RAM, and carry cells beside them. Cycles and clock are those with DSP blocks: nextpnr places
each unit alone on an ECP5 and aims at 100 MHz.

    python -m bench.block_sums [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from boards.component import placement, resources
from boards.place import find_tool
from boards.yosys import version
from hw.pe.block_sum import BlockSum
from sw_model.formats import Float32Format
from sw_model.specs import BlockSumSpec

from .record import command, versions

__all__ = ["Design", "designs", "lines", "main", "measure"]

FAMILIES = ("ecp5", "ice40", "xilinx")

#: Device that units are placed on, and MHz to aim at.
DEVICE, CLOCK = "ecp5-25k", 100

#: Scales whose range nobody knows, a narrow range of theirs, and products of two UE4M3.
SCALES: dict[str, dict[str, Any]] = {
    "mx": {"largest": 32 * 144, "exponent_low": -254, "exponent_high": 254},
    "mx, 17 exponents": {"largest": 32 * 144, "exponent_low": -8, "exponent_high": 8},
    "nvfp4": {"largest": 16 * 144, "exponent_low": -18, "exponent_high": 10, "significand": 225}}


class Design(NamedTuple):
    """What is measured: scales, whether into float32, sums that take turns."""

    scales: str
    rounded: bool
    sums: int

    def make(self, multiplier: str) -> BlockSum:
        """A new instance, for sums of 64 blocks."""
        settings = {"blocks": 64, "lsb": -2} | SCALES[self.scales]
        spec = (BlockSumSpec(target=Float32Format(), **settings) if self.rounded
                else BlockSumSpec.fitting(64, **settings))
        return BlockSum(spec, sums=self.sums, multiplier=multiplier)


def designs() -> Iterator[Design]:
    """All of them."""
    yield Design("mx, 17 exponents", False, 1)
    yield Design("nvfp4", False, 1)
    for scales in ("mx", "nvfp4"):
        for sums in (1, 8):
            yield Design(scales, True, sums)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every design in turn, with the tools' versions."""
    rows = []
    for design in designs():
        unit = design.make("inferred")
        name = f"{design.scales} into {unit.spec.target}, {design.sums} in turn"
        progress(f"block sums: {name}")
        cells = {family: {"luts": total.lut_count, "carry": total.carry, "ffs": total.ffs,
                          "lut_rams": total.lut_rams}
                 for family, total in resources(design.make("fabric"), FAMILIES, dsp=False).items()}
        progress(f"block sums: {name}: nextpnr")
        (mhz,) = placement(unit, DEVICE, CLOCK).clocks.values()
        rows.append({"scales": design.scales, "target": str(unit.spec.target),
                     "sums": design.sums, "latency": unit.latency, "interval": unit.interval,
                     "mhz": mhz, **cells})
    return {"bench": "block_sums", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version(),
                                                "nextpnr": find_tool("ecp5").version}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'LUTs + carry':<17} {'target':<12} {'sums':>4} {'latency':>7} {'interval':>8} "
             f"{'MHz':>6}" + "".join(f"{family:>12}" for family in FAMILIES)]
    for row in result["rows"]:
        cells = "".join(f"{row[family]['luts'] + row[family]['lut_rams']:g} + "
                        f"{row[family]['carry']:g}".rjust(12) for family in FAMILIES)
        table.append(f"{row['scales']:<17} {row['target']:<12} {row['sums']:>4} "
                     f"{row['latency']:>7} {row['interval']:>8} {row['mhz']:>6.1f}{cells}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.block_sums", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
