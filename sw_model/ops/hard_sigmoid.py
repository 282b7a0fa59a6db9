"""The hard sigmoid: a straight line between two ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import HardSigmoidSpec

__all__ = ["HardSigmoid", "hard_sigmoid"]


def hard_sigmoid(codes: NDArray[Any], spec: HardSigmoidSpec) -> NDArray[np.int64]:
    """``clamp((x * multiplier + offset) >> shift, low, high)``.

    Parameters
    ----------
    codes : integers, any shape
        Of ``spec.source``.
    spec : HardSigmoidSpec

    Returns
    -------
    int64 array of codes of ``spec.target``: within 0.54 of ``max(0, min(1, alpha * x + beta))``
    in units of the result, and 0.5 of them the rounding.

    Source: the definition of ONNX's HardSigmoid.

    >>> from sw_model.formats import IntFormat
    >>> hard_sigmoid(np.array([-30, 0, 10, 30]), HardSigmoidSpec.of(
    ...     IntFormat(8), IntFormat(8), scale_in=0.1, scale_out=1 / 256, zero_out=-128))
    array([-128,    0,   51,  127])
    """
    product = codes.astype(np.int64) * spec.multiplier + spec.offset
    return np.clip(product >> spec.shift, spec.low, spec.high)


@dataclass(frozen=True, kw_only=True)
class HardSigmoid(Node):
    """:func:`hard_sigmoid` of every element: one input, one output of its shape."""

    synthesisable = True

    spec: HardSigmoidSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        self.require(inputs[0].format == self.spec.source,
                     f"input must be {self.spec.source}, not {inputs[0].format}")
        return ((inputs[0].shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (hard_sigmoid(values[0], self.spec).astype(self.spec.target.dtype),)
