# amaranth: UnusedElaboratable=no
"""One small instance or more of every component of ``hw.codec`` that has no stream of symbols."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.codec.bitmod import BitModTerms, BitModUnpacker, BoothTerms
from hw.codec.bitmod_encode import BitModEncoder
from hw.codec.block_packer import BlockPacker
from hw.codec.block_quantiser import BlockQuantiser
from hw.codec.block_scale import BlockScale
from hw.codec.blocks import BlockUnpacker
from hw.codec.decode import Decoder
from hw.codec.encode import Encoder
from hw.codec.fp6 import Fp6Packer, Fp6Unpacker
from hw.codec.gguf import GgufUnpacker
from hw.codec.magnitude import MagnitudeLane
from hw.codec.olive import OliveFixedUnpacker, OliveUnpacker
from hw.codec.olive_encode import OliveEncoder
from hw.codec.shared_exponent import ExponentLane, ExponentPeak, ExponentScale, SharedExponent
from hw.codec.sherry import SherryPacker, SherryUnpacker
from hw.codec.sherry_encode import SherryEncoder
from hw.codec.sparse import SparseCompressor, SparseExpander
from hw.codec.sparse_pack import SparsePacker, SparseUnpacker
from hw.codec.staged import Staged
from hw.codec.stepped import StepLane, StepPeak, StepScale
from hw.codec.trits import TritPacker, TritPairUnpacker, TritUnpacker
from sw_model.formats import IntFormat, Rounding, parse_format
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.gguf import GGUF_FORMATS
from sw_model.formats.blocks.olive import OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from sw_model.formats.sparse import SparseFormat
from sw_model.specs.nv_steps import NVSteps

__all__ = ["codecs"]


def codecs() -> tuple[wiring.Component, ...]:
    """New instances."""
    e2m1, int8 = parse_format("e2m1"), IntFormat(8)
    block, sparse = parse_block_format("nvfp4"), SparseFormat(2, 4, int8)
    pair = OliveFormat(Normal.INT4)
    return (
        Decoder(e2m1), Encoder(int8, e2m1), Staged(Decoder, e2m1, lanes=2),
        Staged(Encoder, int8, e2m1, rounding=Rounding.FLOOR, lanes=2), Staged(SherryUnpacker),
        Staged(SherryPacker), SherryUnpacker(), SherryPacker(),
        TritUnpacker(), TritPacker(), TritPairUnpacker(), OliveUnpacker(pair),
        OliveFixedUnpacker(pair), BitModUnpacker(3), BitModTerms(4), BoothTerms(8),
        Fp6Unpacker(), Fp6Packer(), GgufUnpacker(GGUF_FORMATS["q4_0"]), BlockUnpacker(block),
        BlockPacker(block), SparseExpander(sparse), SparseCompressor(sparse),
        SparsePacker(sparse), SparseUnpacker(sparse), OliveEncoder(pair, int8),
        BitModEncoder(4, int8), SherryEncoder(int8), *_quantisers())


def _quantisers() -> tuple[wiring.Component, ...]:
    """Of blocks, and their parts."""
    int8, form = IntFormat(8), parse_block_format("mx<e2m1,4>")
    plan, steps = SharedExponent(int8, form), NVSteps(int8, parse_block_format("nvfp4"), 1.0)
    return (
        BlockQuantiser(int8, form, 2), BlockScale(2, 2, ExponentPeak, ExponentScale, plan),
        MagnitudeLane(int8), ExponentPeak(plan, 2), ExponentScale(plan), ExponentLane(plan),
        StepPeak(steps, 2), StepScale(steps), StepLane(steps))
