# amaranth: UnusedElaboratable=no
"""Softmax of mantissas and exponents, by one division for each row."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import Rounding
from sw_model.specs import TwoPassSoftmaxSpec

from ..arith.registered import registered
from ..norm.lanes import RowLane, RowLanes
from ..norm.statistic import Statistic
from ..rows.annotate import Annotate
from ..rows.each import RowEach
from ..shapes import shape_of
from .constant_over import ConstantOver
from .extended_exponential import ExtendedExponentialLane, power_layout
from .probability import PROBABILITY_DEPTH, Scaled, probability
from .running_sum import RunningPowers
from .softmax import SoftmaxUnit, words_of

__all__ = ["TwoPassLane", "TwoPassSoftmax"]


class TwoPassSoftmax(SoftmaxUnit):
    """Mantissa and exponent of each element; their sum in the same form; its reciprocal.

    Elements wait as mantissas and exponents, so that the second pass does not compute them
    again. The only multiplication, but for tables that interpolate, is the last.

    Parameters
    ----------
    spec : TwoPassSoftmaxSpec
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

    SPEC = TwoPassSoftmaxSpec

    def __init__(self, spec: TwoPassSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        self.require_tile(spec.tile, lanes)
        running = RunningPowers(spec.power, 0, lanes, longest)
        # The sum is at least a mantissa of the largest exponent.
        divide = ConstantOver(1 << spec.numerator_bits, running.o.payload.total.shape(),
                              1 << spec.power.fraction, shape_of(spec.power.exponent))
        super().__init__(spec, lanes, longest, (
            RowEach(lanes, ExtendedExponentialLane, spec.power, multiplier),
            Annotate(Statistic(running, divide), words_of(lanes, longest)),
            RowLanes(lanes, TwoPassLane, spec, multiplier)))


class TwoPassLane(RowLane):
    """A mantissa times the quotient of its row, shifted by the exponents.

    Registers stand behind the product, the shift and the clamp; products of logic have more.

    Parameters
    ----------
    spec : TwoPassSoftmaxSpec
    multiplier : str
    """

    def __init__(self, spec: TwoPassSoftmaxSpec, multiplier: str = "inferred") -> None:
        self._spec = spec
        factor = max(1, spec.numerator_bits - spec.power.fraction + 1)
        self._scaled = Scaled(spec.power.mantissa.width, factor,
                              spec.numerator_bits - spec.target.width - 1, multiplier)
        self.latency = self._scaled.depth + PROBABILITY_DEPTH
        super().__init__(power_layout(spec.power), StructLayout({
            "most": shape_of(spec.power.exponent), "factor": factor}), shape_of(spec.target))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        x, found = self.i.x, self.i.found
        product = self._scaled.of(m, x.mantissa, found.factor, self.enable)
        below = (found.most - x.exponent)[:spec.power.exponent.width]
        places = registered(m, below, enable=self.enable, name="places",
                            stages=self._scaled.depth)
        m.d.comb += self.o.eq(probability(m, product, places, spec.target, enable=self.enable,
                                          rounds=spec.rounding is Rounding.HALF_UP))
        return m
