# amaranth: UnusedElaboratable=no
"""bfloat16 from entropy-coded exponents, and signs and mantissas as they are."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats.huffman import WORD
from sw_model.specs.huffman import HuffmanSpec

from ..streams import Join, Queue
from ..unique import Unique
from .chunks import ChunkMerge, ChunkSplit, Gather, ServesDecoders, symbols_of
from .huffman import HuffmanDecoder, header_of

__all__ = ["EntropyDecoder"]


class EntropyDecoder(ServesDecoders, wiring.Component):
    """Decode entropy-coded bfloat16, ``ways`` numbers a cycle, by as many Huffman decoders.

    Decoders take chunks in turn. Each has queues for the words of a chunk, the largest there
    is, and for its symbols, so that in steady state all of them give a symbol every cycle: as
    long as words come as fast as they are used up, of which one a cycle is most, and the
    consumer is ready. The first word comes ``ways`` times later than the others, and the
    first chunk takes the time of ``ways`` chunks. Numbers leave in the order of the tensor;
    the lanes past its last are padding, and the next tensor begins with a word of its own.
    ``o.valid`` follows ``rest.valid``, and ``rest.ready`` follows ``o.ready``, within the
    cycle. With one decoder there are no queues.

    Source: T. Zhang et al., "70% Size, 100% Accuracy: Lossless LLM Compression for Efficient
    GPU Inference via Dynamic-Length Float (DFloat11)", arXiv 2504.11651, section 2; the
    chunks and this decoder are our own.

    Parameters
    ----------
    spec : HuffmanSpec
    ways : int
        Decoders, and lanes of the output; a divisor of the spec's ``chunk``.

    Members
    -------
    headers : ``In(stream.Signature(header_of(spec)))``
        One for each chunk, in order.
    words : ``In(stream.Signature(unsigned(32)))``
        Codes of the exponents, chunk after chunk.
    rest : ``In(stream.Signature(ArrayLayout(unsigned(8), ways)))``
        Signs (bit 7) and mantissas of as many numbers.
    o : ``Out(stream.Signature(StructLayout({"data": ArrayLayout(16, ways), "last": 1})))``
        Bit patterns; ``last`` with the last word of a tensor.
    """

    def __init__(self, spec: HuffmanSpec, ways: int = 1) -> None:
        self._serve(spec, ways)
        self._decoders = [Unique(HuffmanDecoder, spec) for _ in range(self._ways)]
        if spec.chunk % self._ways:
            raise ValueError(f"ways must be a divisor of the chunk's {spec.chunk} symbols, "
                             f"not {ways}")
        data = ArrayLayout(unsigned(16), self._ways)
        super().__init__({
            "headers": In(stream.Signature(header_of(spec))),
            "words": In(stream.Signature(unsigned(WORD))),
            "rest": In(stream.Signature(ArrayLayout(unsigned(8), self._ways))),
            "o": Out(stream.Signature(StructLayout({"data": data, "last": 1}))),
        })

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        exponents = self._one(m) if self._ways == 1 else self._several(m)
        m.submodules.join = join = Join(symbols_of(self._ways), self.rest.payload.shape())
        connect(m, exponents, join.i0)
        connect(m, flipped(self.rest), join.i1)
        m.d.comb += [self.o.valid.eq(join.o.valid), join.o.ready.eq(self.o.ready)]
        symbols, rest = join.o.payload.i0, join.o.payload.i1
        for lane, number in enumerate(self.o.payload.data):
            m.d.comb += number.eq(Cat(rest[lane][:7], symbols.data[lane], rest[lane][7]))
        m.d.comb += self.o.payload.last.eq(symbols.last & symbols.tag)
        return m

    def _one(self, m: Module) -> Any:
        """One decoder, without more ado."""
        m.submodules.decoder = decoder = self._decoders[0]
        m.submodules.gather = gather = Gather(1)
        connect(m, flipped(self.headers), decoder.headers)
        connect(m, flipped(self.words), decoder.words)
        connect(m, decoder.o, gather.i)
        return gather.o

    def _several(self, m: Module) -> Any:
        """Decoders between queues."""
        spec, ways = self._spec, self._ways
        m.submodules.split = split = ChunkSplit(spec, ways)
        m.submodules.merge = merge = ChunkMerge(ways, ways)
        connect(m, flipped(self.headers), split.headers)
        connect(m, flipped(self.words), split.words)
        for way, decoder in enumerate(self._decoders):
            headers = Unique(Queue, header_of(spec), 2)
            words = Unique(Queue, unsigned(WORD), spec.chunk_words)
            gather = Unique(Gather, ways)
            # A chunk waits while those of the other decoders leave.
            symbols = Unique(Queue, symbols_of(ways), spec.chunk // ways)
            for name, part in (("headers", headers), ("words", words), ("decoder", decoder),
                               ("gather", gather), ("symbols", symbols)):
                m.submodules[f"{name}_{way}"] = part
            connect(m, split.o_headers[way], headers.i)
            connect(m, split.o_words[way], words.i)
            connect(m, headers.o, decoder.headers)
            connect(m, words.o, decoder.words)
            connect(m, decoder.o, gather.i)
            connect(m, gather.o, symbols.i)
            connect(m, symbols.o, merge.i[way])
        return merge.o
