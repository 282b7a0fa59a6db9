# amaranth: UnusedElaboratable=no
"""SwiGLU and its kin: a gate, a product, a rescale."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import covering
from sw_model.specs import GatedProductSpec, MultiplyAddShiftSpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..rescale.lane_unit import Lane, LaneUnit
from ..rescale.multiply_add_shift import MultiplyAddShiftLane
from ..shapes import shape_of
from .delta_table import DeltaTableLane

__all__ = ["GatedProduct", "GatedProductLane"]


class GatedProduct(LaneUnit):
    """``clamp((gate(a) * b * multiplier + half) >> shift)`` of each lane.

    Takes a word of both operands every cycle while the consumer is ready; never drops or
    reorders.

    Parameters
    ----------
    spec : GatedProductSpec
    lanes : int
    entries : tuple of int
        Of the gate's table: see :class:`.delta_table.DeltaTable`. Empty without a gate.
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i0, i1 : ``In(stream.Signature(vector_of(spec.a, lanes)))``
        Operands ``a`` and ``b``, the latter of ``spec.b``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``

    Source: N. Shazeer, "GLU variants improve transformer", arXiv:2002.05202.
    """

    def __init__(self, spec: GatedProductSpec, lanes: int, entries: tuple[int, ...] = (),
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, GatedProductLane, spec, entries, multiplier)
        self._spec = spec

    @property
    def spec(self) -> GatedProductSpec:
        return self._spec


class GatedProductLane(Lane):
    """One lane of :class:`GatedProduct`.

    Registers stand behind the product, and in the gate and the rescale.

    Parameters
    ----------
    spec : GatedProductSpec
    entries : tuple of int
    multiplier : str

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i0, i1 : ``In(shape_of(spec.a))``
        Operands ``a`` and ``b``, the latter of ``spec.b``.
    o : ``Out(shape_of(spec.target))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: GatedProductSpec, entries: tuple[int, ...] = (),
                 multiplier: str = "inferred") -> None:
        if not isinstance(spec, GatedProductSpec):
            raise TypeError(f"spec must be a GatedProductSpec, not {spec!r}")
        self._spec, self._kind = spec, multiplier
        self._gate = None if spec.gate is None else DeltaTableLane(spec.gate, entries, multiplier)
        half = 1 << spec.shift - 1
        self._rescale = MultiplyAddShiftLane(MultiplyAddShiftSpec(
            source=spec.product, target=spec.target, shift=spec.shift, low=spec.target.min,
            high=spec.target.max, multiplier=covering(0, spec.multiplier),
            offset=covering(0, half)), (spec.multiplier, (half,)), multiplier)
        self._product = multiply_add_depth(shape_of(spec.b), multiplier, addend=False)
        self.latency = self._before + self._product + self._rescale.latency
        super().__init__({"i0": shape_of(spec.a), "i1": shape_of(spec.b)}, shape_of(spec.target),
                         None)

    @property
    def _before(self) -> int:
        return 0 if self._gate is None else self._gate.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        a: Value = self.i0
        if self._gate is not None:
            m.submodules.gate = gate = self._gate
            m.d.comb += [gate.enable.eq(self.enable), gate.i.eq(self.i0)]
            a = gate.o
        b = registered(m, self.i1, enable=self.enable, name="b", stages=self._before)
        product = multiply_add(m, a, b, None, self._spec.product.width + 1, kind=self._kind,
                               enable=self.enable, name="product")
        m.submodules.rescale = rescale = self._rescale
        m.d.comb += [rescale.enable.eq(self.enable), rescale.i.eq(product),
                     self.o.eq(rescale.o)]
        return m
