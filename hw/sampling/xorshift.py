"""Pseudo-random numbers of 32 bits."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["Xorshift32"]


class Xorshift32(wiring.Component):
    """The generator of G. Marsaglia, "Xorshift RNGs" (2003), with the shifts 13, 17, 5.

    Parameters
    ----------
    seed : int
        State after reset, 1 to 2**32 - 1.

    Members
    -------
    advance : ``In(1)``
        Go on to the next number at the clock edge.
    number : ``Out(32)``
        The next number: the first after reset follows the seed.
    """

    def __init__(self, seed: int) -> None:
        if not 0 < as_index("seed", seed) < 1 << 32:
            raise ValueError(f"seed must be 1 to {(1 << 32) - 1}, not {seed}")
        self._seed = seed
        super().__init__({"advance": In(1), "number": Out(32)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        state = Signal(32, init=self._seed)
        steps = [Signal(32, name=f"step_{k}") for k in range(2)]
        m.d.comb += [steps[0].eq(state ^ state.shift_left(13)[:32]),
                     steps[1].eq(steps[0] ^ steps[0].shift_right(17)),
                     self.number.eq(steps[1] ^ steps[1].shift_left(5)[:32])]
        with m.If(self.advance):
            m.d.sync += state.eq(self.number)
        return m
