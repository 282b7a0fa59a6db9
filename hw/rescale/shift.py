"""Powers of two as scales: a shift of each channel, with any rounding."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Shape
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.formats import Rounding
from sw_model.specs import ShiftSpec

from ..arith.registered import registered
from ..shapes import shape_of
from .lane_unit import Lane, LaneUnit
from .round_off import halves, into, rounded

__all__ = ["ShiftRescale", "ShiftRescaleLane"]


class ShiftRescale(LaneUnit):
    """``overflow(round(x / 2**shift))`` for each lane: neither multiplier nor constant.

    Takes a word every cycle while the consumer is ready; never drops or reorders. Where the
    spec has one shift, wires do it; else a word of parameters is taken with each word of data.

    Parameters
    ----------
    spec : ShiftSpec
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(ShiftRescale.parameter_layout(spec, lanes)))``
        Only for several shifts.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: ShiftSpec, lanes: int) -> None:
        super().__init__(lanes, ShiftRescaleLane, spec)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: ShiftSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``: ``distance`` for each lane, ``spec.distance_of(shift)``."""
        return ArrayLayout(_fields(spec), lanes)

    @property
    def spec(self) -> ShiftSpec:
        return self._spec


def _fields(spec: ShiftSpec) -> StructLayout:
    return StructLayout({"distance": Shape.cast(range(spec.shifts))})


class ShiftRescaleLane(Lane):
    """One lane of :class:`ShiftRescale`, with its shift.

    Registers stand behind the run-time shift, if there is one, and the result.
    """

    def __init__(self, spec: ShiftSpec) -> None:
        if not isinstance(spec, ShiftSpec):
            raise TypeError(f"spec must be a ShiftSpec, not {spec!r}")
        self._spec = spec
        super().__init__(shape_of(spec.source), shape_of(spec.target),
                         _fields(spec) if spec.shifts > 1 else None)
        self.latency = 2 if spec.shifts > 1 else 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        several = spec.shifts > 1
        distance = self.parameters.distance if several else Const(0, 0)
        scaled, rest = halves(m, self.i, spec.shift_low, distance, spec.shifts - 1,
                              name="scaled", exact=spec.rounding is not Rounding.FLOOR)
        if several:
            scaled, rest = (registered(m, value, enable=self.enable, name=name)
                            for value, name in ((scaled, "scaled"), (rest, "rest")))
        result = into(rounded(scaled, rest, spec.rounding), *spec.clamp, spec.overflow)
        m.d.comb += self.o.eq(registered(m, result, enable=self.enable, name="result"))
        return m
