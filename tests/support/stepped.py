"""Units with a clock enable and control inputs, driven cycle by cycle."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal

from .enabled import Enabled

__all__ = ["Stepped"]


class Stepped(Enabled):
    """A unit between streams whose words are all its inputs in one enabled cycle each.

    The word that comes out is ``o`` after the cycle, so the result of operands in word ``k`` is
    in word ``k + latency - 1``. Between words the unit is not enabled.
    """

    control = ("enable",)

    stalled = 4000

    def _step(self, m: Module, inner: Any) -> None:
        step = Signal()
        m.d.comb += [step.eq(self.i.valid & (self.o.ready | ~self.o.valid)),
                     self.i.ready.eq(step), inner.enable.eq(step)]
        with m.If(self.o.ready | step):
            m.d.sync += self.o.valid.eq(step)
