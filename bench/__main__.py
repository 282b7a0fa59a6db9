"""``python -m bench``: every measurement, one table."""

from __future__ import annotations

import json
import sys

from . import arrays, rates, rescale_area

__all__ = ["main"]


def main() -> int:
    """Run everything; with ``--json``, print JSON."""
    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    found = []
    for bench in (arrays, rescale_area, rates):
        result = bench.measure(progress=tell)
        bench.save(result["bench"], result)
        found.append((bench, result))
    if "--json" in sys.argv[1:]:
        print(json.dumps([result for _, result in found]))
        return 0
    print("\n\n".join("\n".join(bench.lines(result)) for bench, result in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
