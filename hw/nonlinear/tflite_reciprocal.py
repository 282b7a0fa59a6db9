"""TensorFlow Lite's reciprocal in fixed point: Newton's method on one multiplier."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ..arith.leading import normalise
from ..arith.multiply import Term, multiply_add, multiply_add_depth

__all__ = ["RECIPROCAL", "TfliteReciprocal"]

#: Reciprocal of a sum that is normalised to 1 up to 2, in Q0.31, and the zeros above the sum.
RECIPROCAL = StructLayout({"factor": 31, "zeros": 5})

#: 48/17 and 32/17 in Q2.29: the line that is nearest to the reciprocal of 1/2 to 1.
_START, _SLOPE = 1515870810, -1010580540

#: Multiplications: the line's, and two for each of three steps.
_PRODUCTS = 7


class TfliteReciprocal(wiring.Component):
    """``one_over_one_plus_x_for_x_in_0_1`` of a sum less its leading one.

    With ``h`` half of the normalised sum, ``r`` begins as ``48/17 - 32/17 * h`` in Q2.29 and
    grows by ``r * (1 - h * r)`` three times, every product rounded to 31 bits less, ties up.
    All seven go through one multiplier, one behind the other.

    Parameters
    ----------
    width : int
        Bits of the sum, at most 32; not 0.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(width))``
    o : ``Out(stream.Signature(RECIPROCAL))``
    """

    def __init__(self, width: int, multiplier: str = "inferred") -> None:
        self._kind = multiplier
        self._depth = multiply_add_depth(signed(32), multiplier, addend=True)
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(RECIPROCAL))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return 1 + _PRODUCTS * (self._depth + 1)

    @property
    def interval(self) -> int:
        """Cycles between two words."""
        return self.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        half = Signal(31)
        zeros = Signal(5)
        result = Signal(signed(32))
        error = Signal(signed(32))
        number = Signal(range(_PRODUCTS))
        left = Signal(range(self._depth + 2))
        busy = Signal()
        taken = Signal()
        m.d.comb += [self.i.ready.eq(~busy & (self.o.ready | ~self.o.valid)),
                     taken.eq(self.i.valid & self.i.ready)]
        wide = Cat(self.i.payload, Const(0, 32 - len(self.i.payload)))
        moved, distance = normalise(m, wide, name="sum")

        odd, first = number[0], number == 0
        high = self._product(m, Mux(odd | first, Cat(half, Const(0, 1)).as_signed(), result),
                             Mux(first, _SLOPE, Mux(odd, result, error)))
        with m.If(taken):
            m.d.sync += [half.eq(moved[1:]), zeros.eq(distance), number.eq(0), busy.eq(1),
                         left.eq(self._depth), self.o.valid.eq(0)]
        with m.Elif(busy):
            m.d.sync += left.eq(Mux(left == 0, self._depth, left - 1))
            with m.If(left == 0):
                m.d.sync += [number.eq(number + 1), busy.eq(number != _PRODUCTS - 1),
                             self.o.valid.eq(number == _PRODUCTS - 1)]
                with m.If(odd):
                    m.d.sync += error.eq((1 << 29) - high)
                with m.Else():
                    m.d.sync += result.eq(Mux(first, _START + high, result + (high << 2)))
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        # Doubled it is Q0.31, in which 1 is the largest number.
        m.d.comb += [self.o.payload.factor.eq(Mux(result[30], (1 << 31) - 1, result << 1)),
                     self.o.payload.zeros.eq(zeros)]
        return m

    def _product(self, m: Module, a: Value, b: Value) -> Value:
        """``round(a * b / 2**31)``, ties up, ``depth`` cycles later."""
        total = multiply_add(m, a, b, Term(Const(1, signed(2)), 30), 65, kind=self._kind,
                             enable=Const(1), name="product")
        return total[31:].as_signed()
