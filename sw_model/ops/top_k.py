"""The largest elements of rows, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import AtMost, Dimension, Node, Tensor, fixed
from ..specs import TopKSpec

__all__ = ["TopK", "top_k"]


def top_k(codes: NDArray[Any], k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The ``k`` largest elements along the last axis, largest first, and their places.

    Of equal elements the one with the lower place comes first: what insertion with a strict
    comparison gives. Rows shorter than ``k`` give all of their elements. Exact.

    Parameters
    ----------
    codes : integers, shape (..., n)
        Whose order is that of their values.
    k : int
        At least 1.

    Returns
    -------
    elements, of the type of ``codes``, and places, int64: shape (..., min(k, n))

    Source: the definition of ONNX's TopK, largest and sorted.

    >>> top_k(np.array([3, 9, -1, 9, 3]), 4)
    (array([9, 9, 3, 3]), array([1, 3, 0, 4]))
    """
    # Of the complement of a code neither a sign nor the least one is lost.
    places = np.argsort(~codes, axis=-1, kind="stable")[..., :k].astype(np.int64)
    return np.take_along_axis(codes, places, axis=-1), places


@dataclass(frozen=True, kw_only=True)
class TopK(Node):
    """:func:`top_k` of every row of one input (..., n).

    Two outputs (..., k): elements, and their places in the narrowest format that holds n - 1.
    """

    synthesisable = True

    k: int

    def spec(self, inputs: Sequence[Tensor]) -> TopKSpec:
        """What serves the inputs."""
        longest = inputs[0].shape[-1]
        assert isinstance(longest, int)
        return TopKSpec(source=inputs[0].format, k=self.k, longest=longest)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(len(x.shape) >= 1 and not isinstance(x.shape[-1], AtMost),
                     "needs rows of one length")
        self.require(x.format.dtype.kind in "iu", f"needs integer codes, not {x.format}")
        spec = self.checked(lambda: self.spec(inputs))
        self.require(self.k <= spec.longest,
                     f"k must be at most the {spec.longest} elements of a row, not {self.k}")
        shape = (*x.shape[:-1], self.k)
        return (shape, x.format), (shape, spec.index)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        _, places = top_k(fixed(inputs[0], values[0]), self.k)
        index = self.spec(inputs).index
        return (np.take_along_axis(values[0], places, axis=-1), places.astype(index.dtype))
