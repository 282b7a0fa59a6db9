# amaranth: UnusedElaboratable=no
"""The sum of a channel's groups, each times its scale, one bit of the scale a cycle."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Shape, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, as_index

from ..arith.carry_tree import add_with_carry
from ..shapes import shape_between, shape_of

__all__ = ["GroupScale"]

#: Widest scales.
MOST_BITS = 16


class GroupScale(wiring.Component):
    """BitMoD's bit-serial dequantisation: ``sum_g scale_g * total_g``, exact.

    A group's total and scale are taken in an enabled cycle with ``start``. In each cycle that
    follows, the total is added to the channel's sum if the scale's lowest bit is set, and both
    are shifted; the sign bit of a signed scale subtracts. So there is one adder, and no
    multiplier. ``latency`` enabled cycles after a group, the sum with it is at ``o``, and stays
    until the next group is taken: no sooner than ``interval`` enabled cycles later. A group
    with ``first`` begins a new sum.

    Processing elements need as many cycles for a group of 128 four at a time in two cycles each,
    64; with 8-bit scales this takes 9.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025: the last stage of
    its processing element, on exact integers.

    Parameters
    ----------
    low, high : int
        Least and greatest total of a group.
    scale : IntFormat
        Of the scales, 1 to 16 bits.
    groups : int
        Most groups in a sum.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        A group is given.
    first : ``In(1)``
        It is the first of its channel.
    total : ``In(shape_between(low, high))``
    scale : ``In(shape_of(scale))``
    o : ``Out(shape)``
        Holds the sum of ``groups`` groups; never overflows.
    done : ``Out(1)``
        High for the one enabled cycle in which a group's sum is first at ``o``.
    """

    def __init__(self, low: int, high: int, scale: IntFormat, groups: int) -> None:
        low, high, groups = (as_index(name, value) for name, value in (
            ("low", low), ("high", high), ("groups", groups)))
        if low > high:
            raise ValueError(f"low must not exceed high, but {low} > {high}")
        if not isinstance(scale, IntFormat):
            raise TypeError(f"scale must be an IntFormat, not {scale!r}")
        if scale.width > MOST_BITS:
            raise ValueError(f"scale must have at most {MOST_BITS} bits, not {scale}")
        if groups < 1:
            raise ValueError(f"groups must be at least 1, not {groups}")
        self._scale = scale
        self.interval = self.latency = scale.width + 1
        corners = [total * factor * count for total in (low, high)
                   for factor in (scale.min, scale.max) for count in (1, groups)]
        super().__init__({
            "enable": In(1), "start": In(1), "first": In(1),
            "total": In(shape_between(low, high)), "scale": In(shape_of(scale)),
            "o": Out(shape_between(min(0, *corners), max(0, *corners))), "done": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        width = self._scale.width
        total = Signal(Shape(len(self.total) + width - 1, self.total.shape().signed),
                       reset_less=True)
        # A one above the scale's bits tells the sign bit, and stands alone at the end.
        bits = Signal(width + 1)
        minus = bits[1:] == 1 if self._scale.signed else Const(0, 1)
        channel = Signal.like(self.o)
        with m.If(self.enable):
            with m.If(self.start):
                m.d.sync += [total.eq(self.total), bits.eq(Cat(self.scale, Const(1, 1)))]
                with m.If(self.first):
                    m.d.sync += channel.eq(0)
            with m.Else():
                m.d.sync += [total.eq(total << 1), bits.eq(bits >> 1)]
                with m.If(bits[0] & bits[1:].any()):
                    turned = total ^ minus.replicate(len(channel)).as_signed()
                    m.d.sync += channel.eq(add_with_carry(channel, turned, minus))
        m.d.comb += [self.o.eq(channel), self.done.eq(bits == 1)]
        return m
