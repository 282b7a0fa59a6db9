# amaranth: UnusedElaboratable=no
"""Softmax in base 2 with an integer running maximum, by a reciprocal."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import IntFormat
from sw_model.specs import OnlineSoftmaxSpec

from ..arith.registered import registered
from ..norm.lanes import RowLane, RowLanes
from ..norm.statistic import Statistic
from ..rows.annotate import Annotate
from ..rows.each import RowEach
from ..shapes import shape_of
from .extended_exponential import ExtendedExponentialLane, power_layout
from .probability import (
    PROBABILITY_DEPTH,
    Scaled,
    TotalReciprocal,
    probability,
    reciprocal_layout,
)
from .running_sum import RunningPowers
from .softmax import SoftmaxUnit, words_of

__all__ = ["OnlineLane", "OnlineSoftmax"]


class OnlineSoftmax(SoftmaxUnit):
    """Mantissa and exponent of each element; maximum and sum in one pass; a multiplication.

    Elements wait as mantissas and exponents, so that each exponential is computed once. A sum
    is shifted when the maximum grows, and never overflows. No divider: rows of one length
    follow each other without a bubble, however short.

    Parameters
    ----------
    spec : OnlineSoftmaxSpec
    lanes : int
        The spec's ``tile``.
    longest : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    SPEC = OnlineSoftmaxSpec

    def __init__(self, spec: OnlineSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        self.require_tile(spec.tile, lanes)
        running = RunningPowers(spec.power, spec.guard, lanes, longest)
        width = len(running.o.payload.total)
        super().__init__(spec, lanes, longest, (
            RowEach(lanes, ExtendedExponentialLane, spec.power, multiplier),
            Annotate(Statistic(running, TotalReciprocal(
                spec, width, shape_of(spec.power.exponent), multiplier)),
                words_of(lanes, longest)),
            RowLanes(lanes, OnlineLane, spec, width, spec.power.exponent, multiplier)))


class OnlineLane(RowLane):
    """A mantissa times the reciprocal of the row's sum, shifted by both exponents.

    Registers stand behind the product, the shift and the clamp; products of logic have more.

    Parameters
    ----------
    spec : OnlineSoftmaxSpec
    width : int
        Bits of the sum.
    most : IntFormat
        Of the maximum.
    multiplier : str
    element : StructLayout, optional
        With a mantissa and an exponent; by default these alone.
    """

    def __init__(self, spec: OnlineSoftmaxSpec, width: int, most: IntFormat,
                 multiplier: str = "inferred", element: StructLayout | None = None) -> None:
        self._spec = spec
        self._scaled = Scaled(
            spec.power.mantissa.width, spec.reciprocal(width).mantissa.width,
            spec.product_shift(spec.power.fraction) - 1, multiplier)
        self.latency = self._scaled.depth + PROBABILITY_DEPTH
        super().__init__(element or power_layout(spec.power), reciprocal_layout(
            spec, width, shape_of(most)), shape_of(spec.target))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        x, found = self.i.x, self.i.found
        product = self._scaled.of(m, x.mantissa, found.mantissa, self.enable)
        # The sum is at least a mantissa of the largest exponent: the distance is not negative.
        below = found.most - x.exponent + found.exponent - (spec.power.fraction + spec.guard)
        places = registered(m, below[:len(below) - 1], enable=self.enable, name="places",
                            stages=self._scaled.depth)
        m.d.comb += self.o.eq(probability(m, product, places, spec.target, enable=self.enable))
        return m
