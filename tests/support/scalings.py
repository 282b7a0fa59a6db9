# amaranth: UnusedElaboratable=no
"""Rescales beside the frameworks': components of them, and a network around each operation."""

from __future__ import annotations

from collections.abc import Callable

from amaranth import signed
from amaranth.lib import wiring

from hw.rescale.absmax import AbsMaxQuantiser, QuotientLane, RowPeak
from hw.rescale.float_lane import FloatRescaleLane
from hw.rescale.hadamard import Butterflies, HadamardUnit, WordButterfly
from hw.rescale.k_hot import KHotRescale, KHotRescaleLane
from hw.rescale.rescale_add import RescaleAdd, RescaleAddLane
from hw.rescale.shift import ShiftRescale, ShiftRescaleLane
from hw.rescale.stochastic import Lfsr, StochasticShift, StochasticShiftLane
from sw_model.formats import FixedFormat, Float32Format, IntFormat, KHotFormat
from sw_model.ops import (
    AbsMaxQuantise,
    BlockQuantise,
    Hadamard,
)
from sw_model.ops import (
    KHotRescale as KHotRescaleNode,
)
from sw_model.ops import (
    RescaleAdd as RescaleAddNode,
)
from sw_model.ops import (
    ShiftRescale as ShiftRescaleNode,
)
from sw_model.ops import (
    StochasticShift as StochasticShiftNode,
)
from sw_model.specs import (
    AbsMaxSpec,
    BlockQuantiseSpec,
    FrameworkRescaleSpec,
    HadamardSpec,
    KHotSpec,
    RescaleAddSpec,
    ShiftSpec,
    StochasticShiftSpec,
)

from .graphs import NetworkBuilder

__all__ = ["NETWORKS", "scalings"]

INT8, INT4 = IntFormat(8), IntFormat(4)
SHIFT = ShiftSpec(source=INT8, target=INT4, shift_low=0, shift_high=5)
STOCHASTIC = StochasticShiftSpec(source=INT8, target=INT4, shift_low=2, shift_high=5, bits=5,
                                 seeds=(11, 2222))
K_HOT = KHotSpec(source=INT8, factor=KHotFormat(6, 4, 2), target=FixedFormat(8, 1))
DYADIC = RescaleAddSpec.dyadic((INT8, INT8), INT8, multipliers=([2**30], [2**30, 3 << 29]),
                               shifts=([31], [32, 33]))
ABS_MAX = AbsMaxSpec(INT8, INT4)
FLOAT = FrameworkRescaleSpec(
    source=IntFormat(32), target=INT8, mode="float32_half_even", zero_point=3, low=-128, high=127,
    multiplier=IntFormat(24, signed=False), exponent_low=-40, exponent_high=-30)


def scalings() -> tuple[wiring.Component, ...]:
    """New instances, with one scale and with one for each channel."""
    one = ShiftSpec(source=INT8, target=INT4, shift_low=3, shift_high=3)
    fair = StochasticShiftSpec(source=INT8, target=INT4, shift_low=4, shift_high=4, bits=4,
                               seeds=(5,))
    scales = ((2**30, -31), (2**30, -32))
    return (ShiftRescale(SHIFT, 2), ShiftRescale(one, 2), ShiftRescaleLane(SHIFT),
            StochasticShift(STOCHASTIC), StochasticShift(fair), StochasticShiftLane(STOCHASTIC),
            Lfsr(5, 3), KHotRescale(K_HOT, 2), KHotRescale(K_HOT, 2, 0b100101),
            KHotRescaleLane(K_HOT, None), RescaleAdd(DYADIC, 2), RescaleAdd(DYADIC, 2, scales),
            RescaleAddLane(DYADIC, None, "fabric"), FloatRescaleLane(FLOAT, None, "inferred"),
            AbsMaxQuantiser(ABS_MAX, 2, 9),
            QuotientLane(ABS_MAX), RowPeak(signed(8), 2), HadamardUnit(HadamardSpec(INT8, 8), 2),
            Butterflies(HadamardSpec(INT8, 8), 1, 4), WordButterfly(INT8, IntFormat(9), 2, 4))


def _shift(builder: NetworkBuilder, x: str) -> str:
    shifts = builder.constant("shift", [0, 3, 5], INT8)
    return builder.node(ShiftRescaleNode, "shifted", x, shifts, spec=SHIFT)


def _stochastic(builder: NetworkBuilder, x: str) -> str:
    shifts = builder.constant("shift", [2, 3, 5], INT8)
    return builder.node(StochasticShiftNode, "rounded", x, shifts, spec=STOCHASTIC)


def _k_hot(builder: NetworkBuilder, x: str) -> str:
    factors = builder.constant("factor", [0b101000, 0b000001, 0b110001], K_HOT.factor)
    return builder.node(KHotRescaleNode, "scaled", x, factors, spec=K_HOT)


def _rescale_add(builder: NetworkBuilder, x: str) -> str:
    constants = [builder.constant(name, values, IntFormat(40)) for name, values in (
        ("multiplier_a", [2**30]), ("exponent_a", [-31]),
        ("multiplier_b", [2**30, 3 << 29, 2**30]), ("exponent_b", [-32, -33, -32]))]
    return builder.node(RescaleAddNode, "sum", x, x, *constants, spec=DYADIC)


def _absmax(builder: NetworkBuilder, x: str) -> str:
    return builder.nodes_of(AbsMaxQuantise, "rows", x, spec=ABS_MAX)[0]


def _blocks(builder: NetworkBuilder, x: str) -> str:
    return builder.nodes_of(BlockQuantise, "blocks", x,
                            spec=BlockQuantiseSpec(INT8, "mxint8<3>"))[0]


#: By operation: the input's format, and what adds the node behind it.
NETWORKS: dict[str, tuple[IntFormat | Float32Format, Callable[[NetworkBuilder, str], str]]] = {
    "AbsMaxQuantise": (INT8, _absmax),
    "BlockQuantise": (INT8, _blocks),
    "Hadamard": (INT8, lambda b, x: b.node(Hadamard, "turned", x, spec=HadamardSpec(INT8, 2))),
    "KHotRescale": (INT8, _k_hot),
    "RescaleAdd": (INT8, _rescale_add),
    "ShiftRescale": (INT8, _shift),
    "StochasticShift": (INT8, _stochastic),
}
