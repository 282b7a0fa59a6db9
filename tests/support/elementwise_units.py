# amaranth: UnusedElaboratable=no
"""A component of each kind that adds, pools, requantises or samples."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.nonlinear.sigmoid import Sigmoid, SigmoidLane
from hw.rescale.concatenate import Concatenate
from hw.rescale.requantise import Requantise, RequantiseLane
from hw.rescale.two_operands import Add, AddLane, Multiply, MultiplyLane
from hw.sampling.draw import Draw, DrawPoint
from hw.sampling.nucleus import Nucleus, PartOfSum
from hw.sampling.sampler import Sampler, Weights
from hw.sampling.top_k import TopK
from hw.sampling.xorshift import Xorshift32
from hw.window.average import WindowAverage
from hw.window.mean import AxisSum, Mean, MeanLane, RowMean
from hw.window.place_memory import PlaceMemory
from hw.window.pool import AveragePool, MaxPool
from hw.window.sliding import SlidingMaximum, SlidingSum
from sw_model.formats import IntFormat
from sw_model.specs import (
    AddSpec,
    ConcatSpec,
    MeanSpec,
    MultiplySpec,
    PoolSpec,
    RequantiseSpec,
    SamplerSpec,
    SigmoidSpec,
    TopKSpec,
    WindowAxis,
)

__all__ = ["elementwise_units"]

INT8 = IntFormat(8)
TWO = {"scale_0": 0.1, "scale_1": 0.2, "scale_out": 0.15, "zero_0": 3}
POOL = PoolSpec.of(INT8, WindowAxis.same(3, 2), WindowAxis(4, 2, 2))


def elementwise_units() -> tuple[wiring.Component, ...]:
    """New instances."""
    add, multiply = AddSpec.of(INT8, **TWO), MultiplySpec.of(INT8, **TWO)
    leaky = RequantiseSpec.leaky_relu(INT8, INT8, alpha=0.1, scale_in=0.1, scale_out=0.05)
    tanh = SigmoidSpec.of(0.001, tanh=True)
    return (Add(add, 2), AddLane(add), Multiply(multiply, 2), MultiplyLane(multiply),
            Requantise(leaky, 2), RequantiseLane(leaky), Sigmoid(tanh, 2), SigmoidLane(tanh),
            Concatenate(ConcatSpec(ways=(leaky, leaky), channels=(4, 3)), 2),
            *_windows(), *_samplers())


def _windows() -> tuple[wiring.Component, ...]:
    mean = MeanSpec.of(INT8, INT8, 6, scale_in=0.1, scale_out=0.1)
    sliding = (-128, 127), 2, POOL.axes[0], 5
    return (PlaceMemory(8, 1), PlaceMemory(8, 4), SlidingMaximum(*sliding), SlidingSum(*sliding),
            WindowAverage(POOL, 2, 5), MaxPool(POOL, 2, 5), AveragePool(POOL, 2, 5),
            AxisSum(8, 2, 6, 3), Mean(mean, 2, 5), MeanLane(mean), RowMean(mean, 2))


def _samplers() -> tuple[wiring.Component, ...]:
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=3, longest=9))
    return (TopK(spec.top, 2), Xorshift32(1), DrawPoint(4, 5, 6, 1), Draw(4, 5, 6),
            PartOfSum(4, 5, 6, "inferred"), Nucleus(4, 5, 6), Weights(spec), Sampler(spec, 2))
