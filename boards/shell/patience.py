"""When to stop waiting."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["Patience"]

#: Bits of a period in ticks.
_TICKS = 16


class Patience(wiring.Component):
    """Counts time in which something waits and nothing moves.

    Parameters
    ----------
    tick : int
        Cycles, a power of two.

    Members
    -------
    waits : ``In(1)``
        Something waits; while nothing does, no time passes.
    moved : ``In(1)``
        Something moves: the count begins again.
    period : ``In(16)``
        Whole ticks until patience ends, in the one that follows.
    expired : ``Out(1)``
        For a cycle, when it ends.
    cycles : ``Out(32)``
        Since the reset.
    """

    def __init__(self, tick: int) -> None:
        self._tick = as_index("tick", tick)
        if self._tick < 2 or self._tick & self._tick - 1:
            raise ValueError(f"tick must be a power of two, at least 2, not {tick}")
        super().__init__({"waits": In(1), "moved": In(1), "period": In(_TICKS),
                          "expired": Out(1), "cycles": Out(32)})

    @property
    def tick(self) -> int:
        """Cycles of a tick."""
        return self._tick

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        ticks, ends = Signal(_TICKS), Signal()
        m.d.sync += self.cycles.eq(self.cycles + 1)
        m.d.comb += ends.eq(self.cycles[:(self._tick - 1).bit_length()].all())
        m.d.comb += self.expired.eq(self.waits & ~self.moved & ends & (ticks >= self.period))
        with m.If(~self.waits | self.moved | self.expired):
            m.d.sync += ticks.eq(0)
        with m.Elif(ends):
            m.d.sync += ticks.eq(ticks + 1)
        return m
