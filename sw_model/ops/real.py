"""float32 operations of the host: what a model does before its first quantiser or after its
last integer tensor, in the file's order."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Float32Format, Format
from ..node import Dimension, Node, Tensor

__all__ = ["Arithmetic", "BatchNormalisation", "Operator", "Relu", "batch_normalisation"]


class Operator(enum.Enum):
    """Element-wise float32 arithmetic on two operands."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    POW = "pow"


_FUNCTIONS = {Operator.ADD: np.add, Operator.SUB: np.subtract, Operator.MUL: np.multiply,
              Operator.DIV: np.divide, Operator.POW: np.power}


def check_real(node: Node, *tensors: Tensor) -> None:
    """Raise NodeError unless every tensor is float32."""
    for tensor in tensors:
        node.require(tensor.format == Float32Format(),
                     f"{tensor.name!r} must be float32, not {tensor.format}")


@dataclass(frozen=True, kw_only=True)
class Arithmetic(Node):
    """``a operator b`` in float32, broadcast as in NumPy over the per-sample shapes.

    Either operand may be constant. A constant with fewer axes is broadcast from the last.
    """

    operator: Operator

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        a, b = inputs
        check_real(self, a, b)
        self.require(a.value is None or b.value is None, "both operands are constant")
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            self.require(False, f"shapes {a.shape} and {b.shape} do not broadcast")
        varying = [t for t in (a, b) if t.value is None]
        self.require(all(shape == t.shape for t in varying),
                     f"{varying[0].shape} would grow to {shape}")
        return ((shape, Float32Format()),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        with np.errstate(all="ignore"):
            return (np.asarray(_FUNCTIONS[self.operator](*values), dtype=np.float32),)


@dataclass(frozen=True, kw_only=True)
class Relu(Node):
    """``max(x, 0)`` in float32."""

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        check_real(self, *inputs)
        return ((inputs[0].shape, Float32Format()),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (np.maximum(values[0], np.float32(0)),)


def batch_normalisation(x: NDArray[np.float32], gamma: NDArray[np.float32],
                        beta: NDArray[np.float32], mean: NDArray[np.float32],
                        variance: NDArray[np.float32], epsilon: float) -> NDArray[np.float32]:
    """``x * s + (beta - mean * s)`` with ``s = gamma / sqrt(variance + epsilon)``, in float32.

    The order of operations of ONNX Runtime's inference kernel. Channels are the last axis.
    """
    scale = gamma / np.sqrt(variance + np.float32(epsilon))
    return np.asarray(x * scale + (beta - mean * scale), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class BatchNormalisation(Node):
    """See :func:`batch_normalisation`.

    Inputs: ``x`` (..., channels) and the constants gamma, beta, mean, variance (channels,).
    """

    epsilon: float

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 5)
        check_real(self, *inputs)
        x, *parameters = inputs
        for tensor in parameters:
            self.require(tensor.value is not None and tensor.shape == x.shape[-1:],
                         f"{tensor.name!r} must be a constant of shape {x.shape[-1:]}")
        variance = parameters[3].value
        assert variance is not None
        self.require(bool((variance + np.float32(self.epsilon) > 0).all()),
                     "variance + epsilon must be positive")
        return ((x.shape, Float32Format()),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (batch_normalisation(*values, epsilon=self.epsilon),)
