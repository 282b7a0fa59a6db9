"""Sums over the passes of a product whose dot products do not fit an array at once."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, as_index

from ..arith.registered import registered
from ..network.loops import Loops
from ..shapes import vector_of

__all__ = ["PassSums"]


class PassSums(wiring.Component):
    """Add up words that come again and again: word ``k`` of every pass gives sum ``k``.

    Sums of the passes so far are kept in a memory of as many words as the longest pass, which
    is read and written once a cycle. Where nothing has more than one pass there is none, and
    words go through within the cycle.

    Parameters
    ----------
    accumulator : IntFormat
        Of words and sums; sums wrap.
    lanes : int
    jobs : tuple of (int, int, int)
        Words of a pass, passes of a sum, and how often this comes; one entry after the other,
        cyclically.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    valid : ``In(1)``
        There is a word.
    i : ``In(vector_of(accumulator, lanes))``
    complete : ``Out(1)``
        ``o`` is the sum of all passes.
    o : ``Out(vector_of(accumulator, lanes))``
    """

    def __init__(self, accumulator: IntFormat, lanes: int,
                 jobs: tuple[tuple[int, int, int], ...]) -> None:
        self._jobs, self._lanes = jobs, as_index("lanes", lanes)
        values = vector_of(accumulator, lanes)
        super().__init__({"enable": In(1), "valid": In(1), "i": In(values),
                          "complete": Out(1), "o": Out(values)})

    @property
    def latency(self) -> int:
        """Enabled cycles from the last pass's word to its sum."""
        return 2 if any(passes > 1 for _, passes, _ in self._jobs) else 0

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if not self.latency:
            m.d.comb += [self.complete.eq(self.valid), self.o.eq(self.i)]
            return m
        m.submodules.loops = loops = Loops(self._jobs)
        m.d.comb += loops.advance.eq(self.enable & self.valid)
        longest = max(words for words, _, _ in self._jobs)
        m.submodules.sums = memory = Memory(shape=self.i.shape(), depth=max(2, longest), init=[])
        write = memory.write_port()
        # Passes of one word may follow at once: the sum is read while it is written.
        at_once = any(words == 1 for words, _, _ in self._jobs)
        read = memory.read_port(transparent_for=(write,) if at_once else ())
        m.d.comb += [read.addr.eq(loops.index_0), read.en.eq(self.enable)]

        def stage(value: Any, name: str) -> Any:
            return registered(m, value, enable=self.enable, name=name)

        there = Signal()
        opens, closes = stage(loops.first_1, "opens"), stage(loops.last_1, "closes")
        m.d.comb += [write.addr.eq(stage(loops.index_0, "place")),
                     write.en.eq(self.enable & there)]
        with m.If(self.enable):
            m.d.sync += [there.eq(self.valid), self.complete.eq(there & closes)]
        for lane in range(self._lanes):
            word = Signal.like(self.i[lane], name=f"word_{lane}")
            total = Signal.like(word, name=f"total_{lane}")
            m.d.comb += [word.eq(stage(self.i[lane], f"held_{lane}")),
                         total.eq(word + Mux(opens, 0, read.data[lane])),
                         write.data[lane].eq(total),
                         self.o[lane].eq(stage(total, f"sum_{lane}"))]
        return m
