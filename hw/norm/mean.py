# amaranth: UnusedElaboratable=no
"""From the sum over a row to one over its mean, or over the root of its mean."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import L1NormSpec, RmsNormSpec

from ..arith.adder_tree import tree_depth
from ..arith.multiply import Term, aligned_sum, multiply_add, multiply_add_depth, scale_terms
from ..arith.registered import registered
from ..nonlinear.digit_serial import Divide
from ..nonlinear.reciprocal import NormalisedLane, ReciprocalLane, RsqrtLane
from ..shapes import shape_of
from ..streams.pipeline import stalling_pipeline
from .scale import factor_layout

__all__ = ["MeanFactor", "MeanNumerator", "mean_stages"]


def mean_stages(spec: RmsNormSpec | L1NormSpec, multiplier: str) -> tuple[Any, ...]:
    """What makes mantissa and exponent of a factor from the sums of a row."""
    return MeanNumerator(spec, multiplier), Divide(spec.mean), MeanFactor(spec, multiplier)


class MeanNumerator(wiring.Component):
    """``(sum << guard) + count**POWER * epsilon``, and what divides it: the count.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : RmsNormSpec or L1NormSpec
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"count": ..., spec.MOMENT: ...})))``
    o : ``Out(stream.Signature(StructLayout({"numerator": ..., "denominator": ...})))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: RmsNormSpec | L1NormSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        square = spec.epsilon and spec.POWER == 2
        self._depth = multiply_add_depth(shape_of(spec.count), multiplier, addend=False) \
            if square else 1
        super().__init__({
            "i": In(stream.Signature(StructLayout({
                "count": shape_of(spec.count), spec.MOMENT: shape_of(spec.moment)}))),
            "o": Out(stream.Signature(StructLayout({
                "numerator": shape_of(spec.mean.numerator),
                "denominator": shape_of(spec.mean.denominator)})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._depth + tree_depth(1 + len(scale_terms(Value.cast(0), self._spec.epsilon)))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        count, total = self.i.payload.count, self.i.payload[spec.MOMENT]

        def held(value: Value, name: str, stages: int) -> Value:
            return registered(m, value, enable=enable, name=name, stages=stages)

        terms = [Term(held(total, "sum", self._depth), spec.guard)]
        if spec.epsilon:
            power = held(count, "power", 1) if spec.POWER == 1 else multiply_add(
                m, count, count, None, 2 * len(count) + 1, kind=self._kind, enable=enable,
                name="square")
            terms += scale_terms(power, spec.epsilon)
        numerator = aligned_sum(m, terms, spec.mean.numerator.width + 1, enable=enable,
                                name="numerator")
        m.d.comb += [self.o.payload.numerator.eq(numerator),
                     self.o.payload.denominator.eq(held(count, "denominator", self.latency))]
        return m


class MeanFactor(wiring.Component):
    """One over a mean, or over its root: of a quotient, mantissa and exponent.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : RmsNormSpec or L1NormSpec
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"quotient": ..., "remainder": ...})))``
        The remainder is ignored.
    o : ``Out(stream.Signature(StructLayout({"mantissa": ..., "exponent": ...})))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: RmsNormSpec | L1NormSpec, multiplier: str = "inferred") -> None:
        make = RsqrtLane if isinstance(spec, RmsNormSpec) else ReciprocalLane
        self._lane: NormalisedLane = make(spec.factor, multiplier)
        super().__init__({
            "i": In(stream.Signature(StructLayout({
                "quotient": shape_of(spec.mean.numerator),
                "remainder": shape_of(spec.mean.denominator)}))),
            "o": Out(stream.Signature(factor_layout(spec)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._lane.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.lane = lane = self._lane
        m.d.comb += [lane.enable.eq(stalling_pipeline(m, self.i, self.o, depth=self.latency)),
                     lane.i.eq(self.i.payload.quotient), self.o.payload.eq(lane.o)]
        return m
