# amaranth: UnusedElaboratable=no
"""Small instances of the norms and their parts."""

from __future__ import annotations

from amaranth import signed
from amaranth.lib import wiring

from hw.norm.integer_layer_norm import DistanceLane, FactorLane, IntegerLayerNorm
from hw.norm.inverse_root import InverseRoot
from hw.norm.l1_norm import L1Norm
from hw.norm.l2_norm import L2Lane, L2Norm
from hw.norm.lanes import RowLanes
from hw.norm.layer_norm import LayerNorm, VarianceFactor
from hw.norm.mean import MeanFactor, MeanNumerator
from hw.norm.moments import RowMoments
from hw.norm.rms_norm import RmsNorm
from hw.norm.scale import CentreLane, LayerNormLane, ScaleLane
from hw.norm.statistic import Map, Statistic
from sw_model.formats import IntFormat
from sw_model.specs import (
    IntegerLayerNormSpec,
    L1NormSpec,
    L2NormSpec,
    LayerNormSpec,
    NormSpec,
    RmsNormSpec,
)

__all__ = ["norm_units"]

INT8 = IntFormat(8)


def norm_units() -> tuple[wiring.Component, ...]:
    """New instances of everything in ``hw/norm``."""
    def made(kind: type[NormSpec]) -> NormSpec:
        return kind(source=INT8, target=INT8, longest=9, bias=INT8, epsilon=5)

    rms, layer, l1 = made(RmsNormSpec), made(LayerNormSpec), made(L1NormSpec)
    integer, l2 = IntegerLayerNormSpec(source=INT8, longest=9), L2NormSpec(zero_point=3, longest=9)
    return (RmsNorm(rms, 2), LayerNorm(layer, 2), L1Norm(l1, 2), IntegerLayerNorm(integer, 2),
            L2Norm(l2, 2), L2Lane(l2), InverseRoot(l2.squares), DistanceLane(integer),
            FactorLane(integer), ScaleLane(rms), LayerNormLane(layer), CentreLane(l1),
            VarianceFactor(layer), MeanNumerator(l1), MeanFactor(l1), RowLanes(2, ScaleLane, rms),
            RowMoments(signed(8), 2, {"total": INT8}), Map(8, 8, lambda word: word),
            Statistic(RowMoments(signed(8), 2, {"total": INT8})))
