# amaranth: UnusedElaboratable=no
"""One small instance or more of every component of ``hw.nonlinear`` that computes a function."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.nonlinear.delta_table import DeltaTable, DeltaTableLane
from hw.nonlinear.digit_serial import Divide, DividePairs, Isqrt
from hw.nonlinear.exp2 import Exp2, Exp2Lane
from hw.nonlinear.piecewise import Piecewise, PiecewiseLane
from hw.nonlinear.reciprocal import NormalisedUnit, ReciprocalLane, RsqrtLane
from sw_model.formats import FixedFormat, IntFormat
from sw_model.specs import (
    DeltaTableSpec,
    DivideSpec,
    Exp2Spec,
    IsqrtSpec,
    PiecewiseSpec,
    ReciprocalSpec,
    RsqrtSpec,
)

__all__ = ["function_units"]


def function_units() -> tuple[wiring.Component, ...]:
    """New instances."""
    source, uint8 = FixedFormat(8, 4), IntFormat(8, signed=False)
    power = Exp2Spec(source=source, multiplier=94548)
    varying = Exp2Spec(source=source, multiplier=IntFormat(18, signed=False))
    delta = DeltaTableSpec(source=source, step_bits=1, fraction=8, entries=4)
    lines = PiecewiseSpec(source=source, target=source, low=-128, high=127, offset_bits=6,
                          guard=0, coefficients=((1, 2, 3, 4), (5, 6, 7, 8)))
    reciprocal, rsqrt = ReciprocalSpec(source=uint8), RsqrtSpec(source=uint8)
    entries = (0, 40, 20, 0)
    return (
        Exp2(power, 2), Exp2Lane(power), Exp2(varying, 2), Exp2Lane(varying),
        NormalisedUnit(reciprocal, 2), ReciprocalLane(reciprocal), RsqrtLane(rsqrt),
        Isqrt(IsqrtSpec(uint8), 2), Divide(DivideSpec(uint8, uint8)),
        DividePairs(DivideSpec(uint8, uint8)), DeltaTable(delta, 2, entries),
        DeltaTableLane(delta, entries), Piecewise(lines, 2), PiecewiseLane(lines))
