# amaranth: UnusedElaboratable=no
"""I-ViT's softmax: exponentials by shifts and additions, one division for each row."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Value
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import Rounding
from sw_model.specs import ShiftmaxSpec

from ..arith.clamp import exceeds
from ..arith.multiply import Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..norm.lanes import RowLane, RowLanes
from ..norm.statistic import Statistic
from ..rows.annotate import Annotate
from ..rows.reduce import RowMaximum, RowSum
from ..shapes import shape_of
from .constant_over import ConstantOver, Total
from .softmax import SoftmaxUnit, words_of

__all__ = ["ShiftExponentialLane", "Shiftmax", "ShiftmaxLane"]


class Shiftmax(SoftmaxUnit):
    """The row's maximum; exponentials of what elements are below it, and their sum; a product.

    Two passes, so that a row of ``w`` words takes ``w - 1`` cycles more than ``latency``.

    Parameters
    ----------
    spec : ShiftmaxSpec
    lanes, longest : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    SPEC = ShiftmaxSpec

    def __init__(self, spec: ShiftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        words = words_of(lanes, longest)
        sums = RowSum(spec.largest.bit_length(), lanes, longest)
        total = sums.o.payload.shape()
        super().__init__(spec, lanes, longest, (
            Annotate(RowMaximum(shape_of(spec.source), lanes), words),
            RowLanes(lanes, ShiftExponentialLane, spec),
            Annotate(Statistic(sums, Total(total), ConstantOver(
                (1 << spec.numerator_bits) - 1, total, spec.largest)), words),
            RowLanes(lanes, ShiftmaxLane, spec, multiplier)))


class ShiftExponentialLane(RowLane):
    """ShiftExp of an element less the row's largest.

    Registers stand behind the difference, its product with 1.4375, every bit of the division
    by ``steps`` where that is no power of two, and the shift.

    Parameters
    ----------
    spec : ShiftmaxSpec
    """

    def __init__(self, spec: ShiftmaxSpec) -> None:
        self._spec = spec
        self._shifts = spec.steps & spec.steps - 1 == 0
        self.latency = 3 + (0 if self._shifts else self._quotient_bits)
        source = shape_of(spec.source)
        super().__init__(source, source, spec.largest.bit_length())

    @property
    def _quotient_bits(self) -> int:
        return self._spec.doublings.bit_length()

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        below = stage((self.i.found - self.i.x)[:spec.source.width], "below")
        # Shifts of the negative number round down, so those of its magnitude round up.
        scaled = below + ((below + 1) >> 1) - ((below + 15) >> 4)
        most = spec.doublings * spec.steps
        power = stage(Mux(exceeds(scaled[:-1], most), most, scaled[:most.bit_length()]), "power")
        quotient, rest = self._divided(power, stage)
        chord = Cat(Const(0, spec.doublings), 2 * spec.steps - rest)
        moved, _ = shift_right(m, chord[1:], quotient, (1 << len(quotient)) - 1, name="moved")
        m.d.comb += self.o.eq(stage(moved[:len(self.o)], "exponential"))
        return m

    def _divided(self, power: Value, stage: Any) -> tuple[Value, Value]:
        """Quotient and remainder by ``steps``."""
        steps = self._spec.steps
        if self._shifts:
            place = steps.bit_length() - 1
            return power[place:], power[:place]
        bits = Const(0, 0)
        for k in reversed(range(self._quotient_bits)):
            less = power - (steps << k)
            fits = ~less[-1]
            power = stage(Mux(fits, less, power)[:(steps << k).bit_length()], f"rest_{k}")
            bits = stage(Cat(fits, bits), f"quotient_{k}")
        return bits, power


class ShiftmaxLane(RowLane):
    """An exponential times the quotient of its row.

    Registers stand behind the product, with half a unit if it rounds, and the clamp.

    Parameters
    ----------
    spec : ShiftmaxSpec
    multiplier : str
    """

    def __init__(self, spec: ShiftmaxSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        self._rounds = spec.rounding is Rounding.HALF_UP
        factor = (((1 << spec.numerator_bits) - 1) // spec.largest).bit_length()
        self._depth = multiply_add_depth(Const(0, factor).shape(), multiplier,
                                         addend=self._rounds)
        self.latency = self._depth + 1
        super().__init__(spec.largest.bit_length(), StructLayout({"most": 0, "factor": factor}),
                         shape_of(spec.target))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        places = spec.numerator_bits + 1 - spec.width
        half = Term(Const(1, 2).as_signed(), places - 1) if self._rounds else None
        # A term times the quotient by the sum is below 2**numerator_bits.
        total = multiply_add(m, self.i.x, self.i.found.factor, half, spec.numerator_bits + 2,
                             kind=self._kind, enable=self.enable, name="scaled")
        whole = total[places:spec.numerator_bits + 1]
        result = Mux(exceeds(whole, spec.target.max), spec.target.max, whole)
        m.d.comb += self.o.eq(registered(m, result, enable=self.enable, name="result"))
        return m
