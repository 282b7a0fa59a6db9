"""Rotations by Hadamard matrices, which spread outliers over all elements of a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import HadamardSpec

__all__ = ["Hadamard", "hadamard"]


def hadamard(codes: NDArray[Any], spec: HadamardSpec) -> NDArray[np.int64]:
    """``y = H x`` for each block of ``spec.size`` elements of the last axis; exact.

    ``H`` is Sylvester's matrix, ``H[j, k] = (-1)**popcount(j & k)``, in its natural order. It is
    ``sqrt(size)`` times a rotation and ``size`` times its own inverse: the factor
    ``1 / sqrt(size)`` belongs into the scale of ``y``, as a rotation's result has the scale
    ``scale(x) / sqrt(size)``. ``log2(size)`` levels of butterflies, each of which takes a bit
    more: ``spec.target`` holds every result.

    Parameters
    ----------
    codes : integers, shape (..., a multiple of spec.size)
        Codes of the spec's source.
    spec : HadamardSpec

    Returns
    -------
    int64 array of the shape of ``codes``.

    Source: Sylvester, 1867; rotations of activations, QuaRot (Ashkboos et al., 2024).

    >>> from sw_model.formats import IntFormat
    >>> hadamard(np.array([1, 0, 0, 0, 5, 6, 7, 8]), HadamardSpec(IntFormat(8), 4))
    array([ 1,  1,  1,  1, 26, -2, -4,  0])
    """
    result = codes.astype(np.int64)
    for stage in range(spec.stages):
        pairs = result.reshape(-1, 2, 1 << stage)
        upper, lower = pairs[:, 0], pairs[:, 1]
        result = np.stack([upper + lower, upper - lower], axis=1)
    return result.reshape(codes.shape)


@dataclass(frozen=True, kw_only=True)
class Hadamard(Node):
    """A rotation of each block of the last axis, times ``sqrt(size)``; see :func:`hadamard`.

    One input whose last axis is a multiple of ``spec.size``, one output of its shape.
    """

    synthesisable = True

    spec: HadamardSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"input must be {self.spec.source}, not {x.format}")
        self.require(len(x.shape) >= 1 and isinstance(x.shape[-1], int)
                     and x.shape[-1] % self.spec.size == 0,
                     f"the last axis must be a multiple of {self.spec.size}, "
                     f"not {extent(x.shape[-1:])}")
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (hadamard(values[0], self.spec).astype(self.spec.target.dtype),)
