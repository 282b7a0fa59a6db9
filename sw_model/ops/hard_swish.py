"""TFLite's hard-swish of int8 codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import HardSwishSpec
from .fixed_point import divide_by_power

__all__ = ["HardSwish", "hard_swish"]


def hard_swish(codes: NDArray[Any], spec: HardSwishSpec) -> NDArray[np.int64]:
    """``x * relu6(x + 3) / 6`` in 16 bits.

    The code less its zero point, 7 bits further left, is scaled to the result's scale and to
    that of ReLU6, where 3 saturates; half of their product's upper half is the result.

    Parameters
    ----------
    codes : int8, any shape
    spec : HardSwishSpec

    Returns
    -------
    int64 array of int8 codes, bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/hard_swish.h``.

    >>> hard_swish(np.array([-128, -30, 0, 30, 127]), HardSwishSpec.of(
    ...     scale_in=0.05, scale_out=0.05))
    array([  0,  -8,   0,  23, 127])
    """
    out, relu = spec.halves
    fine = (codes.astype(np.int64) - spec.zero_in) << 7
    result = _high_multiply(fine, out)
    shift, gate = spec.factor_relu.shift, fine
    if shift > 0:
        gate = _saturated(gate << shift - 1)
    gate = _high_multiply(gate, relu)
    if shift > 0:
        gate = _saturated(gate << 1)
    gate = divide_by_power(gate, max(-shift, 0))
    # From [-1, 1] to [0, 1].
    gate = (gate + (1 << 15)) >> 1
    product = result * gate
    # C truncates.
    product = np.sign(product) * (np.abs(product) >> 15)
    return np.clip(divide_by_power(product, -spec.factor_out.shift) + spec.zero_out, -128, 127)


def _high_multiply(a: NDArray[np.int64], b: int) -> NDArray[np.int64]:
    """SaturatingRoundingDoublingHighMul of 16 bits: ties up; ``b`` is not negative."""
    return (a * b + (1 << 14)) >> 15


def _saturated(x: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.clip(x, -(1 << 15), (1 << 15) - 1)


@dataclass(frozen=True, kw_only=True)
class HardSwish(Node):
    """:func:`hard_swish` of every element: one input, one output of its shape, both int8."""

    synthesisable = True

    spec: HardSwishSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        self.require(inputs[0].format == self.spec.format,
                     f"input must be {self.spec.format}, not {inputs[0].format}")
        return ((inputs[0].shape, self.spec.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (hard_swish(values[0], self.spec).astype(np.int8),)
