"""Units of the library on several lanes and widths, and the estimate fitted to them.

Writes ``gen/mapping/library.json``, from which plans are estimated. Each operation's factors are
fitted to the rows of ``python -m bench.library``, to four lanes and to a wider operand; how far the
estimate is off is said of those, and of two lanes, to which nothing is fitted.

    python -m bench.library_prices [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from boards.yosys import version
from gen.mapping import library_prices
from gen.mapping.function_prices import FUNCTIONS
from gen.mapping.library_prices import FILE, Fit, Sample, features
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from sw_model.ops import (
    ArgMax,
    HardSigmoid,
    HardSwish,
    MatMul,
    MultiplyAddShift,
    MultiThreshold,
    Rescale,
    Table,
)

from .library import Case, cases, figures
from .record import command, versions

__all__ = ["WIDER", "encoded", "fit", "lines", "main", "measure", "points", "priced"]

#: Operations that :mod:`gen.mapping.prices` has formulas of.
FORMULAS = (MatMul, MultiplyAddShift, MultiThreshold, Rescale, Table, HardSigmoid, HardSwish,
            ArgMax, *FUNCTIONS)

#: A wider first operand, by unit; the others take one width alone.
WIDER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rms_norm", "layer_norm", "l1_norm", "integer_layer_norm", "mean", "hadamard",
                     "sampler", "requantise"), ("source=int16",)),
    **dict.fromkeys(("add", "multiply", "pool", "concatenate"), ("format=int16",)),
    **dict.fromkeys(("shift_rescale", "stochastic_shift", "block_quantise"), ("source=int28",)),
    **dict.fromkeys(("top_k", "absmax_quantise"), ("source=int24",)),
    "k_hot_rescale": ("source=fixed<24,12>",), "residual_add": ("a=int24", "b=int24"),
    "gated_product": ("a=fixed<16,12>",), "integer_gelu": ("source=int12", "scale=0.002"),
    "swish": ("source=int16", "scale=0.0002"),
    "softmax": ("source=int16", "scale=0.0005"),
}

#: Those of softmax that take int8 alone.
NARROW = ("tflite",)

#: Without a gate's table, and priced as if they had one.
PLAIN = [("gated_product", "none")]


def priced() -> dict[str, list[Case]]:
    """The rows of the bench, by operation."""
    found: dict[str, list[Case]] = {}
    for case in cases():
        (node,) = unit_request(case.unit, parameters_document(case.unit, case.given)).graph.nodes
        if not isinstance(node, FORMULAS) and case[:2] not in PLAIN:
            found.setdefault(type(node).__name__, []).append(case)
    return found


def points(rows: Sequence[Case]) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Units, what they are given, and lanes: what is fitted to, and last what is not."""
    for case in rows:
        yield case.unit, case.given, 1
    first = rows[0]
    if first.unit in WIDER and first.name not in NARROW:
        yield first.unit, _merged(first.given, WIDER[first.unit]), 1
    for lanes in (4, 2):
        yield first.unit, _merged(first.given, (f"lanes={lanes}",)), lanes


def _merged(given: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    keys = {each.partition("=")[0] for each in more}
    return (*(each for each in given if each.partition("=")[0] not in keys), *more)


def sample(unit: str, given: tuple[str, ...], lanes: int) -> Sample:
    """A unit, synthesised for both families."""
    ecp5, ice40 = (figures(unit, given, family) for family in ("ecp5", "ice40"))
    graph = unit_request(unit, parameters_document(unit, given)).graph
    width = graph.tensors[graph.inputs[0]].format.width
    return Sample((unit, *given), width, lanes,
                  *map(float, (ecp5["dsps"], ecp5["area"], ice40["area"])))


def fit(samples: Iterable[Sample]) -> Fit:
    """Factors, none negative, with the least sum of squares of relative errors; the last sample
    is left out."""
    *fitted, check = samples
    table = np.array([features(each.width, each.lanes) for each in fitted], np.float64)
    multipliers, luts, fabric = (
        _factors(table, np.array([getattr(each, name) for each in fitted]))
        for name in ("multipliers", "luts", "fabric"))
    return Fit(multipliers, luts, fabric, tuple(fitted), check)


def _factors(table: NDArray[np.float64], wanted: NDArray[np.float64]) -> tuple[float, ...]:
    from scipy.optimize import nnls

    sizes = np.maximum(wanted, 1)
    factors, _ = nnls(table / sizes[:, None], wanted / sizes)
    return tuple(float(f"{factor:.4g}") for factor in factors)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Samples and factors of all operations, put into the file, and their errors."""
    found = {}
    for operation, rows in priced().items():
        progress(f"library_prices: {operation}")
        found[operation] = fit(sample(*point) for point in points(rows))
    Path(library_prices.__file__).with_name(FILE).write_bytes(encoded(found))
    library_prices.fits.cache_clear()
    return {"bench": "library_prices",
            "rows": [_errors(operation, each) for operation, each in found.items()],
            "versions": versions("amaranth") | {"yosys": version()}}


def encoded(found: dict[str, Fit]) -> bytes:
    """The file's bytes: a line for each operation."""
    rows = b",\n".join(b'"%s": %s' % (operation.encode(), msgspec.json.encode(each))
                       for operation, each in found.items())
    return b"{\n%s\n}\n" % rows


def _errors(operation: str, found: Fit) -> dict[str, Any]:
    """Relative errors of lookup tables: with multipliers, and without."""
    def off(each: Sample, dsps: bool) -> float:
        _, luts = found.price(each.width, each.lanes, dsps)
        return luts / max(each.luts if dsps else each.fabric, 1) - 1

    every = [off(each, dsps) for each in found.samples for dsps in (True, False)]
    multipliers, _ = found.price(found.check.width, found.check.lanes, True)
    return {"operation": operation, "samples": len(found.samples),
            "most": float(np.max(np.abs(every))), "check": off(found.check, True),
            "check_fabric": off(found.check, False),
            "check_multipliers": multipliers - found.check.multipliers}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    rows = result["rows"]
    table = [f"{'operation':<20} {'samples':>7} {'most off':>9} {'two lanes':>10} {'fabric':>8} "
             f"{'multipliers':>11}"]
    table += [f"{row['operation']:<20} {row['samples']:>7} {row['most']:>9.1%} "
              f"{row['check']:>+10.1%} {row['check_fabric']:>+8.1%} "
              f"{row['check_multipliers']:>+11.1f}" for row in rows]
    checks = np.abs([[row["check"], row["check_fabric"]] for row in rows])
    return [*table, f"two lanes, not fitted to: {checks.mean():.1%} off in the mean, "
                    f"{checks.max():.1%} at most"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.library_prices", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
