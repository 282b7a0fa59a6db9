# amaranth: UnusedElaboratable=no
"""The logistic function and tanh of 16-bit codes, bit for bit as TFLite has them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from amaranth import Cat, Const, Module, Mux, Value
from amaranth.hdl import Elaboratable

from sw_model.specs import SigmoidSpec
from sw_model.tables import sigmoid_table

from ..arith.adder_tree import tree_depth
from ..arith.multiply import (
    MULTIPLIERS,
    Term,
    aligned_sum,
    multiply_add,
    multiply_add_depth,
    scale_terms,
)
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_of

__all__ = ["Sigmoid", "SigmoidLane"]

#: Bits of a table entry, and of the difference to the next.
ENTRY_BITS, DIFFERENCE_BITS = 16, 10


class Sigmoid(LaneUnit):
    """The logistic function, or tanh, of each lane by interpolation in a table of 256 entries.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : SigmoidSpec
    lanes : int
    multiplier : str
        How the product of the interpolation is made, one of
        :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.format, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    def __init__(self, spec: SigmoidSpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, SigmoidLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> SigmoidSpec:
        return self._spec


class SigmoidLane(Lane):
    """One lane of :class:`Sigmoid`, with its table.

    Registers stand behind the operand, the sums of the scaling, the magnitude, the table, the
    interpolation and the result.
    """

    def __init__(self, spec: SigmoidSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, SigmoidSpec):
            raise TypeError(f"spec must be a SigmoidSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._kind = spec, multiplier
        super().__init__(shape_of(spec.format), shape_of(spec.format), None)
        self._between = multiply_add_depth(Const(0, DIFFERENCE_BITS).shape(), multiplier,
                                           addend=True)
        self.latency = 4 + tree_depth(len(self._terms(Const(0)))) + self._between

    def _stage(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def _terms(self, x: Value) -> list[Term]:
        """Terms of the scaled code, half of a unit among them."""
        half = 1 << self._spec.shift >> 1
        return [Term(Const(half)), *scale_terms(x, self._spec.multiplier)]

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        width = spec.format.width + spec.MULTIPLIER_BITS + 1
        total = aligned_sum(m, self._terms(self._stage(m, self.i, "x")), max(width, spec.shift + 1),
                            enable=self.enable, name="scaled")
        scaled = total[spec.shift:].as_signed()
        negative = self._stage(m, scaled[-1], "negative")
        magnitude = self._stage(m, Mux(scaled[-1], -scaled, scaled)[:len(scaled)], "magnitude")
        result = self._interpolated(m, magnitude)
        negative = self._stage(m, negative, "held_negative", 1 + self._between)
        # 1 less the logistic, or minus tanh: the complement, and another constant.
        half = 1 << ENTRY_BITS + spec.index_shift - 1
        drop = spec.index_shift + (not spec.tanh)
        above, below = (-half, half) if spec.tanh else (0, 2 * half)
        signed = Mux(negative, ~result, result) + Mux(negative, below, above) + (1 << drop - 1)
        m.d.comb += self.o.eq(self._stage(m, signed[drop:][:spec.format.width], "result"))
        return m

    def _interpolated(self, m: Module, magnitude: Value) -> Value:
        """The table's entry and a part of the difference to the next."""
        bits = self._spec.index_shift
        place, between = magnitude[bits:], magnitude[:bits]
        m.submodules.table = table = LookupRom(ENTRY_BITS + DIFFERENCE_BITS, self._words())
        beyond = place[8:].any() if len(place) > 8 else Const(0, 1)
        m.d.comb += [table.enable.eq(self.enable),
                     table.address_0.eq(place[:8] | beyond.replicate(8))]
        # The addend must be signed.
        entry = Cat(table.data_0[:ENTRY_BITS], Const(0, 1)).as_signed()
        difference = table.data_0[ENTRY_BITS:]
        if len(between) < bits:
            between = Cat(between, Const(0, bits - len(between)))
        return multiply_add(m, self._stage(m, between, "between"), difference, Term(entry, bits),
                            ENTRY_BITS + bits + 2, kind=self._kind, enable=self.enable,
                            name="interpolated")

    def _words(self) -> tuple[int, ...]:
        """Entries with the differences to the next; the last one is what saturates."""
        entries = list(sigmoid_table())
        differences = [high - low for low, high in pairwise(entries)]
        if not self._spec.tanh:
            entries[-1] = 2 * 0x7FFF
        return tuple(entry | difference << ENTRY_BITS
                     for entry, difference in zip(entries, [*differences, 0], strict=True))
