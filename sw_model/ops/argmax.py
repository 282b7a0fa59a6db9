"""The place of the largest element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Float32Format, Format, covering
from ..node import Dimension, Node, Tensor, extent, fixed

__all__ = ["ArgMax", "argmax"]


def argmax(codes: NDArray[Any]) -> NDArray[np.int64]:
    """The place of the largest element along the last axis; the lowest of several. Exact.

    Parameters
    ----------
    codes : integers or float32, shape (..., n)
        Whose order is that of their values.

    Returns
    -------
    int64 array of shape (..., 1): 0 to n - 1.

    Source: the definition of ONNX's ArgMax, ``keepdims`` 1 and ``select_last_index`` 0.

    >>> argmax(np.array([[3, 9, -1, 9], [0, 0, 0, 0]]))
    array([[1],
           [0]])
    """
    return np.argmax(codes, axis=-1)[..., None].astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class ArgMax(Node):
    """:func:`argmax` of every row.

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
        index = argmax(values[0] if real else fixed(inputs[0], values[0]))
        ((_, format_),) = self.infer(inputs)
        return (index.astype(format_.dtype),)
