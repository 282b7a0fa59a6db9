"""Factors of few bits: products that are shifts and additions."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.formats import Rounding
from sw_model.specs import KHotSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.multiply import Term, aligned_sum
from ..arith.registered import registered
from ..arith.shift import shift_left
from ..shapes import shape_of
from .lane_unit import Lane, LaneUnit
from .round_off import halves, into, rounded

__all__ = ["KHotRescale", "KHotRescaleLane"]


class KHotRescale(LaneUnit):
    """``cast(x * factor)`` for each lane: ``spec.factor.hot`` shifts and an addition less.

    Takes a word every cycle while the consumer is ready; never drops or reorders. With
    ``constant`` every lane has the same factor, and shifts are wires. Else a word of parameters
    is taken with each word of data.

    Parameters
    ----------
    spec : KHotSpec
    lanes : int
    constant : int or None
        A code of the factor's format.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(KHotRescale.parameter_layout(spec, lanes)))``
        Only without ``constant``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: KHotSpec, lanes: int, constant: int | None = None) -> None:
        super().__init__(lanes, KHotRescaleLane, spec, constant)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: KHotSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``minus``, whether the factor is negative,
        and ``place_0``, ``place_1`` and so on, of its ones: those that it has not are
        ``spec.factor.width - 1``."""
        return ArrayLayout(_fields(spec), lanes)

    @staticmethod
    def parameters_of(spec: KHotSpec, code: int) -> dict[str, int]:
        """What travels in ``parameters`` for the factor ``code``."""
        minus, places = spec.places_of(code)
        none = spec.factor.width - 1
        return {"minus": int(minus), **{
            f"place_{k}": places[k] if k < len(places) else none
            for k in range(spec.factor.hot)}}

    @property
    def spec(self) -> KHotSpec:
        return self._spec


def _fields(spec: KHotSpec) -> StructLayout:
    places = Shape.cast(range(spec.factor.width))
    return StructLayout({"minus": 1, **{f"place_{k}": places for k in range(spec.factor.hot)}})


class KHotRescaleLane(Lane):
    """One lane of :class:`KHotRescale`, with its factor.

    Registers stand behind the operands, the run-time shifts if there are any, each level of
    additions, and the result.
    """

    def __init__(self, spec: KHotSpec, constant: int | None) -> None:
        if not isinstance(spec, KHotSpec):
            raise TypeError(f"spec must be a KHotSpec, not {spec!r}")
        self._spec = spec
        self._constant = None if constant is None else spec.places_of(constant)
        super().__init__(shape_of(spec.source), shape_of(spec.target),
                         _fields(spec) if constant is None else None)
        if self._constant is None:
            self.latency = 3 + tree_depth(spec.factor.hot)
        else:
            terms = len(self._terms(Const(0)))
            self.latency = 2 + (tree_depth(terms) if terms else 0)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        cast = spec.cast
        x = registered(m, self.i, enable=self.enable, name="x")
        if self._constant is None:
            product = self._shifted_sum(m, x)
        else:
            width = shape_of(spec.product).width
            product = aligned_sum(m, self._terms(x), width, enable=self.enable, name="product")
        scaled, rest = halves(m, product, cast.shift_low, Const(0, 0), 0, name="scaled",
                              exact=spec.rounding is not Rounding.FLOOR)
        result = into(rounded(scaled, rest, spec.rounding), *cast.clamp, spec.overflow)
        m.d.comb += self.o.eq(registered(m, result, enable=self.enable, name="result"))
        return m

    def _terms(self, x: Value) -> list[Term]:
        """Terms whose sum is the product by the constant."""
        minus, places = self._constant
        terms = [Term(x, place, minus) for place in places]
        return [Term(Const(0)), *terms] if minus and terms else terms

    def _shifted_sum(self, m: Module, x: Value) -> Value:
        """The product by the factor that came with ``x``."""
        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        minus = stage(self.parameters.minus, "minus")
        turned = Signal(signed(len(x) + 1), name="turned")
        m.d.comb += turned.eq(Mux(minus, -x, x))
        most, terms = self._spec.factor.width - 2, []
        for k in range(self._spec.factor.hot):
            place = stage(self.parameters[f"place_{k}"], f"place_{k}")
            moved = shift_left(m, turned, place, most, name=f"term_{k}")
            terms.append(stage(Mux(place == most + 1, 0, moved), f"term_{k}"))
        return adder_tree(m, terms, enable=self.enable, name="product")
