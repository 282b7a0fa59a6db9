"""TFLite's inverse square root: five of Newton's steps on one multiplier."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.leading import normalise
from ..arith.multiply import Term, multiply_add, multiply_add_depth
from ..shapes import shape_of

__all__ = ["InverseRoot"]

#: Bits of numbers and products' halves, and sqrt(2)/2 in Q0.31.
WIDTH, HALF_ROOT_OF_TWO = 31, 1518500250

#: Newton's steps, and the products of each.
STEPS, PRODUCTS = 5, 3

#: The greatest shift: that of sums of squares of 30 and 31 bits.
SHIFT = 12


class InverseRoot(wiring.Component):
    """``1/sqrt(squares)`` about ``multiplier * 2**-(31 + shift)``, in TFLite's bits.

    A word takes ``interval`` cycles while the consumer is ready; never drops or reorders.
    One multiplier of 31 x 31 bits makes 16 products one after the other.

    Parameters
    ----------
    source : IntFormat
        Unsigned, at most 31 bits.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"squares": source})))``
    o : ``Out(stream.Signature(StructLayout({"multiplier": 31, "shift": range(13)})))``

    Source: TensorFlow Lite, ``internal/common.h``, GetInvSqrtQuantizedMultiplierExp.
    """

    def __init__(self, source: IntFormat, multiplier: str = "inferred") -> None:
        if source.min < 0 or source.width > WIDTH:
            raise ValueError(f"source must be unsigned, of at most {WIDTH} bits, not {source}")
        self._kind = multiplier
        self._depth = multiply_add_depth(Const(0, WIDTH).shape(), multiplier, addend=True)
        super().__init__({
            "i": In(stream.Signature(StructLayout({"squares": shape_of(source)}))),
            "o": Out(stream.Signature(StructLayout(
                {"multiplier": WIDTH, "shift": range(SHIFT + 1)})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return (STEPS * PRODUCTS + 1) * (self._depth + 1) + 1

    @property
    def interval(self) -> int:
        """Cycles for each word."""
        return self.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        left = Signal(range(STEPS * PRODUCTS + 2))
        wait = Signal(range(self._depth + 1))
        root = Signal(WIDTH)
        half = Signal(28)
        pairs = Signal(4)
        one = Signal()
        a = Signal(WIDTH)
        b = Signal(WIDTH)
        busy = Signal()
        done = Signal()
        m.d.comb += [busy.eq(left != 0), done.eq(busy & (wait == 0)),
                     self.i.ready.eq(~busy & (self.o.ready | ~self.o.valid))]
        product = multiply_add(m, a, b, Term(Const(1 << WIDTH - 1)), 2 * WIDTH + 2,
                               kind=self._kind, enable=busy, name="product")
        high = product[WIDTH:2 * WIDTH]

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(busy):
            m.d.sync += wait.eq(Mux(done, self._depth, wait - 1))
        with m.If(self.i.valid & self.i.ready):
            self._start(m, half, pairs, one)
            m.d.sync += [left.eq(STEPS * PRODUCTS + 1), wait.eq(self._depth),
                         *(each.eq(1 << 28) for each in (root, a, b))]
        with m.Elif(done):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.d.sync += [self.o.valid.eq(1), *self._result(high, pairs, one)]
            with m.Else():
                self._next(m, left, high, root, half, a, b)
        return m

    def _start(self, m: Module, half: Signal, pairs: Signal, one: Signal) -> None:
        """Half of the number, of 28 or 29 bits after a shift by pairs of them, rounded."""
        x = Signal(WIDTH)
        m.d.comb += x.eq(self.i.payload.squares)
        moved, zeros = normalise(m, x, name="x")
        m.d.sync += [half.eq((Mux(zeros[0], moved >> 4, moved >> 3) + 1) >> 1),
                     pairs.eq(zeros[1:]), one.eq(~x[1:].any())]

    def _next(self, m: Module, left: Signal, high: Value, root: Signal, half: Signal, a: Signal,
              b: Signal) -> None:
        """What a product was, and what the next one is of: square, cube, ``cube * x/2``."""
        turn = Signal(range(PRODUCTS))
        with m.Switch(turn):
            with m.Case(0):
                m.d.sync += [a.eq(high), b.eq(root), turn.eq(1)]
            with m.Case(1):
                cube = Mux(high[WIDTH - 6:].any(), Const(-1, WIDTH), Cat(Const(0, 6), high))
                m.d.sync += [a.eq(cube), b.eq(half), turn.eq(2)]
            with m.Case(2):
                better = (((root << 1) + root + 8 >> 4) - high)[:WIDTH - 3] << 3
                m.d.sync += [root.eq(better), a.eq(better), turn.eq(0),
                             b.eq(Mux(left == 2, HALF_ROOT_OF_TWO, better))]

    def _result(self, root: Value, pairs: Signal, one: Signal) -> list[Any]:
        """Small numbers' roots move to the left instead; 0 and 1 have the greatest."""
        far = Mux(pairs > SHIFT, pairs - SHIFT, 0)[:2]
        moved = (root << far)[:WIDTH]
        return [self.o.payload.multiplier.eq(Mux(one, Const(-1, WIDTH), moved)),
                self.o.payload.shift.eq(Mux(one | (pairs > SHIFT), 0, SHIFT - pairs))]
