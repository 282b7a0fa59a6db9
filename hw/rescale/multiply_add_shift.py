"""The compiler's own rescale: multiply, add, shift, clamp (design.md, 6.2)."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.specs import MultiplyAddShiftSpec

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
from ..arith.shift import shift_right
from ..shapes import shape_of
from .lane_unit import Lane, LaneUnit

__all__ = ["MultiplyAddShift", "MultiplyAddShiftLane"]


class MultiplyAddShift(LaneUnit):
    """``clamp((acc * M + B) >> shift, low, high)`` for each lane, ``B`` by the sign of ``acc``.

    Takes a word every cycle while the consumer is ready; never drops or reorders. With
    ``constants`` every lane uses the same ``M`` and ``B``, multiplied by shifts and adders.
    Else a word of parameters is taken with each word of data.

    Parameters
    ----------
    spec : MultiplyAddShiftSpec
    lanes : int
    constants : (int, tuple of int) or None
        ``M``, and ``(B,)`` or ``(B for acc >= 0, B for acc < 0)``.
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`:
        ``"inferred"`` for devices with DSP blocks, ``"fabric"`` for look-up tables alone.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(MultiplyAddShift.parameter_layout(spec, lanes)))``
        Only without ``constants``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: MultiplyAddShiftSpec, lanes: int,
                 constants: tuple[int, tuple[int, ...]] | None = None,
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, MultiplyAddShiftLane, spec, constants, multiplier)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: MultiplyAddShiftSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``multiplier``, ``offset_0``, ``offset_1`` if
        there are two signs, ``shift``, the bits dropped beyond the spec's, if it has any, and
        ``clamp``, the number of a pair of the spec's clamps, if it has any."""
        return ArrayLayout(_fields(spec), lanes)

    @property
    def spec(self) -> MultiplyAddShiftSpec:
        return self._spec


def _fields(spec: MultiplyAddShiftSpec) -> StructLayout:
    fields: dict[str, Any] = {"multiplier": shape_of(spec.multiplier)}
    fields |= {f"offset_{k}": shape_of(spec.offset) for k in range(spec.signs)}
    if spec.extra_shift:
        fields["shift"] = Shape.cast(range(spec.extra_shift + 1))
    if spec.clamps:
        fields["clamp"] = Shape.cast(range(len(spec.clamps)))
    return StructLayout(fields)


class MultiplyAddShiftLane(Lane):
    """One lane of :class:`MultiplyAddShift`, with its parameters.

    Registers stand behind the operands, the product, the sum, the run-time shift if there
    is one, and the clamp; a product of logic has more.
    """

    def __init__(self, spec: MultiplyAddShiftSpec,
                 constants: tuple[int, tuple[int, ...]] | None, multiplier: str) -> None:
        if not isinstance(spec, MultiplyAddShiftSpec):
            raise TypeError(f"spec must be a MultiplyAddShiftSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._constants, self._multiplier = spec, constants, multiplier
        if constants is not None:
            self._check(*constants)
        super().__init__(shape_of(spec.source), shape_of(spec.target),
                         None if constants else _fields(spec))
        self.latency = 2 + self._total_depth() + (spec.extra_shift > 0)

    def _check(self, factor: int, offsets: tuple[int, ...]) -> None:
        spec = self._spec
        if spec.extra_shift:
            raise ValueError("constants have no extra shift, but the spec has")
        if spec.clamps:
            raise ValueError("constants have no extra clamps, but the spec has")
        if len(offsets) != spec.signs:
            raise ValueError(f"constants must hold {spec.signs} offsets, not {len(offsets)}")
        spec.multiplier.check("multiplier", factor)
        spec.offset.check("offset", offsets)

    def _total_depth(self) -> int:
        if self._constants is None:
            return multiply_add_depth(shape_of(self._spec.multiplier), self._multiplier,
                                      addend=True)
        terms = self._constant_terms(Const(0), Const(0))
        return tree_depth(len(terms)) if terms else 0

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec

        def stage(value: Value, name: str, stages: int = 1) -> Value:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        low, high = spec.operand_range
        negative = self.i[-1] if low < 0 else Const(0, 1)
        acc = stage(clamp(self.i, low, high), "acc")
        width = max(spec.total.width + (spec.total.min >= 0), spec.shift + 1)
        if self._constants:
            terms = self._constant_terms(acc, stage(negative, "negative"))
            total = aligned_sum(m, terms, width, enable=self.enable, name="total")
        else:
            given = self.parameters
            offset = Mux(negative, given.offset_1, given.offset_0) if spec.signs == 2 \
                else given.offset_0
            total = multiply_add(
                m, acc, stage(given.multiplier, "factor"), Term(stage(offset, "offset")), width,
                kind=self._multiplier, enable=self.enable, name="total")
        result = total[spec.shift:].as_signed()
        if spec.extra_shift:
            distance = stage(given.shift, "distance", 1 + self._total_depth())
            result, _ = shift_right(m, result, distance, spec.extra_shift, name="shifted")
            result = stage(result, "shifted")
        if spec.clamps:
            number = stage(self.parameters.clamp, "clamp", self.latency - 1)
            result = clamp_to_one(result, spec.clamps, number)
        else:
            result = clamp(result, spec.low, spec.high)
        m.d.comb += self.o.eq(stage(result, "result"))
        return m

    def _constant_terms(self, acc: Value, negative: Value) -> list[Term]:
        """Terms of ``acc * M + B``."""
        factor, offsets = self._constants
        terms = scale_terms(acc, factor)
        if any(offsets) or all(term.minus for term in terms):
            terms.insert(0, self._constant_offset(offsets, negative))
        return terms

    def _constant_offset(self, offsets: tuple[int, ...], negative: Value) -> Term:
        """``B`` bit by bit: 0, 1, or the accumulator's sign, true or inverted."""
        width = self._spec.offset.width + (self._spec.offset.min >= 0)
        first, last = offsets[0], offsets[-1]
        lowest = (first | last) & -(first | last)
        zeros = max(lowest.bit_length() - 1, 0)
        sources = {(0, 0): Const(0, 1), (1, 1): Const(1, 1), (0, 1): negative, (1, 0): ~negative}
        bits = [sources[first >> k & 1, last >> k & 1] for k in range(zeros, width)]
        value = Const(first >> zeros, signed(width - zeros)) if first == last else Cat(*bits)
        return Term(value.as_signed(), zeros)
