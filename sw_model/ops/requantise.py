"""From the codes of one scale to those of another: TFLite's own, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import ConcatSpec, FixedMultiplier, RequantiseSpec
from .fixed_point import multiply_by_multiplier

__all__ = ["Concatenate", "Requantise", "concatenate", "requantise", "scaled"]


def scaled(x: NDArray[Any], factor: FixedMultiplier) -> NDArray[np.int64]:
    """``x * factor``, rounded twice: :func:`.fixed_point.multiply_by_multiplier`."""
    return multiply_by_multiplier(x, factor.multiplier, factor.shift)


def requantise(codes: NDArray[Any], spec: RequantiseSpec) -> NDArray[np.int64]:
    """``clamp(scaled(x - zero_in) + zero_out, low, high)``, negative numbers by their own factor.

    Parameters
    ----------
    codes : integers, any shape
        Of ``spec.source``.
    spec : RequantiseSpec

    Returns
    -------
    int64 array of codes of ``spec.target``, bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/requantize.h``, ``reference/leaky_relu.h`` and TFLite
    Micro's ``activations_common.cc``.

    >>> from sw_model.formats import IntFormat
    >>> int8 = IntFormat(8)
    >>> requantise(np.array([-100, 0, 100]), RequantiseSpec.leaky_relu(
    ...     int8, int8, alpha=0.1, scale_in=0.05, scale_out=0.1, zero_out=3))
    array([-2,  3, 53])
    """
    centred = codes.astype(np.int64) - spec.zero_in
    result = scaled(centred, spec.factor)
    if spec.negative is not None:
        result = np.where(centred < 0, scaled(centred, spec.negative), result)
    return np.clip(result + spec.zero_out, spec.low, spec.high)


def concatenate(inputs: Sequence[NDArray[Any]], spec: ConcatSpec) -> NDArray[np.int64]:
    """The inputs one behind the other along the last axis, each at the result's scale.

    Parameters
    ----------
    inputs : sequence of integers, shapes (..., channels)
        Codes of the source of each of ``spec.ways``.
    spec : ConcatSpec

    Returns
    -------
    int64 array, shape (..., all channels), of codes of the ways' target; bit for bit TensorFlow
    Lite's.

    Source: TensorFlow Lite, ``reference/concatenation.h``, behind its QUANTIZE of each input.

    >>> from sw_model.formats import IntFormat
    >>> int8 = IntFormat(8)
    >>> halved, same = (RequantiseSpec.between(int8, int8, scale_in=scale, scale_out=0.2)
    ...                 for scale in (0.1, 0.2))
    >>> concatenate([np.array([3, 4]), np.array([5])], ConcatSpec(
    ...     ways=(halved, same), channels=(2, 1)))
    array([2, 2, 5])
    """
    return np.concatenate([requantise(codes, way)
                           for codes, way in zip(inputs, spec.ways, strict=True)], axis=-1)


@dataclass(frozen=True, kw_only=True)
class Requantise(Node):
    """:func:`requantise` of every element: ReLU, ReLU6 and leaky ReLU among others.

    One input, one output of its shape.
    """

    synthesisable = True

    spec: RequantiseSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        self.require(inputs[0].format == self.spec.source,
                     f"input must be {self.spec.source}, not {inputs[0].format}")
        return ((inputs[0].shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (requantise(values[0], self.spec).astype(self.spec.target.dtype),)


@dataclass(frozen=True, kw_only=True)
class Concatenate(Node):
    """:func:`concatenate` of two inputs or more, equal in all axes but the last."""

    synthesisable = True

    spec: ConcatSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, len(self.spec.ways))
        for x, channels in zip(inputs, self.spec.channels, strict=True):
            self.require(x.format == self.spec.source,
                         f"inputs must be {self.spec.source}, not {x.format}")
            self.require(len(x.shape) >= 1 and x.shape[-1] == channels
                         and x.shape[:-1] == inputs[0].shape[:-1],
                         f"input {x.name!r} must be (..., {channels}) as the others are, "
                         f"not {list(x.shape)}")
        return (((*inputs[0].shape[:-1], sum(self.spec.channels)), self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (concatenate(values, self.spec).astype(self.spec.target.dtype),)
