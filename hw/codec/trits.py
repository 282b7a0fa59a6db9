"""Ternary weights in bytes: five of them as a fraction in base 3, or four of two bits."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Signal, Value, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

__all__ = ["TritPacker", "TritPairUnpacker", "TritUnpacker", "trit_byte", "trit_pairs_of",
           "trits_of"]

#: Trits of a byte.
TRITS = 5

#: ``ceil(13 * n / 243) == (13 * n * 8192 / 243 + nearly 8192) >> 13`` for every n below 243:
#: factor, offset and shift. A test tries them all.
THIRTEENTHS = (439, 8043, 13)


def trits_of(byte: Value, m: Module, name: str, count: int = TRITS) -> list[Value]:
    """The first ``count`` weights of a byte of TQ1_0, signed(2), -1 to 1; combinational.

    A byte is a fraction in 256ths. Three times it shows the next trit as its whole part, and
    leaves the fraction that the others are in: one addition each, instead of the products by
    3, 9, 27 and 81.
    """
    trits = []
    for place in range(count):
        product = Signal(10, name=f"{name}_{place}")
        m.d.comb += product.eq(byte + (byte << 1))
        trits.append(_less_one(product[8:]))
        byte = product[:8]
    return trits


def trit_byte(digits: list[Value], m: Module, name: str) -> Value:
    """The byte of up to five digits 0 to 2, ``ceil(256 * n / 243)``; combinational.

    The first digit leads the number ``n`` in base 3, and missing ones are 0.
    """
    number: Value = Const(0, 1)
    for place, digit in enumerate(digits):
        # Numbers of so many digits, without the bits that sums of Amaranth's grow by.
        longer = Signal(range(3 ** (place + 1)), name=f"{name}_{place}")
        m.d.comb += longer.eq(number + (number << 1) + digit)
        number = longer
    whole = Signal(range(3**TRITS), name=f"{name}_whole")
    byte = Signal(8, name=f"{name}_byte")
    factor, offset, shift = THIRTEENTHS
    m.d.comb += [whole.eq(number * 3 ** (TRITS - len(digits))),
                 byte.eq(whole + ((whole * factor + offset) >> shift))]
    return byte


def trit_pairs_of(byte: Value) -> list[Value]:
    """The four weights of a byte of TQ2_0, signed(3), -1 to 2; combinational."""
    return [(byte.bit_select(place, 2) - 1)[:3].as_signed() for place in range(0, 8, 2)]


def _less_one(digit: Value) -> Value:
    """``digit - 1`` of a digit 0 to 2."""
    return Cat(~digit[0], ~digit.any()).as_signed()


class TritUnpacker(wiring.Component):
    """Combinational: a byte of TQ1_0 to its five weights, the leading trit first.

    The 13 bytes that no five trits make give what GGUF's own decoder does.

    Source: reference definition of GGUF's block_tq1_0, decoded by multiplication.

    Members
    -------
    i : ``In(unsigned(8))``
    o : ``Out(ArrayLayout(signed(2), 5))``
        -1 to 1.
    """

    #: Cycles from byte to weights.
    latency = 0

    def __init__(self) -> None:
        super().__init__({"i": In(unsigned(8)), "o": Out(ArrayLayout(signed(2), TRITS))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += [self.o[place].eq(trit)
                     for place, trit in enumerate(trits_of(self.i, m, "product"))]
        return m


class TritPacker(wiring.Component):
    """Combinational: five weights to their byte of TQ1_0, ``ceil(256 * n / 243)``.

    Members
    -------
    i : ``In(ArrayLayout(signed(2), 5))``
        -1 to 1.
    o : ``Out(unsigned(8))``
        Means nothing if a weight is illegal.
    illegal : ``Out(1)``
        A weight is -2.
    """

    #: Cycles from weights to byte.
    latency = 0

    def __init__(self) -> None:
        super().__init__({"i": In(ArrayLayout(signed(2), TRITS)), "o": Out(unsigned(8)),
                          "illegal": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        weights = [Value.cast(self.i[place]) for place in range(TRITS)]
        # weight + 1: -1, 0, 1 are 11, 00, 01.
        digits = [Cat(~weight.any(), weight[0] & ~weight[1]) for weight in weights]
        m.d.comb += [self.o.eq(trit_byte(digits, m, "number")),
                     self.illegal.eq(Cat(weight == -2 for weight in weights).any())]
        return m


class TritPairUnpacker(wiring.Component):
    """Combinational: a byte of TQ2_0 to its four weights, that in the lowest bits first.

    Source: reference definition of GGUF's block_tq2_0.

    Members
    -------
    i : ``In(unsigned(8))``
    o : ``Out(ArrayLayout(signed(3), 4))``
        -1 to 1; 2 for a code that is never packed.
    """

    #: Cycles from byte to weights.
    latency = 0

    def __init__(self) -> None:
        super().__init__({"i": In(unsigned(8)), "o": Out(ArrayLayout(signed(3), 4))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += [self.o[place].eq(pair) for place, pair in enumerate(trit_pairs_of(self.i))]
        return m
