# amaranth: UnusedElaboratable=no
"""Exponentials as mantissa and exponent: EXP2 without its shift."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.specs import ExtendedExponentialSpec
from sw_model.tables import mantissa_table

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
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane
from ..shapes import shape_of

__all__ = ["ExtendedExponentialLane", "power_layout"]


def power_layout(spec: ExtendedExponentialSpec) -> StructLayout:
    """Mantissa and exponent of an exponential."""
    return StructLayout({"mantissa": shape_of(spec.mantissa), "exponent": shape_of(spec.exponent)})


class ExtendedExponentialLane(Lane):
    """``exp(scale * i) = o.mantissa * 2**(o.exponent - fraction)``, every enabled cycle.

    Registers stand behind the operand, the sums of the constant product, the table and the
    interpolation.

    Parameters
    ----------
    spec : ExtendedExponentialSpec
    multiplier : str
        How the interpolation multiplies, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(shape_of(spec.source))``
    o : ``Out(power_layout(spec))``
        Of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: ExtendedExponentialSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, ExtendedExponentialSpec):
            raise TypeError(f"spec must be an ExtendedExponentialSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._kind = spec, multiplier
        super().__init__(shape_of(spec.source), power_layout(spec), None)
        self._between = multiply_add_depth(Const(0, spec.between_bits).shape(), multiplier,
                                           addend=True) if spec.between_bits else 0
        self.latency = 2 + tree_depth(len(signed_digits(spec.multiplier))) + self._between

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        x = registered(m, self.i, enable=self.enable, name="x")
        product = aligned_sum(
            m, scale_terms(x, spec.multiplier),
            max(spec.source.width + spec.multiplier.bit_length(), spec.constant_fraction) + 1,
            enable=self.enable, name="product")
        point = spec.constant_fraction
        m.d.comb += [
            self.o.mantissa.eq(self._power(m, product[point - spec.position_bits:point])),
            self.o.exponent.eq(registered(m, product[point:].as_signed(), enable=self.enable,
                                          name="exponent", stages=1 + self._between))]
        return m

    def _power(self, m: Module, position: Value) -> Value:
        """``2**position`` from 1 to 2, without the 2."""
        spec, table = self._spec, mantissa_table(self._spec)
        below, width = spec.position_bits - spec.index_bits, spec.mantissa.width
        words, slope = table[:1 << spec.index_bits], 0
        if spec.between_bits:
            steps = [high - low for low, high in pairwise(table)]
            slope = max(steps).bit_length()
            words = tuple(step << width | entry
                          for entry, step in zip(words, steps, strict=True))
        m.submodules.table = rom = LookupRom(width + slope, words)
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(position[below:])]
        if not spec.between_bits:
            return rom.word(0)
        entry = Cat(rom.word(0)[:width], Const(0, 1)).as_signed()
        between = registered(m, position[below - spec.between_bits:below], enable=self.enable,
                             name="between")
        total = multiply_add(
            m, rom.word(0)[width:], between, Term(entry, spec.between_bits),
            width + spec.between_bits + 1, kind=self._kind, enable=self.enable, name="power")
        return total[spec.between_bits:spec.between_bits + width]
