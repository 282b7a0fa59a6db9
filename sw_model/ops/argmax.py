"""The place of the largest element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Float32Format, Format, covering
from ..node import Dimension, Node, Tensor, extent, fixed

__all__ = ["ArgMax"]


@dataclass(frozen=True, kw_only=True)
class ArgMax(Node):
    """Index of the largest element of the last axis; the lowest index wins ties.

    One input (..., n), one output (..., 1): the narrowest unsigned format that holds n - 1.
    """

    synthesisable = True

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(len(x.shape) >= 1, "needs at least one axis")
        count = extent(x.shape[-1:])
        self.require(count >= 1, "needs at least one element")
        return (((*x.shape[:-1], 1), covering(0, count - 1)),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        real = inputs[0].format == Float32Format()
        index = np.argmax(values[0] if real else fixed(inputs[0], values[0]), axis=-1)[..., None]
        ((_, format_),) = self.infer(inputs)
        return (index.astype(format_.dtype),)
