# amaranth: UnusedElaboratable=no
"""From the codes of one scale to those of another, as TFLite does; ReLUs among it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Module, Mux, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import IntFormat, covering
from sw_model.specs import FixedMultiplier, FrameworkRescaleSpec, RequantiseSpec

from ..arith.multiply import MULTIPLIERS
from ..arith.registered import registered
from ..shapes import shape_of
from .framework import FrameworkRescaleLane
from .lane_unit import Lane, LaneUnit

__all__ = ["ConstantScale", "Requantise", "RequantiseLane"]


class ConstantScale:
    """A :class:`FrameworkRescaleLane` for one constant factor, or for one of several.

    Not a component: :meth:`place` puts the lane in a module.

    Parameters
    ----------
    low, high : int
        Least and greatest operand.
    target : IntFormat
        Of the result.
    factors : sequence of FixedMultiplier
        One is multiplied by shifts and adders, of several the choice is made at run time.
    zero_point : int
        Added to the rounded product.
    clamp : (int, int)
        Least and greatest result.
    multiplier : str
        How the products of several factors are made, one of
        :data:`hw.arith.multiply.MULTIPLIERS`.
    """

    def __init__(self, low: int, high: int, target: IntFormat,
                 factors: Sequence[FixedMultiplier], zero_point: int, clamp: tuple[int, int],
                 multiplier: str = "inferred") -> None:
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._factors = factors
        exponents = [factor.exponent for factor in factors]
        self._spec = FrameworkRescaleSpec(
            source=covering(low, high), target=target, mode="tflite_double",
            zero_point=zero_point, low=clamp[0], high=clamp[1],
            multiplier=covering(0, max(factor.multiplier for factor in factors)),
            exponent_low=min(exponents), exponent_high=max(exponents))
        (factor, *others) = factors
        constants = None if others else (factor.multiplier, factor.exponent)
        self._lane = FrameworkRescaleLane(self._spec, constants, multiplier)

    @property
    def latency(self) -> int:
        """Enabled cycles from the operand to the result."""
        return self._lane.latency

    def place(self, m: Module, operand: Value, *, enable: Value, name: str,
              second: Value | None = None) -> Value:
        """The result; ``second`` chooses the second of two factors."""
        m.submodules[name] = lane = self._lane
        m.d.comb += [lane.enable.eq(enable), lane.i.eq(operand)]
        if len(self._factors) > 1:
            first, other = self._factors
            m.d.comb += lane.parameters.multiplier.eq(
                Mux(second, other.multiplier, first.multiplier))
            if self._spec.shifts > 1:
                m.d.comb += lane.parameters.shift.eq(
                    Mux(second, *(self._spec.shift_of(each.exponent) for each in (other, first))))
        return lane.o


class Requantise(LaneUnit):
    """``clamp(round((x - zero_in) * factor) + zero_out, low, high)`` for each lane.

    Takes a word every cycle while the consumer is ready; never drops or reorders. A factor of
    its own for negative numbers makes it leaky ReLU; what clamps makes it ReLU or ReLU6.

    Parameters
    ----------
    spec : RequantiseSpec
    lanes : int
    multiplier : str
        How products are made where there are two factors, one of
        :data:`hw.arith.multiply.MULTIPLIERS`; one factor is shifts and adders.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: RequantiseSpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, RequantiseLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> RequantiseSpec:
        return self._spec


class RequantiseLane(Lane):
    """One lane of :class:`Requantise`: a register behind the difference, and the rescale."""

    def __init__(self, spec: RequantiseSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, RequantiseSpec):
            raise TypeError(f"spec must be a RequantiseSpec, not {spec!r}")
        self._spec = spec
        self._scale = ConstantScale(
            spec.source.min - spec.zero_in, spec.source.max - spec.zero_in, spec.target,
            spec.factors, spec.zero_out, (spec.low, spec.high), multiplier)
        super().__init__(shape_of(spec.source), shape_of(spec.target), None)
        self.latency = 1 + self._scale.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        centred = registered(m, self.i - self._spec.zero_in, enable=self.enable, name="centred")
        m.d.comb += self.o.eq(self._scale.place(
            m, centred, enable=self.enable, name="scale", second=centred[-1]))
        return m
