# amaranth: UnusedElaboratable=no
"""Edge-MoE's softmax: running maximum and sum, by multiplications."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module
from amaranth.hdl import Elaboratable

from sw_model.specs import SinglePassSoftmaxSpec

from ..arith.registered import registered
from ..norm.lanes import RowLane, RowLanes
from ..norm.statistic import Statistic
from ..rows.annotate import Annotate
from ..shapes import shape_of
from .exp2 import Exp2Lane
from .probability import (
    PROBABILITY_DEPTH,
    Scaled,
    TotalReciprocal,
    probability,
    reciprocal_layout,
)
from .running_sum import RunningExponentials
from .softmax import SoftmaxUnit, words_of

__all__ = ["SinglePassLane", "SinglePassSoftmax"]


class SinglePassSoftmax(SoftmaxUnit):
    """Maximum and sum in one pass over the elements, which are then read again.

    The sum is multiplied when the maximum grows, in one cycle: that product is the longest path.
    No divider: rows of any length follow each other without a bubble.

    Parameters
    ----------
    spec : SinglePassSoftmaxSpec
    lanes : int
        The spec's ``tile``.
    longest : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`, but for that one.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    SPEC = SinglePassSoftmaxSpec

    def __init__(self, spec: SinglePassSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        self.require_tile(spec.tile, lanes)
        running = RunningExponentials(spec, lanes, longest, multiplier)
        width = len(running.o.payload.total)
        statistic = Statistic(running, TotalReciprocal(
            spec, width, shape_of(spec.source), multiplier))
        super().__init__(spec, lanes, longest, (
            Annotate(statistic, words_of(lanes, longest)),
            RowLanes(lanes, SinglePassLane, spec, width, multiplier)))


class SinglePassLane(RowLane):
    """The exponential of an element less the row's largest, times the reciprocal of the sum.

    Registers stand behind the difference, the product, the shift and the clamp, besides those
    of :class:`Exp2Lane`.

    Parameters
    ----------
    spec : SinglePassSoftmaxSpec
    width : int
        Bits of the sum.
    multiplier : str
    """

    def __init__(self, spec: SinglePassSoftmaxSpec, width: int, multiplier: str = "inferred"
                 ) -> None:
        self._spec = spec
        self._exponential = Exp2Lane(spec.exponential, multiplier)
        self._scaled = Scaled(
            spec.exponential.target.width, spec.reciprocal(width).mantissa.width,
            spec.product_shift(spec.fraction) - 1, multiplier)
        self._before = 1 + self._exponential.latency
        self.latency = self._before + self._scaled.depth + PROBABILITY_DEPTH
        super().__init__(shape_of(spec.source), reciprocal_layout(
            spec, width, shape_of(spec.source)), shape_of(spec.target))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        x, found = self.i.x, self.i.found

        def held(value: Any, name: str, stages: int) -> Any:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        m.submodules.exponential = exponential = self._exponential
        m.d.comb += [exponential.enable.eq(self.enable),
                     exponential.i.eq(held(x - found.most, "difference", 1))]
        product = self._scaled.of(m, exponential.o, held(
            found.mantissa, "mantissa", self._before), self.enable)
        # The sum is at least 1.
        below = (found.exponent - Const(spec.fraction + spec.guard))[:len(found.exponent)]
        places = held(below, "places", self._before + self._scaled.depth)
        m.d.comb += self.o.eq(probability(m, product, places, spec.target, enable=self.enable))
        return m
