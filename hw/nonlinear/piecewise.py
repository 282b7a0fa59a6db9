# amaranth: UnusedElaboratable=no
"""Piecewise polynomials: a table of coefficients, and a multiplier for each power."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable

from sw_model.specs import PiecewiseSpec
from sw_model.tables import pack_fields

from ..arith.clamp import clamp
from ..arith.multiply import MULTIPLIERS, Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_of

__all__ = ["Piecewise", "PiecewiseLane"]


class Piecewise(LaneUnit):
    """The polynomial of the segment in which each lane's code lies; see ``PiecewiseSpec``.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : PiecewiseSpec
    lanes : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: PiecewiseSpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, PiecewiseLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> PiecewiseSpec:
        return self._spec


class PiecewiseLane(Lane):
    """One lane of :class:`Piecewise`.

    Registers stand behind the place in the range, the table, each product with its sum, and
    the saturation if there is one.

    Parameters
    ----------
    spec : PiecewiseSpec
    multiplier : str
    """

    def __init__(self, spec: PiecewiseSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, PiecewiseSpec):
            raise TypeError(f"spec must be a PiecewiseSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._kind = spec, multiplier
        self._depth = multiply_add_depth(Const(0, spec.offset_bits).shape(), multiplier,
                                         addend=True)
        self.latency = 2 + spec.degree * self._depth + spec.saturates
        super().__init__(shape_of(spec.source), shape_of(spec.target), None)

    def _stage(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        offset = self._stage(m, self._offset(), "offset")
        *others, total = self._coefficients(m, offset[spec.offset_bits:])
        t = self._stage(m, offset[:spec.offset_bits], "t")
        for power, coefficient in reversed(list(enumerate(others))):
            stages = (spec.degree - power - 1) * self._depth
            width = self._sum_width(power, max(len(total), len(coefficient)))
            total = multiply_add(
                m, total, self._stage(m, t, f"t_{power}", stages),
                Term(self._stage(m, coefficient, f"c_{power}", stages), spec.offset_bits),
                width + spec.offset_bits, kind=self._kind, enable=self.enable,
                name=f"sum_{power}")[spec.offset_bits:].as_signed()
        result = total[spec.guard:].as_signed()
        if spec.saturates:
            result = self._stage(m, clamp(result, spec.target.min, spec.target.max), "result")
        m.d.comb += self.o.eq(result)
        return m

    def _sum_width(self, power: int, widest: int) -> int:
        """Bits of the sum with the coefficient of ``power``, a sign included."""
        spec = self._spec
        if power:
            return spec.slope.width + (spec.slope.min >= 0)
        if spec.saturates:
            return widest + 1
        return spec.target.width + (spec.target.min >= 0) + spec.guard

    def _offset(self) -> Value:
        """How far the code lies above the first one, within the range."""
        spec, x = self._spec, self.i
        width = max(1, (spec.high - spec.low).bit_length())
        if (spec.low, spec.high) == (spec.source.min, spec.source.max):
            # The sign alone changes.
            return Cat(x[:-1], ~x[-1]) if spec.low < 0 else x
        return (clamp(x, spec.low, spec.high) - spec.low)[:width]

    def _coefficients(self, m: Module, segment: Value) -> list[Value]:
        """Those of a segment, the constant first, as signed numbers."""
        spec = self._spec
        words = pack_fields([np.array(row)[:, None] for row in spec.coefficients],
                            [form.width for form in spec.widths])
        m.submodules.table = rom = LookupRom(sum(form.width for form in spec.widths),
                                             tuple(words))
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(segment)]
        found, start = [], 0
        for form in spec.widths:
            bits = rom.word(0)[start:start + form.width]
            # A sign where none is negative.
            found.append((bits if form.min < 0 else Cat(bits, Const(0, 1))).as_signed())
            start += form.width
        return found
