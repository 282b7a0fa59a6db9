"""A streaming decoder of canonical Huffman codes: a symbol every cycle."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats.huffman import WORD
from sw_model.specs.huffman import HuffmanSpec

from ..memory.lookup import LookupRom
from ..streams.pipeline import valid_chain

__all__ = ["HuffmanDecoder", "header_of"]


def header_of(spec: HuffmanSpec) -> StructLayout:
    """Payload of a stream of headers, as :meth:`HuffmanSpec.headers` packs it."""
    return StructLayout({"words": unsigned(spec.chunk_words.bit_length()),
                         "count": unsigned(spec.chunk.bit_length()), "last": 1})


class HuffmanDecoder(wiring.Component):
    """Decode chunk after chunk, a symbol a cycle.

    Every chunk has a header, and words of its own: codes from the most significant bit of a
    word down; what follows a chunk's last code in its last word is dropped. While headers and
    words are there when it asks for them and the consumer is ready, a symbol leaves in every
    cycle, however long its code, also where one chunk follows another. Asks for a word when
    it has room for all of it, be the consumer ready or not, and so reads ahead, but never past
    a chunk whose header has not come. Words that hold no codes, or headers that miscount them,
    give wrong symbols.

    One cycle holds what must be done before the next code can be looked at: compare the top of
    the window with the first number beyond the words of each length, and shift by the length
    that follows, while the next word is put in behind the bits that are there. The symbol is
    looked up in three more stages: code and length; place in the table; symbol.

    Source: E. S. Schwartz, B. Kallick, "Generating a canonical prefix encoding", CACM 7(3),
    1964, 166-169.

    Parameters
    ----------
    spec : HuffmanSpec

    Members
    -------
    headers : ``In(stream.Signature(header_of(spec)))``
        Words and symbols of a chunk, both at least 1, and whether it is its tensor's last.
    words : ``In(stream.Signature(unsigned(32)))``
        Words of the chunks, in the order of the headers.
    o : ``Out(stream.Signature(StructLayout({"data": 8, "last": 1, "tag": 1})))``
        Symbols; ``last`` with a chunk's last one, and the header's ``last`` as ``tag``.
    """

    #: Cycles from accepting a chunk's first word, its header there, to its first symbol.
    latency = 4
    #: Cycles for each symbol.
    interval = 1

    #: Register stages behind the window.
    DEPTH = 3

    def __init__(self, spec: HuffmanSpec) -> None:
        if not isinstance(spec, HuffmanSpec):
            raise TypeError(f"spec must be a HuffmanSpec, not {spec!r}")
        self._spec = spec
        super().__init__({
            "headers": In(stream.Signature(header_of(spec))),
            "words": In(stream.Signature(unsigned(WORD))),
            "o": Out(stream.Signature(StructLayout({"data": 8, "last": 1, "tag": 1}))),
        })

    @property
    def spec(self) -> HuffmanSpec:
        return self._spec

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lengths that code words have."""
        return tuple(bits for bits, count in enumerate(self._spec.code.counts, 1) if count)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self._spec
        window = Signal(spec.window)
        filled = Signal(range(spec.window + 1))
        words_left = Signal(spec.chunk_words.bit_length())
        symbols_left = Signal(spec.chunk.bit_length())
        final = Signal()

        enable = Signal()
        fire = Signal()
        ends = Signal()
        opens = Signal()
        takes = Signal()
        # Behind a chunk's last word there is enough, though it be less than the longest code.
        enough = (filled >= spec.code.longest) | (words_left == 0)
        m.d.comb += [
            enable.eq(self.o.ready | ~self.o.valid),
            fire.eq(enable & enough & (symbols_left != 0)),
            ends.eq(fire & (symbols_left == 1)),
            opens.eq(ends | (symbols_left == 0)),
            self.headers.ready.eq(opens),
            self.words.ready.eq(Mux(opens, self.headers.valid, (words_left != 0)
                                    & (filled <= spec.window - WORD))),
            takes.eq(self.words.valid & self.words.ready),
        ]
        header = self.headers.payload
        with m.If(opens):
            m.d.sync += [symbols_left.eq(Mux(self.headers.valid, header.count, 0)),
                         words_left.eq(header.words - takes), final.eq(header.last)]
        with m.Else():
            m.d.sync += [symbols_left.eq(symbols_left - fire), words_left.eq(words_left - takes)]

        top = window[-spec.code.longest:]
        is_length = self._lengths_of(m, top)
        length = _chosen(is_length, [Const(bits) for bits in self.lengths], fire)
        self._move(m, window, filled, length=length, takes=takes, opens=opens)
        self._look_up(m, top, is_length, enable)
        self._follow(m, fire=fire, ends=ends, final=final, enable=enable)
        return m

    def _lengths_of(self, m: Module, top: Value) -> list[Signal]:
        """Which of :attr:`lengths` the code at the top of the window has."""
        code = self._spec.code
        longer = [top[-bits:] >= code.first_code[bits - 1] + code.counts[bits - 1]
                  for bits in self.lengths[:-1]]
        found = []
        for bits, not_less, more in zip(self.lengths, [Const(1), *longer], [*longer, Const(0)],
                                        strict=True):
            m.d.comb += (one := Signal(name=f"has_{bits}_bits")).eq(not_less & ~more)
            found.append(one)
        return found

    def _move(self, m: Module, window: Signal, filled: Signal, *, length: Value, takes: Value,
              opens: Value) -> None:
        """Drop ``length`` bits of the window, or all that is left when a chunk opens, and put
        a word behind the bits that were there if it ``takes`` one."""
        size = len(window)
        word = Signal(size)
        held = Signal(size)
        # No further than where a word is taken.
        place = filled[:(size - WORD).bit_length()]
        m.d.comb += [word.eq(Mux(takes, self.words.payload, 0) << size - WORD),
                     held.eq(window | word >> place)]
        with m.If(opens):
            m.d.sync += [window.eq(word), filled.eq(Mux(takes, WORD, 0))]
        with m.Else():
            m.d.sync += [window.eq(held << length),
                         filled.eq(filled + Mux(takes, WORD, 0) - length)]

    def _look_up(self, m: Module, top: Value, is_length: list[Signal], enable: Value) -> None:
        """The symbol of the code at the top of the window, three stages later."""
        code = self._spec.code
        m.submodules.symbols = symbols = LookupRom(8, code.symbols)
        place_bits = len(symbols.address_0)
        bits = Signal(code.longest, reset_less=True)
        chosen = Signal(len(is_length), reset_less=True)
        place = Signal(place_bits, reset_less=True)
        # From the codes of a length to their places it is always as far.
        far = [Const((base - first) % (1 << place_bits), place_bits) for base, first in
               ((code.base[n - 1], code.first_code[n - 1]) for n in self.lengths)]
        number = _chosen(chosen, [bits[-n:] for n in self.lengths])
        with m.If(enable):
            m.d.sync += [bits.eq(top), place.eq(number + _chosen(chosen, far))]
            for k, one in enumerate(is_length):
                m.d.sync += chosen[k].eq(one)
        m.d.comb += [symbols.enable.eq(enable), symbols.address_0.eq(place),
                     self.o.payload.data.eq(symbols.word(0))]

    def _follow(self, m: Module, *, fire: Value, ends: Value, final: Value, enable: Value
                ) -> None:
        """Valid bit and flags of every stage."""
        stages = valid_chain(m, fire, depth=self.DEPTH, enable=enable)
        last, tag = ends, final
        for stage in range(self.DEPTH):
            later_last = Signal(name=f"last_{stage}", reset_less=True)
            later_tag = Signal(name=f"tag_{stage}", reset_less=True)
            with m.If(enable):
                m.d.sync += [later_last.eq(last), later_tag.eq(tag)]
            last, tag = later_last, later_tag
        m.d.comb += [self.o.valid.eq(stages[-1]), self.o.payload.last.eq(last),
                     self.o.payload.tag.eq(tag)]


def _chosen(one_hot: Any, values: list[Value], also: Value | None = None) -> Value:
    """The value whose bit is set; with ``also``, 0 unless that is set too."""
    return reduce(or_, [Mux(bit if also is None else bit & also, value, 0)
                        for bit, value in zip(one_hot, values, strict=True)])
