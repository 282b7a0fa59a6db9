# amaranth: UnusedElaboratable=no
"""Sums of two streams of different scales, each brought to the result's on its own."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.specs import RescaleAddSpec

from ..arith.clamp import clamp
from ..arith.registered import registered
from ..shapes import shape_of
from ..unique import Unique
from .framework import FrameworkRescale, framework_lane
from .lane_unit import Lane, LaneUnit

__all__ = ["RescaleAdd", "RescaleAddLane"]

#: Multiplier and exponent of either operand.
Constants = tuple[tuple[int, int], tuple[int, int]]


class RescaleAdd(LaneUnit):
    """``clamp(rescale(a) + rescale(b), low, high)`` for each lane.

    Takes a word of each operand every cycle while the consumer is ready; never drops or
    reorders. With ``constants`` every lane uses the same multipliers and exponents. Else a word
    of parameters is taken with each word of data. With
    :meth:`sw_model.specs.RescaleAddSpec.dyadic` it is I-ViT's residual sum.

    Parameters
    ----------
    spec : RescaleAddSpec
    lanes : int
    constants : ((int, int), (int, int)) or None
        Multiplier and exponent of ``a`` and of ``b``.
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i0, i1 : ``In(stream.Signature(vector_of(spec.a.source, lanes)))``
        Operands ``a`` and ``b``, the latter of ``spec.b.source``.
    parameters : ``In(stream.Signature(RescaleAdd.parameter_layout(spec, lanes)))``
        Only without ``constants``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: RescaleAddSpec, lanes: int, constants: Constants | None = None,
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, RescaleAddLane, spec, constants, multiplier)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: RescaleAddSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``a`` and ``b``, each an element of
        :meth:`FrameworkRescale.parameter_layout`."""
        return ArrayLayout(_fields(spec), lanes)

    @property
    def spec(self) -> RescaleAddSpec:
        return self._spec


def _fields(spec: RescaleAddSpec) -> StructLayout:
    return StructLayout({
        name: FrameworkRescale.parameter_layout(branch, 1).elem_shape
        for name, branch in (("a", spec.a), ("b", spec.b))})


class RescaleAddLane(Lane):
    """One lane of :class:`RescaleAdd`: a :class:`~.framework_lane.FrameworkRescaleLane` for each.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i0, i1 : ``In(shape_of(spec.a.source))``
        Operands ``a`` and ``b``, the latter of ``spec.b.source``.
    parameters : ``In(StructLayout({"a": ..., "b": ...}))``
        Only without constants.
    o : ``Out(shape_of(spec.target))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: RescaleAddSpec, constants: Constants | None,
                 multiplier: str) -> None:
        if not isinstance(spec, RescaleAddSpec):
            raise TypeError(f"spec must be a RescaleAddSpec, not {spec!r}")
        self._spec = spec
        self._branches = [
            Unique(framework_lane(branch), branch, constant, multiplier) for branch, constant
            in zip((spec.a, spec.b), constants or (None, None), strict=True)]
        super().__init__({"i0": shape_of(spec.a.source), "i1": shape_of(spec.b.source)},
                         shape_of(spec.target), None if constants else _fields(spec))
        self.latency = max(branch.component.latency for branch in self._branches) + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        results: list[Value] = []
        for name, operand, branch in zip("ab", (self.i0, self.i1), self._branches, strict=True):
            m.submodules[name] = branch
            m.d.comb += [branch.enable.eq(self.enable), branch.i.eq(operand)]
            if "parameters" in self.signature.members:
                m.d.comb += branch.parameters.eq(self.parameters[name])
            results.append(registered(m, branch.o, enable=self.enable, name=f"result_{name}",
                                      stages=self.latency - 1 - branch.component.latency))
        total = clamp(results[0] + results[1], self._spec.low, self._spec.high)
        m.d.comb += self.o.eq(registered(m, total, enable=self.enable, name="total"))
        return m
