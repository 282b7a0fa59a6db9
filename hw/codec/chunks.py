"""Chunks to several decoders in turn, and what they give back into one stream, in order."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.formats.huffman import WORD
from sw_model.specs.huffman import HuffmanSpec

from .huffman import header_of

__all__ = ["ChunkMerge", "ChunkSplit", "Gather", "ServesDecoders", "symbols_of"]


def symbols_of(lanes: int) -> StructLayout:
    """Payload of several symbols: lane 0 in the low bits; flags as a decoder has them."""
    return StructLayout({"data": ArrayLayout(unsigned(8), lanes), "last": 1, "tag": 1})


def _checked_ways(name: str, value: object) -> int:
    ways = as_index(name, value)
    if ways < 1:
        raise ValueError(f"{name} must be at least 1, not {ways}")
    return ways


class ServesDecoders:
    """Parameters of what serves several decoders of one spec."""

    _spec: HuffmanSpec
    _ways: int

    def _serve(self, spec: HuffmanSpec, ways: int) -> None:
        """Check and keep them."""
        if not isinstance(spec, HuffmanSpec):
            raise TypeError(f"spec must be a HuffmanSpec, not {spec!r}")
        self._spec, self._ways = spec, _checked_ways("ways", ways)

    @property
    def spec(self) -> HuffmanSpec:
        return self._spec

    @property
    def ways(self) -> int:
        return self._ways


class ChunkSplit(ServesDecoders, wiring.Component):
    """Give chunks to several decoders in turn: to each the header, and then as many words.

    Combinational but for counters. A word passes every cycle; a header passes beside its first
    word or before it, and the last word waits for the header. The decoder whose turn it is
    holds up the others' chunks when it takes no words, so each should have a queue.

    Parameters
    ----------
    spec : HuffmanSpec
    ways : int
        Decoders.

    Members
    -------
    headers : ``In(stream.Signature(header_of(spec)))``
        Of all chunks.
    words : ``In(stream.Signature(unsigned(32)))``
        Of all chunks, in the order of the headers.
    o_headers : ``Out(stream.Signature(header_of(spec))).array(ways)``
        Of the chunks of each decoder.
    o_words : ``Out(stream.Signature(unsigned(32))).array(ways)``
        Of the chunks of each decoder.
    """

    #: Cycles from accepting a word to offering it.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: HuffmanSpec, ways: int) -> None:
        self._serve(spec, ways)
        headers, words = stream.Signature(header_of(spec)), stream.Signature(unsigned(WORD))
        super().__init__({
            "headers": In(headers), "words": In(words),
            "o_headers": Out(headers).array(self._ways), "o_words": Out(words).array(self._ways)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        way = Signal(range(self._ways))
        passed = Signal(self._spec.chunk_words.bit_length())
        told = Signal()
        ends = Signal()
        open_ = Signal()
        m.d.comb += [
            ends.eq(passed + 1 == self.headers.payload.words),
            open_.eq(self.headers.valid & (told | ~ends)),
            self.words.ready.eq(open_ & Array(o.ready for o in self.o_words)[way]),
            self.headers.ready.eq(ends & self.words.valid & self.words.ready),
        ]
        for k, (header, word) in enumerate(zip(self.o_headers, self.o_words, strict=True)):
            m.d.comb += [
                header.payload.eq(self.headers.payload), word.payload.eq(self.words.payload),
                header.valid.eq(self.headers.valid & ~told & (way == k)),
                word.valid.eq(self.words.valid & open_ & (way == k)),
            ]
            with m.If(header.valid & header.ready):
                m.d.sync += told.eq(1)
        with m.If(self.headers.ready):
            m.d.sync += [told.eq(0), passed.eq(0), _turn(way, self._ways)]
        with m.Elif(self.words.valid & self.words.ready):
            m.d.sync += passed.eq(passed + 1)
        return m


class Gather(wiring.Component):
    """Gather symbols into words of several, the last word of a chunk perhaps not full.

    Takes a symbol a cycle while the consumer keeps up, and offers a word the cycle after it
    took the last symbol of it. Lanes past a chunk's end are 0. ``i.ready`` follows ``o.ready``
    within the cycle.

    Parameters
    ----------
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"data": 8, "last": 1, "tag": 1})))``
        Symbols.
    o : ``Out(stream.Signature(symbols_of(lanes)))``
        As many symbols at once, with the flags of the last one.
    """

    #: Cycles from accepting the last symbol of a word to offering it.
    latency = 1
    #: Cycles for each symbol.
    interval = 1

    def __init__(self, lanes: int) -> None:
        self._lanes = _checked_ways("lanes", lanes)
        super().__init__({
            "i": In(stream.Signature(StructLayout({"data": 8, "last": 1, "tag": 1}))),
            "o": Out(stream.Signature(symbols_of(self._lanes)))})

    @property
    def lanes(self) -> int:
        return self._lanes

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        lane = Signal(range(self._lanes))
        full = Signal()
        i, o = self.i, self.o
        m.d.comb += [i.ready.eq(o.ready | ~o.valid),
                     full.eq(i.payload.last | (lane == self._lanes - 1))]
        with m.If(i.ready):
            m.d.sync += o.valid.eq(i.valid & full)
        with m.If(i.valid & i.ready):
            m.d.sync += [lane.eq(Mux(full, 0, lane + 1)), o.payload.last.eq(i.payload.last),
                         o.payload.tag.eq(i.payload.tag)]
            for k in range(self._lanes):
                with m.If(lane == k):
                    m.d.sync += o.payload.data[k].eq(i.payload.data)
                if k:
                    with m.Elif(lane == 0):
                        m.d.sync += o.payload.data[k].eq(0)
        return m


class ChunkMerge(wiring.Component):
    """Take a chunk from every input in turn.

    Combinational but for the counter of turns; the output waits for the input whose turn it
    is, even if others have words.

    Parameters
    ----------
    lanes : int
        Symbols of a word.
    ways : int
        Inputs.

    Members
    -------
    i : ``In(stream.Signature(symbols_of(lanes))).array(ways)``
        Chunks, the last word of each marked ``last``.
    o : ``Out(stream.Signature(symbols_of(lanes)))``
        The same words.
    """

    #: Cycles from accepting a word to offering it.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, lanes: int, ways: int) -> None:
        self._lanes, self._ways = _checked_ways("lanes", lanes), _checked_ways("ways", ways)
        word = stream.Signature(symbols_of(self._lanes))
        super().__init__({"i": In(word).array(self._ways), "o": Out(word)})

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def ways(self) -> int:
        return self._ways

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        way = Signal(range(self._ways))
        m.d.comb += [
            self.o.valid.eq(Array(i.valid for i in self.i)[way]),
            Value.cast(self.o.payload).eq(Array(Value.cast(i.payload) for i in self.i)[way]),
        ]
        for k, i in enumerate(self.i):
            m.d.comb += i.ready.eq(self.o.ready & (way == k))
        with m.If(self.o.valid & self.o.ready & self.o.payload.last):
            m.d.sync += _turn(way, self._ways)
        return m


def _turn(way: Signal, ways: int) -> Any:
    return way.eq(Mux(way == ways - 1, 0, way + 1))
