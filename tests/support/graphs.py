"""Networks built by hand, node by node: shapes and formats are inferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sw_model.formats import Float32Format, Format, IntFormat, Rounding
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import (
    ArgMax,
    Arithmetic,
    BatchNormalisation,
    Dequantise,
    MatMul,
    Operator,
    Quantise,
    Relu,
    Rescale,
    RescaleMode,
    Reshape,
    Table,
    Transpose,
)
from sw_model.ops.fixed_point import quantise_multiplier, split_scale

__all__ = ["NetworkBuilder", "sweep_network"]


@dataclass
class NetworkBuilder:
    """A network under construction; every method returns the name of the tensor it makes."""

    name: str = "network"
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)

    def input(self, name: str, shape: Sequence[int], format_: Format) -> str:
        """An input of the network."""
        self.tensors[name] = Tensor(name, tuple(shape), format_)
        self.inputs.append(name)
        return name

    def constant(self, name: str, values: ArrayLike, format_: Format | None = None) -> str:
        """A constant: float32 without a format."""
        format_ = format_ or Float32Format()
        array = np.asarray(values)
        self.tensors[name] = Tensor(name, array.shape, format_, value=array.astype(format_.dtype))
        return name

    def node(self, kind: Any, name: str, *inputs: str, **parameters: Any) -> str:
        """A node of any kind with one output, ``<name>.out``."""
        node = kind(name=name, inputs=inputs, outputs=(f"{name}.out",), **parameters)
        ((shape, format_),) = node.infer([self.tensors[i] for i in inputs])
        self.tensors[f"{name}.out"] = Tensor(f"{name}.out", shape, format_)
        self.nodes.append(node)
        return f"{name}.out"

    def nodes_of(self, kind: Any, name: str, *inputs: str, **parameters: Any) -> tuple[str, ...]:
        """A node of any kind with any number of outputs, ``<name>.out0`` and so on: as many as
        it infers."""
        made = kind(name=name, inputs=inputs, outputs=(), **parameters).infer(
            [self.tensors[i] for i in inputs])
        names = tuple(f"{name}.out{number}" for number in range(len(made)))
        self.nodes.append(kind(name=name, inputs=inputs, outputs=names, **parameters))
        self.tensors |= {each: Tensor(each, *shape_and_format)
                         for each, shape_and_format in zip(names, made, strict=True)}
        return names

    def matmul(self, name: str, x: str, weights: ArrayLike, bias: ArrayLike | None = None, *,
               format_: Format | None = None, zero_point: int = 0,
               accumulator: Format | None = None) -> str:
        """A layer; weights are int8 and accumulators int32 unless said otherwise."""
        constants = [self.constant(f"{name}.weights", weights, format_ or IntFormat(8))]
        if bias is not None:
            constants.append(self.constant(f"{name}.bias", bias, IntFormat(32)))
        return self.node(MatMul, name, x, *constants, format=accumulator or IntFormat(32),
                         zero_point=zero_point)

    def rescale(self, name: str, x: str, scales: Sequence[float], mode: RescaleMode, *,
                format_: Format | None = None, zero_point: int = 0, low: int = -128,
                high: int = 127) -> str:
        """A framework's rounding."""
        split = quantise_multiplier if mode.value.startswith("tflite") else split_scale
        multiplier, exponent = zip(*map(split, scales), strict=True)
        return self.node(
            Rescale, name, x, self.constant(f"{name}.multiplier", multiplier, IntFormat(55)),
            self.constant(f"{name}.exponent", exponent, IntFormat(12)),
            format=format_ or IntFormat(8), mode=mode, zero_point=zero_point, low=low, high=high)

    def table(self, name: str, x: str, entries: ArrayLike, format_: Format | None = None) -> str:
        """A complete table."""
        format_ = format_ or IntFormat(8)
        return self.node(Table, name, x, self.constant(f"{name}.entries", entries, format_),
                         format=format_)

    def dequantise(self, name: str, x: str, scale: ArrayLike, zero_point: int = 0) -> str:
        """Codes to reals."""
        scale = self.constant(f"{name}.scale", np.atleast_1d(scale))
        return self.node(Dequantise, name, x, scale, zero_point=zero_point)

    def quantise(self, name: str, x: str, scale: ArrayLike, format_: Format | None = None, *,
                 zero_point: int = 0, inside: bool = True, narrow: bool = False,
                 rounding: Rounding = Rounding.HALF_EVEN) -> str:
        """Reals to codes, as QONNX's Quant unless said otherwise."""
        format_ = format_ or IntFormat(8)
        return self.node(
            Quantise, name, x, self.constant(f"{name}.scale", np.atleast_1d(scale)),
            format=format_, zero_point=zero_point, low=format_.fixed_min + narrow,
            high=format_.fixed_max, rounding=rounding, zero_point_inside=inside)

    def arithmetic(self, name: str, operator: Operator, x: str, other: ArrayLike, *,
                   constant_first: bool = False) -> str:
        """An operation with a constant."""
        constant = self.constant(f"{name}.constant", other)
        pair = (constant, x) if constant_first else (x, constant)
        return self.node(Arithmetic, name, *pair, operator=operator)

    def batch_normalisation(self, name: str, x: str, gamma: ArrayLike, beta: ArrayLike,
                            mean: ArrayLike, variance: ArrayLike) -> str:
        """Batch normalisation with epsilon 1e-5."""
        constants = [self.constant(f"{name}.{role}", values) for role, values in
                     (("gamma", gamma), ("beta", beta), ("mean", mean), ("variance", variance))]
        return self.node(BatchNormalisation, name, x, *constants, epsilon=1e-5)

    def relu(self, name: str, x: str) -> str:
        """Rectifier."""
        return self.node(Relu, name, x)

    def reshape(self, name: str, x: str, shape: Sequence[int]) -> str:
        """Another shape."""
        return self.node(Reshape, name, x, shape=tuple(shape))

    def transpose(self, name: str, x: str, permutation: Sequence[int]) -> str:
        """Axes in another order; no hardware does it."""
        return self.node(Transpose, name, x, permutation=tuple(permutation))

    def argmax(self, name: str, x: str) -> str:
        """Place of the largest element."""
        return self.node(ArgMax, name, x)

    def build(self, *outputs: str) -> Graph:
        """The checked network."""
        return build(self.name, self.tensors.values(), self.nodes, self.inputs, outputs)


def sweep_network(channels: int, width: int, *, bias: ArrayLike | None = None,
                  zero_point: int = 0) -> tuple[NetworkBuilder, str, np.ndarray]:
    """A layer whose accumulators, one for each channel, each follow the one input.

    Returns
    -------
    builder, accumulator, codes
        The name of the accumulator tensor, and the input codes (samples, 1) that drive every
        channel through its whole range.
    """
    builder = NetworkBuilder("sweep")
    format_ = IntFormat(width)
    x = builder.input("x", (1,), format_)
    weights = np.where(np.arange(channels) % 3 == 2, -1, 1)[:, None]
    acc = builder.matmul("fc", x, weights, bias, zero_point=zero_point)
    return builder, acc, np.arange(format_.min, format_.max + 1)[:, None].astype(format_.dtype)
