"""Between the words of an accelerator and the 32-bit words that a register carries."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, as_index

from ..streams import WidthDown, WidthUp
from .registers import WORD

__all__ = ["BeatsToWords", "WordsToBeats", "beats_of"]


def beats_of(width: int, words: int) -> int:
    """Beats of a sample of ``words`` words of ``width`` bits.

    As many words as fit share a beat, the first lowest; a wider word takes several, its low bits
    first. A sample starts on a beat of its own.

    >>> beats_of(9, 10), beats_of(32, 10), beats_of(33, 10)
    (4, 10, 20)
    """
    return -(-words // (WORD // width)) if width <= WORD else words * -(-width // WORD)


class _Beats(wiring.Component):
    """What both directions share: see :func:`beats_of` for how words lie in beats."""

    #: Cycles from accepting what makes a word or a beat to offering it.
    latency = 1

    def __init__(self, width: int, words: int, *, into: bool) -> None:
        self._width, self._words = as_index("width", width), as_index("words", words)
        if self._width < 1 or self._words < 1:
            raise ValueError(f"width and words must be at least 1, not {width} and {words}")
        beats, plain = stream.Signature(WORD), stream.Signature(self._width)
        super().__init__({"i": In(beats if into else plain), "o": Out(plain if into else beats)})

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self._width

    @property
    def words(self) -> int:
        """Words of a sample."""
        return self._words

    def _join(self, m: Module, change: WidthDown | WidthUp) -> Module:
        m.submodules.change = change
        source, target = Value.cast(change.i.payload), Value.cast(change.o.payload)
        m.d.comb += [
            source.eq(Cat(self.i.payload, 0)), change.i.valid.eq(self.i.valid),
            self.i.ready.eq(change.i.ready),
            self.o.payload.eq(target), self.o.valid.eq(change.o.valid),
            change.o.ready.eq(self.o.ready),
        ]
        return m


class BeatsToWords(_Beats):
    """The words of samples that come in beats.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : int
        Words of a sample.

    Members
    -------
    i : ``In(stream.Signature(32))``
        :func:`beats_of` beats a sample; bits in which no word lies are ignored.
    o : ``Out(stream.Signature(width))``
        A word a cycle, or one for each of its beats.
    """

    def __init__(self, width: int, words: int) -> None:
        super().__init__(width, words, into=True)

    def elaborate(self, platform: Any) -> Module:
        if self._width > WORD:
            parts = -(-self._width // WORD)
            return self._join(Module(), WidthUp(IntFormat(WORD, signed=False), 1, parts,
                                                ((parts, 1),)))
        return self._join(Module(), WidthDown(IntFormat(self._width, signed=False),
                                              WORD // self._width, 1, ((self._words, 1),)))


class WordsToBeats(_Beats):
    """Samples of words as beats.

    Parameters
    ----------
    width : int
        Bits of a word.
    words : int
        Words of a sample.

    Members
    -------
    i : ``In(stream.Signature(width))``
        ``words`` words a sample.
    o : ``Out(stream.Signature(32))``
        :func:`beats_of` beats a sample; bits in which no word lies are zero.
    """

    def __init__(self, width: int, words: int) -> None:
        super().__init__(width, words, into=False)

    def elaborate(self, platform: Any) -> Module:
        if self._width > WORD:
            parts = -(-self._width // WORD)
            return self._join(Module(), WidthDown(IntFormat(WORD, signed=False), parts, 1,
                                                  ((parts, 1),)))
        return self._join(Module(), WidthUp(IntFormat(self._width, signed=False), 1,
                                            WORD // self._width, ((self._words, 1),)))
