"""Sherry: five bits for four ternary weights, of which one is zero."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Value, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

__all__ = ["SherryPacker", "SherryUnpacker", "sherry_code", "sherry_legal", "sherry_weights"]

#: Weights of a code.
LANES = 4


def sherry_weights(code: Value) -> list[Value]:
    """The four weights of a code of five bits, signed(2); combinational.

    Bits 3 and 2 are the lane of the zero; bit 4 says that the first of the others is negative,
    bits 0 and 1 that the second and third differ from it.
    """
    zero, first = code[2:4], code[4]
    # In front of the zero a lane holds the other of its own number, behind it one less.
    negative = [first, first ^ code[0], first ^ code[1]]
    weights = []
    for lane in range(LANES):
        below = negative[max(lane - 1, 0)]
        sign = Mux(zero > lane, negative[min(lane, 2)], below)
        there = zero != lane
        weights.append(Cat(there, there & sign).as_signed())
    return weights


def sherry_code(zeros: Value, signs: list[Value]) -> Value:
    """The code, 5 bits, of a zero's lane, one-hot, and signs; that of the zero does not matter."""
    # A one-hot lane as a number; the second and third of the others, as the unpacker says.
    zero = Cat(zeros[1] | zeros[3], zeros[2] | zeros[3])
    first = Mux(zeros[0], signs[1], signs[0])
    second = Mux(zeros[0] | zeros[1], signs[2], signs[1])
    third = Mux(zeros[3], signs[2], signs[3])
    return Cat(second ^ first, third ^ first, zero, first)


def sherry_legal(weights: list[Value]) -> Value:
    """Whether four weights, signed(2), are such with exactly one zero."""
    zeros = Cat(~weight.any() for weight in weights)
    one_hot = Cat(zeros == 1 << lane for lane in range(LANES)).any()
    return one_hot & ~Cat(weight == -2 for weight in weights).any()


class SherryUnpacker(wiring.Component):
    """Combinational: a code to its four weights.

    Source: Sherry, 1.25-bit ternary quantisation by 3:4 sparsity (AngelSlim).

    Members
    -------
    i : ``In(unsigned(5))``
    o : ``Out(ArrayLayout(signed(2), 4))``
        -1 to 1.
    """

    #: Cycles from code to weights.
    latency = 0

    def __init__(self) -> None:
        super().__init__({"i": In(unsigned(5)), "o": Out(ArrayLayout(signed(2), LANES))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += [self.o[lane].eq(weight)
                     for lane, weight in enumerate(sherry_weights(self.i))]
        return m


class SherryPacker(wiring.Component):
    """Combinational: four weights with one zero to their code.

    Members
    -------
    i : ``In(ArrayLayout(signed(2), 4))``
        -1 to 1.
    o : ``Out(unsigned(5))``
        Means nothing if the weights are illegal.
    illegal : ``Out(1)``
        Not exactly one of the weights is zero, or one is -2.
    """

    #: Cycles from weights to code.
    latency = 0

    def __init__(self) -> None:
        super().__init__({"i": In(ArrayLayout(signed(2), LANES)), "o": Out(unsigned(5)),
                          "illegal": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        weights = [Value.cast(self.i[lane]) for lane in range(LANES)]
        zeros = Cat(~weight.any() for weight in weights)
        m.d.comb += [self.o.eq(sherry_code(zeros, [weight[1] for weight in weights])),
                     self.illegal.eq(~sherry_legal(weights))]
        return m
