# amaranth: UnusedElaboratable=no
"""I-BERT's GELU: two products, of a parabola and of the result."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value, signed
from amaranth.hdl import Elaboratable

from sw_model.specs import IntegerGeluSpec

from ..arith.clamp import clamp
from ..arith.multiply import Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_between, shape_of

__all__ = ["IntegerGelu", "IntegerGeluLane"]


class IntegerGelu(LaneUnit):
    """``x * -(erf(x) + 1)`` of each lane, the error function in a negative unit.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : IntegerGeluSpec
    lanes : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``

    Source: S. Kim et al., "I-BERT: integer-only BERT quantization", ICML 2021.
    """

    def __init__(self, spec: IntegerGeluSpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, IntegerGeluLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> IntegerGeluSpec:
        return self._spec


class IntegerGeluLane(Lane):
    """One lane of :class:`IntegerGelu`.

    Registers stand behind the distance to the parabola's end, both products and the sum.

    Parameters
    ----------
    spec : IntegerGeluSpec
    multiplier : str
    """

    def __init__(self, spec: IntegerGeluSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, IntegerGeluSpec):
            raise TypeError(f"spec must be an IntegerGeluSpec, not {spec!r}")
        self._spec, self._kind = spec, multiplier
        self._distance = shape_between(0, spec.end)
        self._square = multiply_add_depth(self._distance, multiplier, addend=True)
        self.latency = 2 + self._square + multiply_add_depth(shape_of(spec.sum), multiplier,
                                                             addend=False)
        super().__init__(shape_of(spec.source), shape_of(spec.target), None)

    def _held(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        magnitude = Mux(self.i < 0, -self.i, self.i)[:spec.source.width]
        distance = self._held(m, (spec.end - clamp(magnitude, 0, spec.end))[
            :self._distance.width], "distance")
        parabola = multiply_add(m, distance, distance, Term(Const(spec.top, signed(
            spec.parabola.width))), spec.parabola.width, kind=self._kind, enable=self.enable,
            name="parabola")
        x = self._held(m, self.i, "x", 1 + self._square)
        # The sign of 0 does not matter: the error function is multiplied by it.
        signed_one = Mux(x < 0, -parabola, parabola)
        total = self._held(m, (-spec.one - (signed_one >> spec.shift))[:spec.sum.width]
                           .as_signed(), "total")
        product = multiply_add(m, self._held(m, x, "x_then"), total, None, len(self.o) + 1,
                               kind=self._kind, enable=self.enable, name="product")
        m.d.comb += self.o.eq(product)
        return m
