"""One multiplication for the products of several numbers and one factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, as_index

from ..arith.carry_tree import Carried
from ..arith.clamp import exceeds
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between, shape_of
from .base import DotSpec
from .operands import check_plain
from .packing import WIDEST, Packing, joined_shape, most_rows, row_packing

__all__ = ["PackedProducts", "fields_of", "joined", "whole"]


class PackedProducts(wiring.Component):
    """``count`` weights times one activation, by one multiplier.

    Parameters
    ----------
    activations, weights : Format
    count : int
    ports : tuple of int and int
        Bits of the multiplier's factors.

    Raises
    ------
    ValueError
        If the formats are others, or so many do not fit the multiplier.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(shape_of(activations))``
    w : ``In(ArrayLayout(shape_of(weights), count))``
    o : ``Out(ArrayLayout(shape, count))``
        The exact products on the product grid, ``latency`` enabled cycles later.
    """

    latency = 1

    def __init__(self, activations: Format, weights: Format, count: int, *,
                 ports: tuple[int, int] = WIDEST) -> None:
        check_plain("packed products", activations=activations, weights=weights)
        if as_index("count", count) < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        packing = row_packing(activations, weights, count, ports=ports)
        if packing is None:
            raise ValueError(f"{count} products of activations {activations} and weights "
                             f"{weights} do not fit a multiplier of {ports[0]} x {ports[1]} bits, "
                             f"at most {most_rows(activations, weights, ports=ports)}")
        self._formats, self._packing = (activations, weights), packing
        product = shape_between(*DotSpec(activations, weights, 1).product_range)
        super().__init__({
            "enable": In(1), "a": In(shape_of(activations)),
            "w": In(ArrayLayout(shape_of(weights), count)),
            "o": Out(ArrayLayout(product, count))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        activations, weights = self._formats
        factor = joined(m, weights, [fixed_value(weights, code) for code in self.w],
                        self._packing, "factor")
        product = registered(m, fixed_value(activations, self.a) * factor, enable=self.enable,
                             name="product")
        for place, field in enumerate(fields_of(product, self._packing)):
            m.d.comb += self.o[place].eq(whole(field).value)
        return m


def joined(m: Module, form: Format, values: Sequence[Value], packing: Packing, name: str
           ) -> Signal:
    """Values of a format side by side as one number; a negative one takes 1 off its neighbour."""
    factor = Signal(joined_shape(form, packing.count, packing.lane), name=name)
    digit, lower = values[0], []
    for value in values[1:]:
        sign = digit[-1] if digit.shape().signed else Const(0, 1)
        lower.append(Cat(digit, sign.replicate(packing.lane))[:packing.lane])
        digit = value + sign.as_signed() if digit.shape().signed else value
    together = Cat(*lower, digit)
    m.d.comb += factor.eq(together.as_signed() if digit.shape().signed else together)
    return factor


def fields_of(product: Value, packing: Packing) -> list[Carried]:
    """The numbers in a product, each less the carry that completes it: its lower ones' borrow.

    The product is signed, unless it is cut to :attr:`Packing.width`; a sum of several may be
    narrower, where they are few.
    """
    if (missing := packing.width - len(product)) > 0:
        product = Cat(product, product[-1].replicate(missing))
    found: list[Carried] = []
    low = high = 0
    negative: Value | None = None
    for field in packing.fields:
        end = field.start + field.width
        borrow = negative
        low, high = low + (field.low << field.start), high + (field.high << field.start)
        negative = _above(product[:end], low, high) if low < 0 else None
        least = field.low - (borrow is not None)
        shape = shape_between(least, field.high)
        bits = product[field.start:end]
        if negative is not None:
            # In a narrow lane the sign is known by what cannot be there otherwise.
            bits = Cat(bits, negative)
        bits = bits[:shape.width].as_signed() if shape.signed else bits[:shape.width]
        found.append(Carried(bits, least, field.high, borrow))
    return found


def whole(field: Carried) -> Carried:
    """A number with its carry added."""
    if field.carry is None:
        return field
    # Verilator 5.48 takes 1 off where an unsigned bit is added to a signed number.
    return Carried(field.value - field.carry.as_signed(), field.low + 1, field.high)


def _above(bits: Value, low: int, high: int) -> Value:
    """Whether ``bits`` stand for a negative number from ``low`` to ``high``.

    Any limit will do from ``high`` up to what ``low`` looks like. The most ones at its end
    make the cheapest: in a lane with room for the sign it is the top bit.
    """
    limits = (high | (1 << ones) - 1 for ones in range(len(bits)))
    return exceeds(bits, max(limit for limit in limits if limit < low + (1 << len(bits))))
