# amaranth: UnusedElaboratable=no
"""Rows of every kind of processing element, synthesised, and the estimate fitted to them.

Writes ``gen/mapping/elements.json``, from which plans are estimated; what it has of the same
version of Yosys is not measured again.

    python -m bench.prices [--json] [kind ...]
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from boards.component import resources
from boards.yosys import version
from gen.mapping import elements
from gen.mapping.elements import FILE, Fit, Sample, features
from hw.pe import PE_KINDS, DotSpec
from hw.pe.rows import rows_of
from sw_model.formats import parse_format

from .record import finish, tell, versions

__all__ = ["KINDS", "PAIRS", "SHAPES", "encoded", "fit", "lines", "main", "measure", "sample",
           "wanted"]

#: Kinds that are measured: of the plainest :mod:`gen.mapping.prices` has formulas.
KINDS = tuple(kind for kind in PE_KINDS if kind != "parallel")

#: Activations and weights.
PAIRS = (("bipolar", "bipolar"), ("ternary", "ternary"), ("int8", "bipolar"), ("int8", "ternary"),
         ("uint2", "int3"), ("uint4", "int3"), ("int4", "int4"), ("int8", "int2"),
         ("int8", "int4"), ("int8", "int8"), ("e2m1", "e2m1"), ("int8", "e2m1"),
         ("e3m2", "e3m2"), ("e4m3fn", "e4m3fn"), ("posit<8,0>", "posit<8,0>"))

#: Lanes and rows.
SHAPES = ((4, 1), (4, 4), (16, 3))


#: Bits of both codes from which on tables are so large that four of them are enough.
LARGE = 10


def wanted(kind: str) -> list[tuple[str, str, int, int]]:
    """Activations, weights, lanes and rows of a kind's samples."""
    found = []
    for pair, (lanes, rows) in itertools.product(PAIRS, SHAPES):
        spec = DotSpec(*map(parse_format, pair), lanes)
        make = PE_KINDS[kind]
        # What is behind decoders is priced as what it is made of.
        if make.refusal(spec) or make.core(spec) != spec:
            continue
        large = kind == "table" and spec.activations.width + spec.weights.width >= LARGE
        if not (large and rows > 1):
            found.append((*pair, lanes, rows))
    return found


def sample(kind: str, activations: str, weights: str, lanes: int, rows: int) -> Sample:
    """Rows of a kind, synthesised for ECP5, or for the family that it is made for."""
    spec = DotSpec(parse_format(activations), parse_format(weights), lanes)
    family = PE_KINDS[kind].family or "ecp5"
    found = resources(rows_of(PE_KINDS[kind], spec, rows), [family])[family]
    return Sample(activations, weights, lanes, rows, int(found.area), int(found.dsps))


def fit(samples: Iterable[Sample]) -> Fit:
    """Factors, none negative, with the least sum of squares of relative errors."""
    from scipy.optimize import nnls

    samples = tuple(samples)
    table = np.array([features(spec_of(each), each.rows) for each in samples])
    areas = np.array([max(each.luts, 1) for each in samples])
    factors, _ = nnls(table / areas[:, None], np.ones(len(areas)))
    return Fit(tuple(float(f"{factor:.4g}") for factor in factors), samples)


def spec_of(each: Sample) -> DotSpec:
    """What a sample's rows compute."""
    return DotSpec(parse_format(each.activations), parse_format(each.weights), each.lanes)


def measure(kinds: Sequence[str], progress: Callable[[str], None] = lambda _: None
            ) -> dict[str, Any]:
    """Samples and factors of ``kinds``, put into the file; errors of all kinds that it has."""
    path = Path(elements.__file__).with_name(FILE)
    known = msgspec.json.decode(path.read_bytes(), type=dict[str, Fit]) if path.exists() else {}
    for kind in kinds:
        progress(f"prices: {kind}")
        with ThreadPoolExecutor(2) as pool:
            known[kind] = fit(pool.map(lambda point, kind=kind: sample(kind, *point),
                                       wanted(kind)))
    found = {kind: known[kind] for kind in KINDS if kind in known}
    path.write_bytes(encoded(found))
    elements.fits.cache_clear()
    return {"bench": "prices", "rows": [_errors(kind, each) for kind, each in found.items()],
            "versions": versions("amaranth") | {"yosys": version()}}


def encoded(found: dict[str, Fit]) -> bytes:
    """The file's bytes: a line for each kind."""
    lines = b",\n".join(b'"%s": %s' % (kind.encode(), msgspec.json.encode(each))
                        for kind, each in found.items())
    return b"{\n%s\n}\n" % lines


def _errors(kind: str, found: Fit) -> dict[str, Any]:
    """Mean and greatest relative error of a kind's estimates."""
    off = [elements.luts(kind, spec_of(each), each.rows) / max(each.luts, 1) - 1
           for each in found.samples]
    wrong = [each for each in found.samples
             if elements.multipliers(kind, spec_of(each), each.rows) != each.multipliers]
    return {"kind": kind, "samples": len(off), "mean": float(np.mean(np.abs(off))),
            "most": float(np.max(np.abs(off))), "multipliers_wrong": len(wrong)}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    return [f"{'kind':<18} {'samples':>8} {'mean off':>9} {'most':>7}",
            *(f"{row['kind']:<18} {row['samples']:>8} {row['mean']:>9.1%} {row['most']:>7.1%}"
              for row in result["rows"])]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.prices", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("kind", nargs="*", default=list(KINDS), help="all by default")
    given = parser.parse_args(arguments)
    finish(measure(given.kind, tell), lines, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
