"""Elements a second that formats encode and decode, and that packings pack and unpack.

Each call takes a million elements: random float32 for encoding, as many of them as codes for
decoding. Seconds are those of the processor, on one thread.

    python -m bench.formats [--json] [--seconds S]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .record import finish, in_process, tell, versions

__all__ = ["LEAST", "main", "measure"]

#: Million elements a second that are demanded of each.
LEAST = 20.0

COUNT = 1 << 20

FORMATS = ("int8", "uint4", "fixed<8,4>", "bipolar", "ternary", "e5m2", "e4m3fn", "e3m2", "e2m3",
           "e2m1", "ue4m3", "ue5m3", "fp16", "bf16", "float<3,4,bias=5,fn,flush>", "e8m0",
           "posit<4,1>", "posit<8,0>", "posit<16,1>", "posit<16,2>", "codebook<-1,0,0.5,2>",
           "codebook of 256 reals", "khot<8,5,2>", "khot<16,12,3>")
PACKINGS = ("1 bit", "2 bits", "3 bits", "4 bits", "5 bits", "6 bits", "8 bits", "12 bits",
            "16 bits", "FP6 4+2", "trits")


def run(seconds: float) -> dict[str, Any]:
    """All formats and packings, in this process."""
    rows = [{"case": name, "ways": ways, "rates": [round(rate(call, seconds), 1) for call in calls]}
            for names, ways, make in ((FORMATS, ["encode", "decode"], format_calls),
                                      (PACKINGS, ["pack", "unpack"], packing_calls))
            for name, calls in ((name, make(name)) for name in names)]
    return {"count": COUNT, "least": LEAST, "rows": rows}


def format_calls(name: str) -> list[Callable[[], object]]:
    """Encode and decode."""
    from sw_model.formats import CodebookFormat, parse_format

    rng = np.random.default_rng(1)
    reals = rng.normal(size=COUNT).astype(np.float32)
    form = (CodebookFormat(tuple(rng.normal(size=256).tolist())) if name.startswith("codebook of")
            else parse_format(name))
    codes = form.encode(reals).astype(form.dtype)
    return [lambda: form.encode(reals), lambda: form.decode(codes)]


def packing_calls(name: str) -> list[Callable[[], object]]:
    """Pack and unpack."""
    from sw_model.formats import packing

    rng = np.random.default_rng(1)
    if name == "trits":
        trits = rng.integers(-1, 2, COUNT).astype(np.int8)
        fives = packing.pack_trits(trits)
        return [lambda: packing.pack_trits(trits), lambda: packing.unpack_trits(fives, COUNT)]
    if name.startswith("FP6"):
        sixes = rng.integers(0, 64, COUNT).astype(np.uint8)
        planes = packing.split_fp6(sixes)
        return [lambda: packing.split_fp6(sixes), lambda: packing.join_fp6(*planes)]
    width = int(name.split()[0])
    codes = rng.integers(0, 1 << width, COUNT).astype(np.uint16)
    data = packing.pack_bits(codes, width)
    return [lambda: packing.pack_bits(codes, width),
            lambda: packing.unpack_bits(data, width, COUNT)]


def rate(call: Callable[[], object], seconds: float) -> float:
    """Million elements a second: the best call of about ``seconds``, three calls at least."""
    call()
    best, spent, calls = float("inf"), 0.0, 0
    while calls < 3 or spent < seconds:
        start = time.process_time()
        call()
        taken = max(time.process_time() - start, 1e-9)
        best, spent, calls = min(best, taken), spent + taken, calls + 1
    return COUNT / best / 1e6


def measure(seconds: float = 0.1, progress: Callable[[str], None] = lambda _: None
            ) -> dict[str, Any]:
    """Everything, in a process of its own."""
    progress("rates of formats and packings")
    found = in_process("bench.formats", ["--run", "--seconds", str(seconds)])
    return {"bench": "formats", **(found or {}), "versions": versions("numpy")}


def slow(result: dict[str, Any]) -> list[str]:
    """What does less than is demanded."""
    return [f"{row['case']}: {way}" for row in result["rows"]
            for way, value in zip(row["ways"], row["rates"], strict=True)
            if value < result["least"]]


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table, with the verdict."""
    table = [f"{'million elements a second':<28} {'encode, pack':>13} {'decode, unpack':>15}"]
    table += [f"{row['case']:<28} {row['rates'][0]:>13,.0f} {row['rates'][1]:>15,.0f}"
              for row in result["rows"]]
    missed = slow(result)
    return [*table, f"at least {result['least']:g} demanded of each: "
                    f"{'MISSED by ' + ', '.join(missed) if missed else 'met'}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code is 1 if something is slower than demanded."""
    parser = argparse.ArgumentParser(prog="bench.formats", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds", type=float, default=0.1, help="for each figure")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.run:
        print(json.dumps(run(given.seconds)))
        return 0
    result = measure(given.seconds, tell)
    finish(result, lines, as_json=given.json)
    return 1 if slow(result) else 0


if __name__ == "__main__":
    sys.exit(main())
