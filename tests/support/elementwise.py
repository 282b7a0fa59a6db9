"""Networks around operations that are no layers: sums, windows, activations, samplers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sw_model.formats import IntFormat
from sw_model.node import Node, Tensor
from sw_model.ops import (
    Add,
    AveragePool,
    Concatenate,
    HardSigmoid,
    HardSwish,
    MaxPool,
    Mean,
    Multiply,
    Requantise,
    Sample,
    SeededSample,
    Sigmoid,
    TopK,
)
from sw_model.specs import (
    AddSpec,
    ConcatSpec,
    HardSigmoidSpec,
    HardSwishSpec,
    MeanSpec,
    MultiplySpec,
    PoolSpec,
    RequantiseSpec,
    SamplerSpec,
    SigmoidSpec,
    TopKSpec,
    WindowAxis,
)

from .graphs import NetworkBuilder

__all__ = ["NETWORKS"]

INT8, INT16 = IntFormat(8), IntFormat(16)


def _node(kind: type[Node], operands: int, parameters: dict[str, Any], builder: NetworkBuilder,
          x: str) -> str:
    return builder.node(kind, "node", *[x] * operands, **parameters)


def _several(builder: NetworkBuilder, node: Node) -> str:
    """Add a node of several outputs; the name of the first."""
    inputs = [builder.tensors[name] for name in node.inputs]
    for name, (shape, format_) in zip(node.outputs, node.infer(inputs), strict=True):
        builder.tensors[name] = Tensor(name, shape, format_)
    builder.nodes.append(node)
    return node.outputs[0]


def _top_k(builder: NetworkBuilder, x: str) -> str:
    return _several(builder, TopK(name="top", inputs=(x,), outputs=("most", "places"), k=2))


def _sample(builder: NetworkBuilder, x: str) -> str:
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=3, longest=6))
    state = builder.input("state", (1,), IntFormat(32, signed=False))
    return _several(builder, Sample(name="sample", inputs=(x, state), outputs=("token", "next"),
                                    spec=spec, multiplier=spec.multiplier(0.1), part=60_000))


def _seeded(builder: NetworkBuilder, x: str) -> str:
    spec = SamplerSpec(top=TopKSpec(source=INT8, k=3, longest=6))
    return builder.node(SeededSample, "sample", x, spec=spec, multiplier=spec.multiplier(0.1),
                        part=60_000, seed=5)


_TWO = {"scale_0": 0.1, "scale_1": 0.2, "scale_out": 0.15, "zero_0": 3}
_LEAKY = RequantiseSpec.leaky_relu(INT8, INT8, alpha=0.1, scale_in=0.1, scale_out=0.05)
_POOL = PoolSpec.of(INT8, WindowAxis.same(2, 2))

#: By operation: the input's format, and what adds the node behind it.
NETWORKS: dict[str, tuple[IntFormat, Callable[[NetworkBuilder, str], str]]] = {
    kind.__name__: (format_, partial(_node, kind, operands, parameters))
    for kind, format_, operands, parameters in (
        (Add, INT8, 2, {"spec": AddSpec.of(INT8, **_TWO)}),
        (AveragePool, INT8, 1, {"spec": _POOL}),
        (Concatenate, INT8, 2, {"spec": ConcatSpec(ways=(_LEAKY, _LEAKY), channels=(3, 3))}),
        (HardSigmoid, INT8, 1, {"spec": HardSigmoidSpec.of(
            INT8, INT8, scale_in=0.1, scale_out=0.01)}),
        (HardSwish, INT8, 1, {"spec": HardSwishSpec.of(scale_in=0.1, scale_out=0.1)}),
        (MaxPool, INT8, 1, {"spec": _POOL}),
        (Mean, INT8, 1, {"axes": (0,), "spec": MeanSpec.of(
            INT8, INT8, 2, scale_in=0.1, scale_out=0.1)}),
        (Multiply, INT8, 2, {"spec": MultiplySpec.of(INT8, **_TWO)}),
        (Requantise, INT8, 1, {"spec": _LEAKY}),
        (Sigmoid, INT16, 1, {"spec": SigmoidSpec.of(0.001, tanh=True)}))} | {
    "Sample": (INT8, _sample), "SeededSample": (INT8, _seeded), "TopK": (INT8, _top_k)}
