"""Narrow words of a vector into wide ones."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Signal

from sw_model.formats import Format

from .parts import count_parts, lies_of
from .sequence import choose
from .width import WidthChange

__all__ = ["WidthUp"]


class WidthUp(WidthChange):
    """Gather narrow words into wide ones.

    Takes a narrow word a cycle while the consumer keeps up, and offers a wide word one cycle
    after the last of its parts, which is the last of the vector if that comes first: nothing
    waits for the next vector. Lanes past the end of a vector are zero, whatever came on them.
    ``i.ready`` follows ``o.ready`` within the cycle.

    Parameters
    ----------
    format : Format
        Of the elements.
    narrow, wide : int
        Lanes of ``i`` and of ``o``; ``wide`` must be a multiple of ``narrow``.
    jobs : tuple of (int, int)
        Elements of a vector, and how many such vectors come; entry after entry, cyclically.

    Members
    -------
    i : ``In(stream.Signature(vector_of(format, narrow)))``
        Vectors of ``ceil(vector / narrow)`` words.
    o : ``Out(stream.Signature(vector_of(format, wide)))``
        The same vectors in ``ceil(vector / wide)`` words.
    """

    #: Cycles from accepting the last part of a word to offering it.
    latency = 1
    #: Cycles for each word of ``i``.
    interval = 1

    def __init__(self, format: Format, narrow: int, wide: int,
                 jobs: tuple[tuple[int, int], ...]) -> None:
        super().__init__(format, wide, narrow, jobs, down=False)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        sequence = lies_of(self._jobs, self._wide, self._narrow)
        accept = self.i.valid & self.i.ready
        position = count_parts(m, sequence, ratio=self.ratio, advance=accept)
        elements = choose([lie.elements for lie, _ in sequence], position.lie)
        fewest = min(lie.elements for lie, _ in sequence)

        # Lanes that are padding in no vector need no gate.
        word = Signal.like(self.i.payload)
        for lane in range(self._narrow):
            padding = position.ends_vector & (elements <= lane) if lane >= fewest else 0
            m.d.comb += word[lane].eq(Mux(padding, 0, self.i.payload[lane]))

        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid & position.ends_word)
        slots = [Cat(self.o.payload[k * self._narrow + lane] for lane in range(self._narrow))
                 for k in range(self.ratio)]
        filled = all(lie.parts == self.ratio for lie, _ in sequence)
        for k, slot in enumerate(slots):
            with m.If(accept & (position.part == k)):
                m.d.sync += slot.eq(Cat(*word))
            if k > 0 and not filled:
                with m.Elif(accept & (position.part == 0)):
                    m.d.sync += slot.eq(0)
        return m
