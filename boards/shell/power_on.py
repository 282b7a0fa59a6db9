"""A reset of its own for a design that has a clock and nothing else."""

from __future__ import annotations

from typing import Any

from amaranth import ClockDomain, Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In

from .flat import join_flat

__all__ = ["PowerOn"]


class PowerOn(wiring.Component):
    """A component behind a clock pin: in reset for a while after configuration.

    Block RAM of iCE40 reads zeros for the first 3 microseconds after configuration (Lattice
    FPGA-TN-02002, "iCE40 memory usage guide", initialisation), and other families' global set
    and reset is released at no particular edge.

    Parameters
    ----------
    inner : wiring.Component
        Whose members are the pins; of the clock domain ``sync``.
    hz : float
        Of the clock.

    Members
    -------
    clk : ``In(1)``
        The clock.
    reset : ``In(1)``
        Resets the component for as long as it is high; of any clock domain.
    those of the component
    """

    #: Seconds of reset.
    SECONDS = 16e-6

    def __init__(self, inner: Any, hz: float) -> None:
        if not hz > 0:
            raise ValueError(f"hz must be above 0, not {hz:g}")
        self._inner, self._cycles = inner, max(16, round(hz * self.SECONDS))
        super().__init__({"clk": In(1), "reset": In(1), **inner.signature.members})

    @property
    def cycles(self) -> int:
        """Of reset after configuration."""
        return self._cycles

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.domains.sync = sync = ClockDomain(local=True)
        m.domains.power = power = ClockDomain(local=True, reset_less=True)
        m.d.comb += [sync.clk.eq(self.clk), power.clk.eq(self.clk)]
        pressed, count = Signal(), Signal(range(self._cycles + 1))
        m.submodules.button = FFSynchronizer(self.reset, pressed, o_domain="power")
        with m.If(pressed):
            m.d.power += count.eq(0)
        with m.Elif(count != self._cycles):
            m.d.power += count.eq(count + 1)
        held = Signal(init=1)
        m.d.power += held.eq(count != self._cycles)
        m.d.comb += sync.rst.eq(held)
        m.submodules.inner = self._inner
        join_flat(m, self, "", self._inner)
        return m
