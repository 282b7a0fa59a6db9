# amaranth: UnusedElaboratable=no
"""Powers of two: a constant multiplication, a table with interpolation, a shift."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from amaranth import Cat, Const, Module, Mux, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import IntFormat
from sw_model.specs import Exp2Spec
from sw_model.tables import exp2_table

from ..arith.adder_tree import tree_depth
from ..arith.multiply import (
    MULTIPLIERS,
    Term,
    aligned_sum,
    multiply_add,
    multiply_add_depth,
    scale_terms,
    signed_digits,
)
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_of

__all__ = ["Exp2", "Exp2Lane"]


class Exp2(LaneUnit):
    """``2**(d * multiplier)`` of each lane, ``d <= 0``, with ``spec.fraction`` fraction bits.

    Takes a word every cycle while the consumer is ready; never drops or reorders. A constant
    multiplier is shifts and adders; one of run time is taken with each word of data.

    Parameters
    ----------
    spec : Exp2Spec
    lanes : int
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
        Positive codes count as 0.
    parameters : ``In(stream.Signature(ArrayLayout({"multiplier": spec.factor}, lanes)))``
        Only if the spec has but the multiplier's format.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: Exp2Spec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, Exp2Lane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> Exp2Spec:
        return self._spec


class Exp2Lane(Lane):
    """One lane of :class:`Exp2`.

    Registers stand behind the operand, the sums of the constant product or the product, the
    table, the interpolation and the shift.

    Parameters
    ----------
    spec : Exp2Spec
    multiplier : str
    """

    def __init__(self, spec: Exp2Spec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, Exp2Spec):
            raise TypeError(f"spec must be an Exp2Spec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._kind = spec, multiplier
        self._varies = isinstance(spec.multiplier, IntFormat)
        super().__init__(shape_of(spec.source), shape_of(spec.target), StructLayout(
            {"multiplier": shape_of(spec.factor)}) if self._varies else None)
        self._between = multiply_add_depth(Const(0, spec.between_bits).shape(), multiplier,
                                           addend=True) if spec.between_bits else 0
        self.latency = 3 + self._product_depth() + self._between

    def _product_depth(self) -> int:
        if self._varies:
            return multiply_add_depth(shape_of(self._spec.factor), self._kind, addend=False)
        return tree_depth(max(1, len(signed_digits(self._spec.multiplier))))

    def _stage(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        product = self._product(m)
        whole = product[spec.position_bits:].as_signed()
        position = product[:spec.position_bits]
        distance = self._stage(m, self._distance(-whole), "distance", 1 + self._between)
        power = self._power(m, position)
        moved, _ = shift_right(m, power, distance, (1 << len(distance)) - 1, name="moved")
        m.d.comb += self.o.eq(self._stage(m, moved[:len(self.o)], "result"))
        return m

    def _product(self, m: Module) -> Value:
        """The exponent with ``spec.position_bits`` fraction bits, and not positive."""
        spec = self._spec
        d = self._stage(m, Mux(self.i[-1], self.i, 0)[:len(self.i)].as_signed(), "d")
        width = max(spec.source.width + spec.factor.width, spec.position_bits) + 1
        if self._varies:
            factor = self._stage(m, self.parameters.multiplier, "factor")
            return multiply_add(m, d, factor, None, width, kind=self._kind, enable=self.enable,
                                name="product")
        terms = scale_terms(d, spec.multiplier) or [Term(Const(0, signed(width)))]
        return aligned_sum(m, terms, width, enable=self.enable, name="product")

    def _distance(self, magnitude: Value) -> Value:
        """How far to shift, or so far that nothing is left."""
        width = (self._spec.fraction + 2).bit_length()
        low, far = magnitude[:width], magnitude[width:].any()
        return low | far.replicate(len(low))

    def _power(self, m: Module, position: Value) -> Value:
        """``2**position``, from 1 to 2."""
        spec, table = self._spec, exp2_table(self._spec)
        below = spec.position_bits - spec.index_bits
        width = spec.fraction + 2
        if not spec.between_bits:
            # Half an entry more rounds the place; the last entry is for what rounds up to 1.
            place = (position + (1 << below >> 1))[below:below + spec.index_bits + 1]
            m.submodules.table = rom = LookupRom(width, table)
            m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(place)]
            return rom.word(0)
        steps = [high - low for low, high in pairwise(table)]
        slope_width = max(steps).bit_length()
        m.submodules.table = rom = LookupRom(width + slope_width, tuple(
            step << width | entry for entry, step in zip(table, steps, strict=False)))
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(position[below:])]
        entry = Cat(rom.word(0)[:width], Const(0, 1)).as_signed()
        between = self._stage(m, position[below - spec.between_bits:below], "between")
        total = multiply_add(
            m, rom.word(0)[width:], between, Term(entry, spec.between_bits),
            width + spec.between_bits + 1, kind=self._kind, enable=self.enable, name="between")
        return total[spec.between_bits:spec.between_bits + width]
