"""Integers as a sign and a magnitude."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import FixedFormat, IntFormat

from ..arith.registered import registered
from ..rescale.lane_unit import Lane
from ..shapes import shape_of

__all__ = ["MagnitudeLane", "magnitude_of"]


def magnitude_of(source: IntFormat | FixedFormat) -> StructLayout:
    """``magnitude`` of a code, no wider than the largest, and whether it is ``negative``."""
    largest = max(-source.min, source.max)
    return StructLayout({"magnitude": unsigned(largest.bit_length()), "negative": 1})


class MagnitudeLane(Lane):
    """A code to its sign and magnitude, one enabled cycle later.

    Parameters
    ----------
    source : IntFormat or FixedFormat
    """

    latency = 1

    def __init__(self, source: IntFormat | FixedFormat) -> None:
        super().__init__(shape_of(source), magnitude_of(source), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        negative = self.i[-1] if self.i.shape().signed else Const(0, 1)
        magnitude = Mux(negative, -self.i, self.i)[:len(self.o.magnitude)]
        m.d.comb += [self.o.magnitude.eq(stage(magnitude, "magnitude")),
                     self.o.negative.eq(stage(negative, "negative"))]
        return m
