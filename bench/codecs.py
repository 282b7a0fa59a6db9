# amaranth: UnusedElaboratable=no
"""Cells of decoders, encoders, packers and block quantisers of every family, on ECP5, iCE40 and
Xilinx.

All are combinational and alone in their module, without DSP blocks; units between streams add a
register for each bit. Block quantisers are such units, from sums of 20 bits on 8 lanes, and hold
blocks in memories that are not counted here. LUTs are those of any size, carry cells are counted
beside them. What unpacks a block or a pair is also given by element; where it takes nothing, it is
wires.

    python -m bench.codecs [--json | --markdown]

``--markdown`` prints the table of docs/codecs.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from amaranth.lib import wiring

from boards.component import resources
from boards.yosys import version
from hw.codec.bitmod import BitModTerms, BitModUnpacker, BoothTerms
from hw.codec.bitmod_encode import BitModEncoder
from hw.codec.block_packer import BlockPacker
from hw.codec.block_quantiser import BlockQuantiser
from hw.codec.blocks import BlockUnpacker
from hw.codec.decode import Decoder
from hw.codec.encode import Encoder
from hw.codec.fp6 import Fp6Packer, Fp6Unpacker
from hw.codec.gguf import BLOCKS, GgufUnpacker
from hw.codec.olive import OliveFixedUnpacker, OliveUnpacker
from hw.codec.olive_encode import OliveEncoder
from hw.codec.sherry import SherryPacker, SherryUnpacker
from hw.codec.sherry_encode import SherryEncoder
from hw.codec.sparse import SparseCompressor, SparseExpander
from hw.codec.trits import TritPacker, TritPairUnpacker, TritUnpacker
from sw_model.formats import FixedFormat, IntFormat, parse_format
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.olive import OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from sw_model.formats.sparse import parse_sparse_format

from .record import command, versions

__all__ = ["HEAD", "Codec", "codecs", "figures", "lines", "main", "markdown", "measure"]

#: By the name that Yosys knows them by.
FAMILIES = {"ecp5": "ECP5", "ice40": "iCE40", "xilinx": "Xilinx"}

KINDS = ("decoder", "encoder", "packer", "quantiser")

#: Of the table in Markdown.
HEAD = ("kind", "of", "elements", *FAMILIES.values())

DECODED = ("e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1", "ue4m3", "ue5m3", "fp16", "bf16", "e8m0",
           "float<3,4,ieee>", "posit<4,1>", "posit<6,2>", "posit<8,0>", "posit<16,1>",
           "khot<8,5,2>", "codebook<-1,0,0.5,2>", "ternary", "bipolar", "int8")
BLOCK_FORMATS = ("mx<e2m1>", "mx<e2m3>", "mx<e3m2>", "mx<e4m3fn>", "mx<e5m2>", "mxint8", "nvfp4",
                 "nvint4", "bfp<8,32>")
SPARSE_FORMATS = ("sparse<2,4,int8>", "sparse<2,8,int8>", "sparse<1,4,int8>")

#: Blocks that are packed from their fields.
PACKED = ("nvfp4", "mxint8", "q4_k", "q6_k", "tq1_0", "stq1_0", "olive<int4>")

#: Numbers that are divided by their scale.
SCALED = FixedFormat(16, 6)

#: Sources and targets of encoders.
ENCODED = (*(("fixed<16,8>", target) for target in (
    "e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1", "ue4m3", "ue5m3", "fp16", "bf16", "e8m0",
    "posit<4,1>", "posit<8,0>", "posit<16,1>", "khot<6,3,2>", "codebook<-1,0,0.5,2>", "int4",
    "ternary")), ("bf16", "e4m3fn"), ("bf16", "e2m1"),
    ("bf16", "posit<8,0>"))

#: Block formats that are quantised to, lanes, and scales of the tensor.
QUANTISED = (*((text, 8, None) for text in ("mx<e2m1>", "mx<e2m1,32,rne>", "mx<e2m1,32,fpquant>",
                                            "mx<e4m3fn>", "mxint8", "bfp<4,16>")),
             ("nvfp4", 8, 2.0**-6))


class Codec(NamedTuple):
    """A component, which of :data:`KINDS` it is, and of how many elements."""

    name: str
    kind: str
    elements: int
    component: wiring.Component


def codecs() -> Iterator[Codec]:
    """New instances of all, decoders first."""
    for text in DECODED:
        yield Codec(text, "decoder", 1, Decoder(parse_format(text)))
    yield from _weights()
    for name, block in BLOCKS.items():
        yield Codec(name, "decoder", block.form.size, GgufUnpacker(block.form))
    for text in BLOCK_FORMATS:
        block = parse_block_format(text)
        yield Codec(text, "decoder", block.size, BlockUnpacker(block))
    for text in SPARSE_FORMATS:
        sparse = parse_sparse_format(text)
        yield Codec(text, "decoder", sparse.of, SparseExpander(sparse))
    for source, target in ENCODED:
        yield Codec(f"{source} to {target}", "encoder", 1,
                    Encoder(parse_format(source), parse_format(target)))
    yield from _weight_encoders()
    yield Codec("five trits", "packer", 5, TritPacker())
    yield Codec("sherry", "packer", 4, SherryPacker())
    yield Codec("FP6 in 4+2", "packer", 4, Fp6Packer())
    for text in PACKED:
        block = parse_block_format(text)
        yield Codec(text, "packer", block.size, BlockPacker(block))
    for text in SPARSE_FORMATS:
        sparse = parse_sparse_format(text)
        yield Codec(text, "packer", sparse.of, SparseCompressor(sparse))
    for text, lanes, scale in QUANTISED:
        yield Codec(f"int20 to {text}", "quantiser", lanes, BlockQuantiser(
            IntFormat(20), parse_block_format(text), lanes, scale))


def _weights() -> Iterator[Codec]:
    """Decoders of pairs, bytes and codes that are for weights alone."""
    for width in (3, 4):
        yield Codec(f"bitmod<{width}>", "decoder", 1, BitModUnpacker(width))
        yield Codec(f"bitmod<{width}>, two terms", "decoder", 1, BitModTerms(width))
    for width in (6, 8):
        yield Codec(f"int{width}, Booth terms", "decoder", 1, BoothTerms(width))
    for normal in Normal:
        pair = OliveFormat(normal)
        yield Codec(str(pair), "decoder", 2, OliveUnpacker(pair))
        yield Codec(f"{pair}, shifted", "decoder", 2, OliveFixedUnpacker(pair))
    yield Codec("sherry", "decoder", 4, SherryUnpacker())
    yield Codec("five trits", "decoder", 5, TritUnpacker())
    yield Codec("four trits", "decoder", 4, TritPairUnpacker())
    yield Codec("FP6 in 4+2", "decoder", 4, Fp6Unpacker())


def _weight_encoders() -> Iterator[Codec]:
    """Encoders of scaled numbers for weights alone."""
    for normal in Normal:
        pair = OliveFormat(normal)
        yield Codec(f"{SCALED} to {pair}", "encoder", 2, OliveEncoder(pair, SCALED))
    for width in (3, 4):
        yield Codec(f"{SCALED} to bitmod<{width}>", "encoder", 1, BitModEncoder(width, SCALED))
    yield Codec(f"{SCALED} to sherry", "encoder", 4, SherryEncoder(SCALED))


def figures(component: wiring.Component) -> dict[str, dict[str, float]]:
    """LUTs, carry cells and area by family; from the cache if the Verilog is the same."""
    return {family: {"luts": total.lut_count, "carry": total.carry, "area": total.area}
            for family, total in resources(component, tuple(FAMILIES), dsp=False).items()}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every codec in turn, with the tools' versions."""
    rows = []
    for codec in codecs():
        progress(f"codecs: {codec.kind} of {codec.name}")
        rows.append({"codec": codec.name, "kind": codec.kind, "elements": codec.elements,
                     **figures(codec.component)})
    return {"bench": "codecs", "rows": rows,
            "versions": versions("amaranth") | {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'LUTs + carry cells':<36} {'elements':>8}"
             + "".join(f"{family:>12} {'each':>6}" for family in FAMILIES)]
    for kind in KINDS:
        table += [f"{kind}s"]
        for row in result["rows"]:
            if row["kind"] == kind:
                table.append(f"{row['codec']:<36} {row['elements']:>8}" + "".join(
                    _cell(row[family], row["elements"]) for family in FAMILIES))
    return table


def markdown(result: dict[str, Any]) -> list[str]:
    """The result as a table of :data:`HEAD`, LUTs and carry cells in a cell."""
    table = [HEAD, len(HEAD) * ("---",), *(
        (row["kind"], f"`{row['codec']}`", f"{row['elements']}",
         *(_cells(row[family]) for family in FAMILIES)) for row in result["rows"])]
    return [f"| {' | '.join(cells)} |" for cells in table]


def _cells(cells: dict[str, float]) -> str:
    return f"{cells['luts']:,g}" + (f" + {cells['carry']:,g}" if cells["carry"] else "")


def _cell(cells: dict[str, float], elements: int) -> str:
    return f"{_cells(cells):>12} {(cells['luts'] + cells['carry']) / elements:>6.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    return command("bench.codecs", __doc__, measure, lines, arguments, markdown=markdown)


if __name__ == "__main__":
    sys.exit(main())
