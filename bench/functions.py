# amaranth: UnusedElaboratable=no
"""Cells of function units of one lane on ECP5 and iCE40, beside their latency and how far off
they are at most.

On ECP5 products take DSP blocks, on iCE40 (an HX, which has none) look-up tables. Errors are
those of the golden model, which the hardware equals: over every code of the source, or every
mantissa of a reciprocal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from amaranth.lib import wiring

from boards.component import resources
from boards.yosys import version
from hw.nonlinear.delta_table import DeltaTableLane
from hw.nonlinear.digit_serial import Divide, Isqrt
from hw.nonlinear.exp2 import Exp2Lane
from hw.nonlinear.piecewise import PiecewiseLane
from hw.nonlinear.reciprocal import ReciprocalLane, RsqrtLane
from hw.nonlinear.table import TableLookup
from sw_model.approximate import find_piecewise
from sw_model.formats import FixedFormat, IntFormat
from sw_model.functions import FUNCTIONS
from sw_model.ops.delta_table import delta_table
from sw_model.ops.exp2 import exp2
from sw_model.ops.reciprocal import reciprocal, rsqrt
from sw_model.specs import (
    DeltaTableSpec,
    DivideSpec,
    Exp2Spec,
    IsqrtSpec,
    ReciprocalSpec,
    RsqrtSpec,
    TableSpec,
)
from sw_model.tables import delta_entries

from .record import command, versions

__all__ = ["FAMILIES", "HEAD", "Case", "cases", "lines", "main", "markdown", "measure"]

#: How products are made in each family.
FAMILIES = {"ecp5": "inferred", "ice40": "fabric"}
#: The table's columns.
HEAD = ("unit", "form", "error", "latency", "interval", "ECP5", "FF", "DSP", "BRAM", "iCE40",
        "FF", "BRAM")


@dataclass(frozen=True)
class Case:
    """A unit, and the most that it is off.

    Parameters
    ----------
    unit, form : str
        What the catalogue calls it, and its parameters for people.
    make : callable
        The component, by how products are made.
    error : float
    """

    unit: str
    form: str
    make: Callable[[str], wiring.Component]
    error: float


def cases() -> Iterator[Case]:
    """Every case in turn."""
    yield from _powers()
    yield from _reciprocals()
    yield from _exact()
    yield from _deltas()
    yield from _piecewise()


def _powers() -> Iterator[Case]:
    source = FixedFormat(14, 8)
    d = np.arange(-16 << 8, 1)
    for index_bits, between in ((4, 12), (5, 12), (6, 12), (8, 0)):
        spec = Exp2Spec(source=source, multiplier=Exp2Spec.folded(1.0), index_bits=index_bits,
                        interpolation_bits=between)
        error = np.abs(exp2(d, spec) / 2**15 - np.exp(d / 2**8)).max()
        how = "lines" if between else "nearest"
        yield Case("exp2", f"{source}, {1 << index_bits} entries, {how}",
                   partial(Exp2Lane, spec), float(error))
    varying = Exp2Spec(source=source, multiplier=IntFormat(18, signed=False))
    error = np.abs(exp2(d, varying, Exp2Spec.folded(1.0)) / 2**15 - np.exp(d / 2**8)).max()
    yield Case("exp2", f"{source}, 32 entries, lines, constant of run time",
               partial(Exp2Lane, varying), float(error))


def _reciprocals() -> Iterator[Case]:
    source = IntFormat(32, signed=False)
    m = np.arange(2**16, 2**18)
    for index_bits, entry_bits, steps in ((5, 7, 0), (5, 7, 1), (5, 7, 2), (8, 10, 0), (8, 10, 1)):
        spec = ReciprocalSpec(source=source, index_bits=index_bits, entry_bits=entry_bits,
                              newton_steps=steps)
        found, _ = reciprocal(m[:2**16], spec)
        error = np.abs(found / 2**16 - 2.0**16 / m[:2**16]).max()
        yield Case("reciprocal", f"{source}, {1 << index_bits} entries, {_steps(steps)}",
                   partial(ReciprocalLane, spec), float(error))
    for index_bits, entry_bits, steps in ((4, 8, 0), (4, 8, 1), (4, 8, 2), (6, 10, 1)):
        root = RsqrtSpec(source=source, index_bits=index_bits, entry_bits=entry_bits,
                         newton_steps=steps)
        found, _ = rsqrt(m, root)
        error = np.abs(found / 2**16 - 2.0**8 / np.sqrt(m)).max()
        yield Case("rsqrt", f"{source}, {3 << index_bits} entries, {_steps(steps)}",
                   partial(RsqrtLane, root), float(error))


def _steps(count: int) -> str:
    return f"{count or 'no'} step{'s' * (count != 1)}"


def _either(make: Callable[..., wiring.Component], *arguments: Any
            ) -> Callable[[str], wiring.Component]:
    """What multiplies nothing, however products are made."""
    return lambda _: make(*arguments)


def _exact() -> Iterator[Case]:
    for width in (16, 32):
        root = IsqrtSpec(IntFormat(width, signed=False))
        yield Case("isqrt", f"{root.source}", _either(Isqrt, root), 0.0)
    for n, d in ((16, 16), (32, 16), (32, 32)):
        spec = DivideSpec(IntFormat(n, signed=False), IntFormat(d, signed=False))
        yield Case("divide", f"{spec.numerator} by {spec.denominator}",
                   _either(Divide, spec), 0.0)
    for width, lanes in ((8, 1), (8, 2), (16, 1), (16, 2)):
        table = TableSpec(source=IntFormat(8), target=IntFormat(width))
        ends = table.target.min, table.target.max + 1
        entries = (tuple(np.random.default_rng(1).integers(*ends, 256).tolist()),)
        yield Case("table", f"int8 to {table.target}, {lanes} lane{'s' * (lanes > 1)}",
                   _either(TableLookup, table, lanes, entries), 0.0)


def _deltas() -> Iterator[Case]:
    for activation, source, step_bits, fraction, target in (
            ("gelu", FixedFormat(32, 22), 5, 22, 22), ("gelu", FixedFormat(16, 12), 5, 12, 12),
            ("gelu", FixedFormat(16, 12), 3, 12, 12), ("silu", FixedFormat(16, 11), 4, 12, 12),
            ("silu", FixedFormat(16, 11), 5, 16, 16)):
        entries = delta_entries(activation, step_bits, fraction)
        spec = DeltaTableSpec(source=source, step_bits=step_bits, fraction=fraction,
                              entries=len(entries), target_fraction=target)
        # Of a wide source as many codes, evenly over what is not ReLU.
        most = min(source.max, spec.end + (spec.end >> 3))
        x = np.unique(np.linspace(max(source.min, -most), most, 2**18).astype(np.int64))
        off = np.abs(delta_table(x, spec, np.array(entries)) * 2.0**-target
                     - FUNCTIONS[activation](np.float64(2.0**source.lsb) * x))
        yield Case("delta_table", f"{activation}, {source}, {len(entries)} entries of {fraction} "
                                  "fraction bits",
                   partial(DeltaTableLane, spec, entries),
                   float(off.max()))


def _piecewise() -> Iterator[Case]:
    wide, unit = FixedFormat(16, 12), FixedFormat(17, 16)
    for function, source, target, bound, low, high, degrees in (
            *(("sigmoid", wide, unit, 1e-3, None, None, (degree,)) for degree in (0, 1, 2)),
            ("sigmoid", wide, unit, 1e-4, None, None, (1,)),
            ("sigmoid", wide, unit, 1e-4, None, None, (2,)),
            ("tanh", FixedFormat(12, 9), FixedFormat(12, 11), 2**-11, None, None, (0, 1, 2)),
            ("gelu", FixedFormat(16, 11), FixedFormat(16, 11), 2**-11, None, None, (0, 1, 2)),
            ("exp2", FixedFormat(15, 15, signed=False), FixedFormat(17, 15, signed=False), 3e-5,
             0, 1, (0, 1, 2))):
        found = find_piecewise(function, source=source, target=target, bound=bound, low=low,
                               high=high, degrees=degrees)
        kind = ("constant", "line", "parabola")[found.spec.degree]
        plural = "s" * (found.spec.segments > 1)
        yield Case("piecewise", f"{function}, {source} to {target}, {found.spec.segments} "
                                f"{kind}{plural}",
                   partial(PiecewiseLane, found.spec), found.error)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case in turn, with the tools' versions."""
    rows = []
    for case in cases():
        progress(f"functions: {case.unit}, {case.form}")
        figures: dict[str, Any] = {}
        for family, kind in FAMILIES.items():
            unit: Any = case.make(kind)
            (total,) = resources(unit, (family,)).values()
            figures["interval"] = getattr(unit, "interval", 1)
            figures[family] = {
                "latency": unit.latency,
                "luts": total.lut_count, "carry": total.carry, "ffs": total.ffs,
                "dsps": total.dsps, "brams": total.block_rams, "area": total.area}
        rows.append({"unit": case.unit, "form": case.form, "error": case.error, **figures})
    return {"bench": "functions", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row's cells, as :data:`HEAD` names them."""
    ecp5, ice40 = row["ecp5"], row["ice40"]
    error = f"{row['error']:.2g}" if row["error"] else "0"
    latency = f"{ecp5['latency']}" if ecp5["latency"] == ice40["latency"] \
        else f"{ecp5['latency']}, {ice40['latency']}"
    return (row["unit"], row["form"], error, latency, f"{row['interval']}", _luts(ecp5),
            f"{ecp5['ffs']}", f"{ecp5['dsps']:g}", f"{ecp5['brams']:g}", _luts(ice40),
            f"{ice40['ffs']}", f"{ice40['brams']:g}")


def _luts(cells: dict[str, float]) -> str:
    return f"{cells['luts']:,g}" + (f" + {cells['carry']:,g}" if cells["carry"] else "")


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table, LUTs and carry cells in a cell."""
    rows = [HEAD, *map(_cells, result["rows"])]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) if k < 2 else cell.rjust(width)
                      for k, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows]


def markdown(result: dict[str, Any]) -> list[str]:
    """The result as a table of :data:`HEAD`."""
    table = [HEAD, len(HEAD) * ("---",), *map(_cells, result["rows"])]
    return [f"| {' | '.join(cells)} |" for cells in table]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.functions", __doc__, measure, lines, arguments, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
