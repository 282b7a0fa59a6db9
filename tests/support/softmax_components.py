# amaranth: UnusedElaboratable=no
"""One small instance of every component of the softmax units."""

from __future__ import annotations

from amaranth import unsigned
from amaranth.lib import wiring

from hw.nonlinear.constant_over import ConstantOver, Total
from hw.nonlinear.extended_exponential import ExtendedExponentialLane
from hw.nonlinear.probability import TotalReciprocal
from hw.nonlinear.running_sum import RunningExponentials, RunningPowers
from hw.nonlinear.shiftmax import ShiftExponentialLane, Shiftmax, ShiftmaxLane
from hw.nonlinear.softmax_online import OnlineLane, OnlineSoftmax
from hw.nonlinear.softmax_single_pass import SinglePassLane, SinglePassSoftmax
from hw.nonlinear.softmax_tflite import BelowLane, TermLane, TfliteLane, TfliteSoftmax
from hw.nonlinear.softmax_two_pass import TwoPassLane, TwoPassSoftmax
from hw.nonlinear.softmax_unified import (
    BothSums,
    UnifiedLane,
    UnifiedOutput,
    UnifiedSoftmax,
    UnifiedSum,
)
from hw.nonlinear.tflite_reciprocal import TfliteReciprocal
from hw.rows.each import RowEach
from sw_model.formats import IntFormat
from sw_model.specs import (
    ShiftmaxSpec,
    SinglePassSoftmaxSpec,
    TfliteSoftmaxSpec,
    TwoPassSoftmaxSpec,
)

from .softmaxes import UINT8, online, unified

__all__ = ["softmax_components"]

INT8 = IntFormat(8)


def softmax_components() -> tuple[wiring.Component, ...]:
    """New instances."""
    one, other = online(1 / 16, tile=2), unified(1 / 16, tile=2)
    single = SinglePassSoftmaxSpec.from_scale(INT8, 1 / 16, target=UINT8, tile=2)
    double = TwoPassSoftmaxSpec.from_scale(INT8, 1 / 16, target=UINT8, tile=2)
    shift = ShiftmaxSpec.published(INT8, 1 / 16)
    tflite = TfliteSoftmaxSpec(multiplier=2**30, shift=23, diff_min=-248)
    return (
        OnlineSoftmax(one, 2, 9), SinglePassSoftmax(single, 2, 9), TwoPassSoftmax(double, 2, 9),
        UnifiedSoftmax(other, 2, 9), Shiftmax(shift, 2, 9), TfliteSoftmax(tflite, 2, 9),
        OnlineLane(one, 24, one.power.exponent), SinglePassLane(single, 24), TwoPassLane(double),
        UnifiedLane(other), UnifiedSum(other, 2, 9, 3), BothSums(other, 2, 9),
        UnifiedOutput(other, 24, other.online.power.exponent),
        ShiftExponentialLane(shift), ShiftmaxLane(shift), BelowLane(), TermLane(tflite),
        TfliteLane(tflite), TfliteReciprocal(24), RunningPowers(one.power, 8, 2, 9),
        RunningExponentials(single, 2, 9), ExtendedExponentialLane(one.power),
        RowEach(2, ExtendedExponentialLane, one.power), ConstantOver(1000, unsigned(8), 1),
        Total(8), TotalReciprocal(one, 24, unsigned(8)))
