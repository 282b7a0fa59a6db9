"""Wide words of a vector into narrow ones."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal

from sw_model.formats import Format

from .parts import count_parts, lies_of
from .width import WidthChange

__all__ = ["WidthDown"]


class WidthDown(WidthChange):
    """Cut wide words into narrow ones.

    Offers a narrow word a cycle, in order, without a gap between wide words. Of the last word
    of a vector only the narrow words that hold elements appear: a vector of 10 elements on 4
    lanes leaves on 2 lanes as 5 words. The payload is registered; ``i.ready`` follows
    ``o.ready`` within the cycle.

    Parameters
    ----------
    format : Format
        Of the elements.
    wide, narrow : int
        Lanes of ``i`` and of ``o``; ``wide`` must be a multiple of ``narrow``.
    jobs : tuple of (int, int)
        Elements of a vector, and how many such vectors come; entry after entry, cyclically.

    Members
    -------
    i : ``In(stream.Signature(vector_of(format, wide)))``
        Vectors of ``ceil(vector / wide)`` words.
    o : ``Out(stream.Signature(vector_of(format, narrow)))``
        The same vectors in ``ceil(vector / narrow)`` words; padding lanes as they came.
    """

    #: Cycles from accepting a word to offering the first of its parts.
    latency = 1

    def __init__(self, format: Format, wide: int, narrow: int,
                 jobs: tuple[tuple[int, int], ...]) -> None:
        super().__init__(format, wide, narrow, jobs, down=True)

    @property
    def interval(self) -> int:
        """Cycles for each full word of ``i``; the last of a vector may need fewer."""
        return self.ratio

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        rest = Signal.like(self.i.payload.as_value())
        position = count_parts(m, lies_of(self._jobs, self._wide, self._narrow),
                               ratio=self.ratio, advance=self.o.valid & self.o.ready)

        part = len(self.o.payload.as_value())
        m.d.comb += self.o.payload.eq(rest[:part])
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready & position.ends_word)
        with m.If(self.i.ready):
            m.d.sync += rest.eq(self.i.payload)
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.Elif(self.o.ready):
            m.d.sync += rest.eq(rest >> part)
        return m
