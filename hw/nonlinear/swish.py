# amaranth: UnusedElaboratable=no
"""SiLU, and GELU as a sigmoid: an exponential and a division in a pipeline."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value
from amaranth.hdl import Elaboratable

from sw_model.specs import SwishSpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.quotient import quotient
from ..arith.registered import registered
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_of
from .exp2 import Exp2Lane

__all__ = ["Swish", "SwishLane"]


class Swish(LaneUnit):
    """``x * sigmoid(slope * x)`` of each lane.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : SwishSpec
    lanes : int
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``

    Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415.
    """

    def __init__(self, spec: SwishSpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, SwishLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> SwishSpec:
        return self._spec


class SwishLane(Lane):
    """One lane of :class:`Swish`.

    Registers stand behind the denominator, each bit of the quotient, the sigmoid and the
    product, and in the exponential.

    Parameters
    ----------
    spec : SwishSpec
    multiplier : str
    """

    def __init__(self, spec: SwishSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, SwishSpec):
            raise TypeError(f"spec must be a SwishSpec, not {spec!r}")
        self._spec, self._kind = spec, multiplier
        self._exponential = Exp2Lane(spec.exponential, multiplier)
        self._before = self._exponential.latency + 1 + spec.fraction + 1
        sigmoid = Const(0, spec.fraction + 1)
        self.latency = self._before + 1 + multiply_add_depth(sigmoid.shape(), multiplier,
                                                             addend=False)
        super().__init__(shape_of(spec.source), shape_of(spec.target), None)

    def _held(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, one = Module(), 1 << self._spec.fraction
        m.submodules.exponential = exponential = self._exponential
        m.d.comb += [exponential.enable.eq(self.enable),
                     exponential.i.eq(Mux(self.i < 0, self.i, -self.i))]
        denominator = self._held(m, (exponential.o + one).as_unsigned(), "denominator")
        # As the denominator is one or more, the first bits of the quotient are none.
        of_magnitude = quotient(m, Const(one >> 1, self._spec.fraction), denominator,
                                self._spec.fraction + 1, 0, enable=self.enable, name="sigmoid")
        x = self._held(m, self.i, "x", self._before)
        sigmoid = self._held(m, Mux(x < 0, one - of_magnitude, of_magnitude)[
            :self._spec.fraction + 1], "sigmoid")
        product = multiply_add(m, self._held(m, x, "x_then"), sigmoid, None, len(self.o) + 1,
                               kind=self._kind, enable=self.enable, name="product")
        m.d.comb += self.o.eq(product)
        return m
