"""Whether the samples of a stream have the digests that they should have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.bus.beats import WordsToBeats, beats_of
from hw.bus.crc import crc32_step
from hw.streams.sequence import counter
from verif.manifest import Stream

__all__ = ["Digest"]


class Digest(wiring.Component):
    """Compare the CRC-32 of each sample, over its beats, with the one that is expected.

    Lanes that a vector does not reach count as zero, whatever comes on them.

    Parameters
    ----------
    stream : Stream
        Of the manifest: an output.
    expected : sequence of int
        A CRC for each sample, as :func:`zlib.crc32` has it; at least one.

    Members
    -------
    i : ``In(stream.Signature(stream.width))``
        Words up to 32 bits are taken in every cycle, wider ones as fast as their beats go.
    passed : ``Out(range(len(expected) + 1))``
        Samples that agreed so far.
    ended : ``Out(1)``
        Every sample came; further words are dropped.
    """

    def __init__(self, described: Stream, expected: Sequence[int]) -> None:
        self._stream, self._expected = described, tuple(expected)
        if not self._expected:
            raise ValueError("there must be at least one sample")
        super().__init__({"i": In(stream.Signature(described.width)),
                          "passed": Out(range(len(self._expected) + 1)), "ended": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        width, words = self._stream.width, self._stream.words
        m.submodules.beats = beats = WordsToBeats(width, words)
        m.d.comb += [beats.i.payload.eq(self._without_padding(m)), beats.i.valid.eq(self.i.valid),
                     self.i.ready.eq(beats.i.ready), beats.o.ready.eq(1)]
        count, samples = beats_of(width, words), len(self._expected)
        _, last = counter(m, "beat", last=count - 1, most=count - 1, advance=beats.o.valid)
        m.submodules.memory = memory = Memory(shape=32, depth=samples, init=self._expected)
        read = memory.read_port(domain="comb")
        sample = Signal(range(samples + 1))
        state, following = Signal(32, init=0xFFFF_FFFF), Signal(32)
        m.d.comb += [following.eq(crc32_step(state, beats.o.payload)), read.addr.eq(sample),
                     self.ended.eq(sample == samples)]
        with m.If(beats.o.valid & ~self.ended):
            m.d.sync += state.eq(following)
            with m.If(last):
                m.d.sync += [state.eq(state.init), sample.eq(sample + 1)]
                with m.If(following == ~read.data):
                    m.d.sync += self.passed.eq(self.passed + 1)
        return m

    def _without_padding(self, m: Module) -> Value:
        """The word, with zeros on lanes past the end of its vector."""
        lanes, vector = self._stream.lanes, self._stream.vector
        words = -(-vector // lanes)
        _, last = counter(m, "place", last=words - 1, most=words - 1,
                          advance=self.i.valid & self.i.ready)
        reached = self._stream.number_format.width * (vector - (words - 1) * lanes)
        return Mux(last, self.i.payload & Const((1 << reached) - 1), self.i.payload)
