# amaranth: UnusedElaboratable=no
"""One lane of a ternary sum, and its accumulator: the smallest of all processing elements."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, IntFormat, TernaryFormat

from ..arith.ternary_add import TernaryAdd
from ..shapes import fixed_value, shape_of
from .operands import check_integers, check_plain

__all__ = ["TernaryAccumulate"]


class TernaryAccumulate(wiring.Component):
    """``o += w * a`` in each cycle; a cycle with ``clear`` makes it zero instead.

    Clearing is the register's synchronous reset, so that it takes no look-up table: a sum of n
    products takes n + 1 cycles. There is no enable either: a weight of zero keeps the sum.
    ``o`` is the sum of all products before the cycle, modulo two to the accumulator's width;
    after a reset it is what it was.

    Source: Ma et al., The Era of 1-bit LLMs: All Large Language Models are in 1.58 Bits,
    section 2 (arXiv 2402.17764); the form of carry cells is this project's.

    Parameters
    ----------
    activations : Format
        Integers, fixed point, bipolar or ternary.
    accumulator : IntFormat
        Signed, at least as wide as the activations' values.
    primitive : str
        As of :class:`hw.arith.ternary_add.TernaryAdd`.

    Raises
    ------
    TypeError, ValueError
        If the accumulator is no integer, unsigned or narrower than an activation's value, or the
        activations are of another kind.

    Members
    -------
    clear : ``In(1)``
    a : ``In(shape_of(activations))``
    w : ``In(shape_of(TernaryFormat()))``
    o : ``Out(shape_of(accumulator))``
    """

    latency = 1
    interval = 1

    def __init__(self, activations: Format, accumulator: IntFormat, primitive: str = "any"
                 ) -> None:
        check_plain("a sum by ternary weights", activations=activations)
        check_integers("accumulator", accumulator)
        least = min(activations.fixed_min, -activations.fixed_max)
        most = max(activations.fixed_max, -activations.fixed_min)
        if accumulator.min > least or accumulator.max < most:
            raise ValueError(f"accumulator must hold {least} to {most}, the products of "
                             f"{activations}, not {accumulator}")
        self._activations, self._accumulator = activations, accumulator
        self._add = TernaryAdd(accumulator.width, primitive)
        super().__init__({
            "clear": In(1), "a": In(shape_of(activations)),
            "w": In(shape_of(TernaryFormat())), "o": Out(shape_of(accumulator))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.add = add = self._add
        wide = Signal(shape_of(self._accumulator))
        # One reset is free, two take a table that joins them.
        total = Signal.like(wide, reset_less=True)
        m.d.comb += [wide.eq(fixed_value(self._activations, self.a)), add.x.eq(wide),
                     add.w.eq(self.w), add.q.eq(total), self.o.eq(total)]
        m.d.sync += total.eq(add.sum)
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        return m
