# amaranth: UnusedElaboratable=no
"""Operands as signed digits whose zeros take no time: cycles of each, and what an element takes.

Cycles of a million operands, drawn from normal distributions, rounded and clipped to int8: one
operand at a time (a zero takes a cycle), and four at a time, place by place (a place without a
digit takes one; OPT3 of the bit-weight paper). Beside them elements of int8 products on
ECP5 and the IHP library, each a row of those that share an encoder, with cycles at standard
deviation 30. The paper quotes 2.22 and 2.41 for normal data.

    python -m bench.encodings [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.component import resources
from boards.yosys import version
from hw.pe import PE_KINDS, DotSpec
from hw.pe.rows import rows_of
from sw_model.formats import IntFormat
from sw_model.terms import (
    booth_digits,
    csd_digits,
    en_t_digits,
    grouped_cycles,
    skipping_cycles,
)

from .record import command, versions

__all__ = ["areas", "cycles", "lines", "main", "measure", "operands"]

COUNT, SEED = 1_000_000, 0
DEVIATIONS = (10, 20, 30, 40, 50)

#: Digits of int8 by recoding.
RECODINGS = {"Booth": (booth_digits, 4), "EN-T": (en_t_digits, 4), "CSD": (csd_digits, 8)}

#: Kind, lanes and rows of elements, and by which column of :func:`cycles` they take their time.
ELEMENTS = (("parallel", 1, 1, None), ("en_t", 1, 1, "EN-T"), ("csd", 1, 1, "CSD"),
            *(("sparse_encoded", lanes, rows, "grouped EN-T")
              for lanes in (4, 16) for rows in (1, 32)))

#: The deviation at which elements are compared.
COMPARED = 30
INT8 = IntFormat(8)


def operands(deviation: float) -> NDArray[np.int64]:
    """Integers of eight bits, drawn from a normal distribution."""
    drawn = np.random.default_rng(SEED).normal(0, deviation, COUNT)
    return np.rint(drawn).clip(INT8.min, INT8.max).astype(np.int64)


def cycles(deviation: float) -> dict[str, float]:
    """Mean cycles of an operand: by recoding, and of groups of four."""
    found = {"deviation": deviation}
    for name, (recode, digits) in RECODINGS.items():
        recoded = recode(operands(deviation), digits)
        found[name] = float(skipping_cycles(recoded).mean())
        if name == "EN-T":
            found["grouped EN-T"] = float(grouped_cycles(recoded).mean()) / 4
    return found


def areas(at: dict[str, float]) -> list[dict[str, Any]]:
    """What a row of each element takes, and the cycles of a product, of those in ``at``."""
    rows = []
    for kind, lanes, count, column in ELEMENTS:
        unit = rows_of(PE_KINDS[kind], DotSpec(INT8, INT8, lanes), count)
        cells = resources(unit, ["ecp5", "ihp"], dsp=False)
        spent = 1.0 if column is None else at[column]
        rows.append({"kind": kind, "lanes": lanes, "rows": count, "cycles": spent,
                     "ecp5": cells["ecp5"].area / count, "ffs": cells["ecp5"].ffs / count,
                     "um2": cells["ihp"].area / count})
    return rows


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Both tables, with the tools' versions."""
    progress("encodings: cycles")
    means = [cycles(deviation) for deviation in DEVIATIONS]
    progress("encodings: areas")
    return {"bench": "encodings", "means": means,
            "areas": areas(means[DEVIATIONS.index(COMPARED)]),
            "versions": versions("numpy", "amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as tables."""
    names = [name for name in result["means"][0] if name != "deviation"]
    table = ["cycles of an operand " + " ".join(f"{name:>12}" for name in names)]
    table += [f"int8, sd {row['deviation']:<11} " + " ".join(f"{row[name]:>12.4f}"
                                                             for name in names)
              for row in result["means"]]
    table += ["", f"{'int8, each of rows':<18} {'lanes':>5} {'rows':>4} {'cycles':>7} {'ECP5':>6} "
              f"{'FF':>5} {'um2':>7} {'ECP5 x cycles':>13} {'um2 x cycles':>12}"]
    table += [f"{row['kind']:<18} {row['lanes']:>5} {row['rows']:>4} {row['cycles']:>7.3f} "
              f"{row['ecp5']:>6.0f} {row['ffs']:>5.0f} {row['um2']:>7,.0f} "
              f"{row['ecp5'] * row['cycles']:>13,.0f} {row['um2'] * row['cycles']:>12,.0f}"
              for row in result["areas"]]
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.encodings", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
