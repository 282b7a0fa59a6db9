# amaranth: UnusedElaboratable=no
"""Arrays for N:M sparse matrices, of 16 multipliers each: cells on ECP5, and cycles.

Layers take a matrix of 64 x 64 of which N of M neighbours are kept, and the same if it is dense;
the dense layer takes it one way only. Cycles are those from the first step to the last result, for
each vector; pairs are the matrix's elements, kept or not, for each of them. A chain of two vectors
has two products in each DSP block, which on ECP5 fit if activations have four bits.

    python -m bench.sparsity [--json]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from boards.component import resources
from boards.yosys import version
from hw.array.chain import ChainSpec
from hw.array.chain_layer import ChainJob, ChainLayer, ChainLayerSpec
from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.array.folded import FoldedLayer
from hw.array.sparse import SparseJob, SparseLayer, SparseLayerSpec
from hw.pe.packing import PORTS
from sw_model.formats import IntFormat
from sw_model.formats.sparse import SparseFormat

from .record import command, versions

__all__ = ["layers", "lines", "main", "measure"]

SIZE, ACCUMULATOR = (64, 64), IntFormat(24)

#: N and M of layers of four rows with four multipliers each, and of chains.
KEPT = ((2, 4), (1, 4), (2, 8), (1, 8))
ON_CHAINS = ((2, 8), (2, 16))


def layers() -> Iterator[tuple[str, FoldedLayer, int]]:
    """Name, layer, whose jobs are sparse and then dense, and vectors at once."""
    int4, int8 = IntFormat(4), IntFormat(8)
    spec = DenseSpec(int8, int8, ACCUMULATOR, None, 4, 4, (DenseJob(*SIZE),))
    yield "dense, int8 x int8", DenseLayer(spec), 1
    for keep, of in KEPT:
        jobs = tuple(SparseJob(*SIZE, dense=dense) for dense in (False, True))
        yield f"{keep}:{of}, int8 x int8", SparseLayer(SparseLayerSpec(
            int8, SparseFormat(keep, of, int8), ACCUMULATOR, None, 4, 4 // keep, jobs)), 1
    for keep, of in ON_CHAINS:
        for vectors in (1, 2):
            chain = ChainSpec(int4, int8, of, 16, 2, vectors, PORTS["ecp5"])
            matrices = tuple(ChainJob(*SIZE, vectors, keep=kept) for kept in (keep, of))
            yield (f"{keep}:{of}, int4 x int8, chain of {vectors}",
                   ChainLayer(ChainLayerSpec(chain, ACCUMULATOR, matrices)), vectors)


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every layer in turn, with the tools' versions."""
    rows = []
    for name, layer, vectors in layers():
        progress(f"sparsity: {name}")
        jobs = len(layer.spec.jobs)
        sparse, dense = layer.cycles(0) / vectors, layer.cycles(jobs - 1) / vectors
        cells = resources(layer, ["ecp5"])["ecp5"]
        rows.append({"layer": name, "ecp5": cells.area, "ffs": cells.ffs, "dsps": cells.dsps,
                     "sparse": sparse if jobs > 1 else None, "dense": dense,
                     "ratio": dense / sparse, "pairs": SIZE[0] * SIZE[1] / sparse})
    return {"bench": "sparsity", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'64 x 64 on 16 multipliers':<30} {'ECP5':>6} {'FF':>6} {'DSP':>4} {'sparse':>7} "
             f"{'dense':>7} {'ratio':>6} {'pairs a cycle':>14}"]
    for row in result["rows"]:
        sparse = "" if row["sparse"] is None else f"{row['sparse']:,.1f}"
        table.append(f"{row['layer']:<30} {row['ecp5']:>6} {row['ffs']:>6} {row['dsps']:>4} "
                     f"{sparse:>7} {row['dense']:>7,.1f} {row['ratio']:>6.2f} "
                     f"{row['pairs']:>14.1f}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.sparsity", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
