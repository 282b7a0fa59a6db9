"""The frameworks' own roundings, for channels that no smaller form fits.

Definitions: gemmlowp's ``SaturatingRoundingDoublingHighMul`` and ``RoundingDivideByPOT`` for
TFLite; the exact product rounded half to even or down for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

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
from ..arith.shift import shift_left, shift_right
from ..shapes import shape_of
from .lane_unit import Lane, LaneUnit

__all__ = ["FrameworkRescale", "FrameworkRescaleLane"]

#: Results are clamped here before the zero point is added, as the golden model does.
LIMIT = 2**31


class FrameworkRescale(LaneUnit):
    """``clamp(round(acc * multiplier * 2**exponent) + zero_point, low, high)`` for each lane.

    Takes a word every cycle while the consumer is ready; never drops or reorders. With
    ``constants`` every lane uses the same multiplier and exponent. Else a word of
    parameters is taken with each word of data. In mode ``tflite_double`` with exponents
    above -31 the accumulator must fit 32 bits after TFLite's left shift.

    Parameters
    ----------
    spec : FrameworkRescaleSpec
    lanes : int
    constants : (int, int) or None
        Multiplier and exponent.
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(FrameworkRescale.parameter_layout(spec, lanes)))``
        Only without ``constants``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: FrameworkRescaleSpec, lanes: int,
                 constants: tuple[int, int] | None = None,
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, FrameworkRescaleLane, spec, constants, multiplier)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: FrameworkRescaleSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``multiplier``; ``shift``, which is
        ``spec.shift_of(exponent)``, where there is more than one exponent; ``zero_point``
        where the spec has none; ``clamp``, the number of a pair of the spec's clamps, where it
        has any."""
        return ArrayLayout(_fields(spec), lanes)

    @property
    def spec(self) -> FrameworkRescaleSpec:
        return self._spec


def _fields(spec: FrameworkRescaleSpec) -> StructLayout:
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
                         None if constants else _fields(spec))
        self.latency = self._product_depth() + (4 if self._shifts() > 1 else 3)

    def _shifts(self) -> int:
        return 1 if self._constants else self._spec.shifts

    def _top(self) -> int:
        """The exponent that needs no run-time shift."""
        return self._constants[1] if self._constants else self._spec.exponent_high

    def _is_double(self) -> bool:
        return self._spec.mode == "tflite_double"

    def _product_depth(self) -> int:
        if self._constants:
            terms = self._constant_terms(Const(0), Term(Const(0)))
            return tree_depth(len(terms)) if terms else 0
        return multiply_add_depth(shape_of(self._spec.multiplier), self._multiplier,
                                  addend=self._is_double())

    def _constant_terms(self, acc: Value, nudge: Term) -> list[Term]:
        terms = scale_terms(acc, self._constants[0])
        if self._is_double():
            return [nudge, *terms]
        return [Term(Const(0)), *terms] if terms and all(t.minus for t in terms) else terms

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def stage(value: Value, name: str, stages: int = 1) -> Value:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        shift = stage(self.parameters.shift, "shift") if self._shifts() > 1 else Const(0, 0)
        acc = stage(self.i, "acc")
        if self._is_double():
            acc, right, nudge = self._prepare_double(m, acc, shift)
        else:
            right, nudge = shift, None
        product = self._product(m, acc, nudge)
        right = stage(right, "right", self._product_depth())
        scaled, inexact = self._shifted(m, product, right, stage)
        zero = self._spec.zero_point
        if zero is None:
            zero = stage(self.parameters.zero_point, "zero_point", self.latency - 2)
        rounded = stage(self._round(scaled, inexact, zero), "rounded")
        if self._spec.clamps:
            number = stage(self.parameters.clamp, "clamp", self.latency - 1)
            result = clamp_to_one(rounded, [self._clamp(*c) for c in self._spec.clamps], number)
        else:
            result = clamp(rounded, *self._clamp(self._spec.low, self._spec.high))
        m.d.comb += self.o.eq(stage(result, "result"))
        return m

    def _clamp(self, low: int, high: int) -> tuple[int, int]:
        """Ends of the result, the framework's own clamp before the zero point included."""
        zero = self._spec.zero_point or 0
        return max(low, min(high, zero - LIMIT)), min(high, max(low, zero + LIMIT))

    def _prepare_double(self, m: Module, acc: Value, shift: Value) -> tuple[Value, Value, Term]:
        """TFLite's left shift; the distance that remains; the nudge.

        The first rounding is half up: + 2**30. The second is half away from zero, that is,
        half up after taking 1 from the negative, which is the same as - 2**31 here: for
        accumulators below zero whose first result is zero it gives -1 instead, and both
        round to zero. Where nothing is shifted there is no second rounding.
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
        negative = acc[-1] if self._spec.source.min < 0 else Const(0, 1)
        return acc, distance, Term(Cat(Const(1, 1), negative & rounds_again).as_signed(), 30)

    def _product(self, m: Module, acc: Value, nudge: Term | None) -> Value:
        """The product, of which the bits below 2**31 are gone in mode ``tflite_double``."""
        spec = self._spec
        width = max(len(acc) + (not acc.shape().signed) + spec.multiplier.width + 1, 33)
        if self._constants:
            total = aligned_sum(m, self._constant_terms(acc, nudge), width,
                                enable=self.enable, name="product")
        else:
            factor = registered(m, self.parameters.multiplier, enable=self.enable, name="factor")
            total = multiply_add(m, acc, factor, nudge, width, kind=self._multiplier,
                                 enable=self.enable, name="product")
        return total[31:].as_signed() if self._is_double() else total

    def _shifted(self, m: Module, product: Value, right: Value,
                 stage: Callable[[Value, str], Value]) -> tuple[Value, Value]:
        """The scaled product with one bit behind the point; whether more bits were set."""
        top = self._top()
        if self._is_double():
            top = min(top + 31, 0)
        fine = max(-top - 1, 0)
        wide = Signal(signed(max(len(product), fine + 2)), name="wide")
        m.d.comb += wide.eq(product)
        value = wide[fine:].as_signed() << max(top + 1, 0)
        inexact = wide[:fine].any() if self._spec.mode == "exact_half_even" else None
        if self._shifts() == 1:
            return value, Const(0, 1) if inexact is None else inexact
        value, inexact = shift_right(m, value, right, self._shifts() - 1, name="scaled",
                                     sticky=inexact)
        return stage(value, "scaled"), stage(inexact, "inexact")

    def _round(self, scaled: Value, inexact: Value, zero: Value | int) -> Value:
        """Half up, half to even or down, with the zero point added in the same carry chain."""
        if self._spec.mode == "floor":
            return scaled[1:].as_signed() + zero
        up = scaled[0] if self._spec.is_tflite else scaled[0] & (scaled[1] | inexact)
        odd = 2 * zero + 1 if isinstance(zero, int) else _signed(Cat(Const(1, 1), zero), zero)
        return (Cat(up, scaled[1:]).as_signed() + odd)[1:].as_signed()


def _signed(value: Value, like: Value) -> Value:
    """``value`` with the sign that ``like`` has."""
    return value.as_signed() if like.shape().signed else value
