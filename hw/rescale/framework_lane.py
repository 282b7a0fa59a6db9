"""One lane of the frameworks' own roundings.

Definitions: gemmlowp's ``SaturatingRoundingDoublingHighMul`` and ``RoundingDivideByPOT``, ruy's
and the single rounding for TFLite; the exact product with any rounding for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import Rounding
from sw_model.specs import FrameworkRescaleSpec

from ..arith.adder_tree import tree_depth
from ..arith.clamp import clamp, clamp_to_one
from ..arith.multiply import (
    MULTIPLIERS,
    Term,
    aligned_sum,
    multiply_add,
    multiply_add_depth,
    scale_terms,
)
from ..arith.registered import registered
from ..arith.shift import shift_left
from ..shapes import shape_of
from .lane_unit import Lane
from .round_off import halves, rounded

__all__ = ["FrameworkRescaleLane", "framework_fields"]

#: Results are clamped here before the zero point is added, as the golden model does.
LIMIT = 2**31

#: Puts registers behind a value: ``stage(value, name, stages=1)``.
Stage = Callable[..., Value]


def framework_fields(spec: FrameworkRescaleSpec) -> StructLayout:
    """Parameters of a lane that has no constants."""
    fields: dict[str, Any] = {"multiplier": shape_of(spec.multiplier)}
    if spec.shifts > 1:
        fields["shift"] = Shape.cast(range(spec.shifts))
    if spec.zero_point is None:
        fields["zero_point"] = shape_of(spec.target)
    if spec.clamps:
        fields["clamp"] = Shape.cast(range(len(spec.clamps)))
    return StructLayout(fields)


class FrameworkRescaleLane(Lane):
    """One lane of :class:`FrameworkRescale`, with its parameters.

    Registers stand behind the operands, the product, the run-time shift if there is one, the
    rounding and the clamp; a product of logic has more.
    """

    def __init__(self, spec: FrameworkRescaleSpec, constants: tuple[int, int] | None,
                 multiplier: str) -> None:
        if not isinstance(spec, FrameworkRescaleSpec):
            raise TypeError(f"spec must be a FrameworkRescaleSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._constants, self._multiplier = spec, constants, multiplier
        if constants is not None:
            if spec.zero_point is None:
                raise ValueError("constants need a zero point, but the spec has none")
            if spec.clamps:
                raise ValueError("constants have no extra clamps, but the spec has")
            spec.multiplier.check("multiplier", constants[0])
            spec.shift_of(constants[1])
        super().__init__(shape_of(spec.source), shape_of(spec.target),
                         None if constants else framework_fields(spec))
        self.latency = self._depth() + (4 if self._shifts() > 1 else 3)

    def _shifts(self) -> int:
        return 1 if self._constants else self._spec.shifts

    def _top(self) -> int:
        """The exponent that needs no run-time shift."""
        return self._constants[1] if self._constants else self._spec.exponent_high

    def _depth(self) -> int:
        """Enabled cycles from the registered accumulator to the product."""
        return self._product_depth()

    def _product_depth(self) -> int:
        if self._constants:
            terms = self._constant_terms(Const(0), Term(Const(0)))
            return tree_depth(len(terms)) if terms else 0
        return multiply_add_depth(shape_of(self._spec.multiplier), self._multiplier,
                                  addend=self._spec.rounds_twice)

    def _constant_terms(self, acc: Value, nudge: Term) -> list[Term]:
        terms = scale_terms(acc, self._constants[0])
        if self._spec.rounds_twice:
            return [nudge, *terms]
        return [Term(Const(0)), *terms] if terms and all(t.minus for t in terms) else terms

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def stage(value: Value, name: str, stages: int = 1) -> Value:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        shift = stage(self.parameters.shift, "shift") if self._shifts() > 1 else Const(0, 0)
        acc = stage(self.i, "acc")
        product, right = self._scaled(m, acc, shift, stage)
        scaled, inexact = self._shifted(m, product, stage(right, "right", self._depth()), stage)
        zero = self._spec.zero_point
        if zero is None:
            zero = stage(self.parameters.zero_point, "zero_point", self.latency - 2)
        whole = stage(rounded(scaled, inexact, self._spec.rounding, zero), "rounded")
        if self._spec.clamps:
            number = stage(self.parameters.clamp, "clamp", self.latency - 1)
            result = clamp_to_one(whole, [self._clamp(*c) for c in self._spec.clamps], number)
        else:
            result = clamp(whole, *self._clamp(self._spec.low, self._spec.high))
        m.d.comb += self.o.eq(stage(result, "result"))
        return m

    def _clamp(self, low: int, high: int) -> tuple[int, int]:
        """Ends of the result, the framework's own clamp before the zero point included."""
        zero = self._spec.zero_point or 0
        return max(low, min(high, zero - LIMIT)), min(high, max(low, zero + LIMIT))

    def _scaled(self, m: Module, acc: Value, shift: Value, stage: Stage) -> tuple[Value, Value]:
        """The product, and how far it is still to be shifted right beyond the least."""
        if not self._spec.rounds_twice:
            return self._product(m, acc, None), shift
        acc, right, nudge = self._prepare_double(m, acc, shift)
        return self._product(m, acc, nudge), right

    def _prepare_double(self, m: Module, acc: Value, shift: Value) -> tuple[Value, Value, Term]:
        """TFLite's left shift; the distance that remains; the nudge.

        The first rounding is half up: + 2**30. The second is half away from zero, that is,
        half up after taking 1 from the negative, which is the same as - 2**31 here: for
        accumulators below zero whose first result is zero it gives -1 instead, and both
        round to zero. Where nothing is shifted there is no second rounding. ruy's second one
        is half up and needs no such thing.
        """
        left = max(self._top() + 31, 0)
        distance = Signal(range(self._shifts()), name="distance")
        m.d.comb += distance.eq(Mux(shift > left, shift - left, 0))
        if left:
            lefts = Signal(range(left + 1), name="lefts")
            m.d.comb += lefts.eq(Mux(shift < left, left - shift, 0))
            acc = shift_left(m, acc, lefts, left, name="acc")[:32]
            acc = acc.as_signed() if self._spec.source.min < 0 else acc
        rounds_again = distance.any() | (self._top() < -31)
        if self._spec.mode == "tflite_ruy":
            return acc, distance, Term(Const(1, signed(2)), 30)
        negative = acc[-1] if self._spec.source.min < 0 else Const(0, 1)
        return acc, distance, Term(Cat(Const(1, 1), negative & rounds_again).as_signed(), 30)

    def _product(self, m: Module, acc: Value, nudge: Term | None) -> Value:
        """The product, of which the bits below 2**31 are gone where it is rounded twice."""
        spec = self._spec
        width = max(len(acc) + (not acc.shape().signed) + spec.multiplier.width + 1, 33)
        if self._constants:
            total = aligned_sum(m, self._constant_terms(acc, nudge), width,
                                enable=self.enable, name="product")
        else:
            factor = registered(m, self.parameters.multiplier, enable=self.enable, name="factor")
            total = multiply_add(m, acc, factor, nudge, width, kind=self._multiplier,
                                 enable=self.enable, name="product")
        return total[31:].as_signed() if spec.rounds_twice else total

    def _shifted(self, m: Module, product: Value, right: Value, stage: Stage
                 ) -> tuple[Value, Value]:
        """The scaled product with one bit behind the point; whether more bits were set."""
        top = self._top()
        if self._spec.rounds_twice:
            top = min(top + 31, 0)
        exact = self._spec.rounding not in (Rounding.HALF_UP, Rounding.FLOOR)
        value, inexact = halves(m, product, -top, right, self._shifts() - 1, name="scaled",
                                exact=exact)
        if self._shifts() == 1:
            return value, inexact
        return stage(value, "scaled"), stage(inexact, "inexact")
