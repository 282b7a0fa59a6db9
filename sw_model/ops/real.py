"""float32 operations of the host: what a model does before its first quantiser or after its
last integer tensor, in the file's order."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Float32Format, Format
from ..node import Dimension, Node, Tensor

__all__ = ["Arithmetic", "BatchNormalisation", "Operator", "Relu", "arithmetic",
           "batch_normalisation", "power"]


class Operator(enum.Enum):
    """Element-wise float32 arithmetic on two operands."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    POW = "pow"


def power(x: NDArray[np.float32], exponent: NDArray[np.float32]) -> NDArray[np.float32]:
    """``x ** exponent`` in float32, as ONNX Runtime has it to within 1 ulp.

    Exactly so for one exponent of 2 or 3, products there as here where the last axis is longer
    than 1. An exponent of 0.5 is the square root rounded to nearest; it and all others are off
    by 1 ulp where the C library's ``powf`` does not round to nearest (6 in 10,000 values for 0.5).
    """
    if exponent.size == 1:
        match float(exponent.ravel()[0]):
            case 2.0:
                return np.asarray(x * x)
            case 3.0:
                return np.asarray(x * x * x)
            case 0.5:
                return np.asarray(np.sqrt(x))
    # In float64, since NumPy's own float32 power depends on the processor.
    return np.asarray(np.power(x.astype(np.float64), exponent.astype(np.float64)), np.float32)


_FUNCTIONS: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.ADD: np.add, Operator.SUB: np.subtract, Operator.MUL: np.multiply,
    Operator.DIV: np.divide, Operator.POW: power}


def arithmetic(operator: Operator, a: NDArray[np.float32], b: NDArray[np.float32]
               ) -> NDArray[np.float32]:
    """``a operator b`` in float32 with NumPy's broadcasting; infinities and NaN pass silently."""
    with np.errstate(all="ignore"):
        return np.asarray(_FUNCTIONS[operator](a, b), dtype=np.float32)


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
        axes = max(len(a.shape), len(b.shape))
        pairs = list(zip(*((1,) * (axes - len(t.shape)) + t.shape for t in (a, b)), strict=True))
        # A run-time dimension goes with itself or with 1.
        self.require(all(one == other or 1 in (one, other) for one, other in pairs),
                     f"shapes {a.shape} and {b.shape} do not broadcast")
        shape = tuple(other if one == 1 else one for one, other in pairs)
        varying = [t for t in (a, b) if t.value is None]
        self.require(all(shape == t.shape for t in varying),
                     f"{varying[0].shape} would grow to {shape}")
        return ((shape, Float32Format()),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (arithmetic(self.operator, *values),)


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
    """``x * s + (beta - mean * s)``, ``s = (1 / sqrt(variance + epsilon)) * gamma``, in float32.

    The order of operations of ONNX Runtime's inference kernel, which takes the reciprocal
    before it multiplies.

    Parameters
    ----------
    x : float32, shape (..., channels)
    gamma, beta, mean, variance : float32, shape (channels,)
    epsilon : float
        ``variance + epsilon`` is positive.

    Returns
    -------
    float32 array of the shape of ``x``, bit for bit ONNX Runtime's but where it fuses a
    multiplication and an addition.

    Source: S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, algorithm 2; the definition
    of ONNX's BatchNormalization.

    >>> one, two = np.ones(1, np.float32), np.full(1, 2, np.float32)
    >>> batch_normalisation(np.float32([[5.0]]), two, one, one, 2 * two, 0.0)
    array([[5.]], dtype=float32)
    """
    with np.errstate(all="ignore"):
        scale = np.float32(1) / np.sqrt(variance + np.float32(epsilon)) * gamma
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
        x, gamma, beta, mean, variance = values
        return (batch_normalisation(x, gamma, beta, mean, variance, self.epsilon),)
