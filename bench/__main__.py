"""``python -m bench``: every measurement, one table each, and the verdict on what is demanded."""

from __future__ import annotations

import json
import sys

from . import (
    accumulators,
    arrays,
    atlas,
    block_sums,
    builds,
    codecs,
    constant_matrices,
    demands,
    encodings,
    estimates,
    formats,
    functions,
    goals,
    huffman,
    library,
    rates,
    rescale_area,
    sparsity,
    tradeoffs,
)
from .record import save, tell

__all__ = ["BENCHES", "main"]

#: In the order in which they run.
BENCHES = (arrays, builds, estimates, rescale_area, formats, huffman, codecs, functions,
           block_sums, accumulators, goals, encodings, constant_matrices, sparsity, library,
           tradeoffs, atlas, rates)


def main() -> int:
    """Run everything; with ``--json``, print JSON. The exit code is 1 if a limit is missed."""
    found = []
    for bench in BENCHES:
        result = bench.measure(progress=tell)
        save(result["bench"], result)
        found.append((bench, result))
    verdicts = list(demands.demands({result["bench"]: result for _, result in found}))
    listed = {"bench": "demands", "rows": [{**each._asdict(), "met": each.met}
                                           for each in verdicts]}
    save("demands", listed)
    if "--json" in sys.argv[1:]:
        print(json.dumps([*(result for _, result in found), listed]))
    else:
        tables = [*(bench.lines(result) for bench, result in found), demands.lines(verdicts)]
        print("\n\n".join(map("\n".join, tables)))
    return 0 if all(each.met for each in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
