"""Sums, differences and products of codes, by TFLite's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import AddSpec, MultiplySpec
from .requantise import scaled

__all__ = ["Add", "Multiply", "add", "multiply"]


def add(a: NDArray[Any], b: NDArray[Any], spec: AddSpec) -> NDArray[np.int64]:
    """``a + b``, or ``a - b`` if ``spec.subtract``, each in its own scale.

    Operands less their zero points gain ``left`` bits, are scaled to half of the larger scale,
    added and scaled to the result's: three products with two roundings each. All fits 32 bits.

    Parameters
    ----------
    a, b : integers of shapes that broadcast
        Codes of ``spec.format``.
    spec : AddSpec

    Returns
    -------
    int64 array of codes of ``spec.format``, bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/integer_ops/add.h``, ``reference/sub.h``.

    >>> from sw_model.formats import IntFormat
    >>> add(np.array([50]), np.array([-30]), AddSpec.of(
    ...     IntFormat(8), scale_0=0.031, zero_0=4, scale_1=0.017, zero_1=-9, scale_out=0.04,
    ...     zero_out=2))
    array([29])
    """
    first, second = (
        scaled((x.astype(np.int64) - zero) << spec.left, factor) for x, zero, factor in (
            (a, spec.zero_0, spec.factor_0), (b, spec.zero_1, spec.factor_1)))
    total = first - second if spec.subtract else first + second
    return np.clip(scaled(total, spec.factor_out) + spec.zero_out, spec.low, spec.high)


def multiply(a: NDArray[Any], b: NDArray[Any], spec: MultiplySpec) -> NDArray[np.int64]:
    """``a * b``: the product less zero points, of at most 32 bits, scaled with two roundings.

    Parameters
    ----------
    a, b : integers of shapes that broadcast
        Codes of ``spec.format``.
    spec : MultiplySpec

    Returns
    -------
    int64 array of codes of ``spec.format``, bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/integer_ops/mul.h``.

    >>> from sw_model.formats import IntFormat
    >>> multiply(np.array([50, -128]), np.array([-30, -128]), MultiplySpec.of(
    ...     IntFormat(8), scale_0=0.03, scale_1=0.02, scale_out=0.04, zero_out=2))
    array([-21, 127])
    """
    product = (a.astype(np.int64) - spec.zero_0) * (b.astype(np.int64) - spec.zero_1)
    return np.clip(scaled(product, spec.factor) + spec.zero_out, spec.low, spec.high)


class _TwoOperands(Node):
    """What both nodes infer: two inputs, one output of the shape to which they broadcast."""

    spec: AddSpec | MultiplySpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        for x in inputs:
            self.require(x.format == self.spec.format,
                         f"inputs must be {self.spec.format}, not {x.format}")
        a, b = (x.shape for x in inputs)
        self.require(a == b, f"inputs must have one shape, not {list(a)} and {list(b)}")
        return ((a, self.spec.format),)


@dataclass(frozen=True, kw_only=True)
class Add(_TwoOperands):
    """:func:`add` of two inputs of one shape."""

    synthesisable = True

    spec: AddSpec

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (add(values[0], values[1], self.spec).astype(self.spec.format.dtype),)


@dataclass(frozen=True, kw_only=True)
class Multiply(_TwoOperands):
    """:func:`multiply` of two inputs of one shape."""

    synthesisable = True

    spec: MultiplySpec

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (multiply(values[0], values[1], self.spec).astype(self.spec.format.dtype),)
