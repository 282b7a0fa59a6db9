"""TFLite's L2 normalisation of int8 codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import L2NormSpec
from .fixed_point import divide_by_power, doubling_high_multiply, saturating_shift

__all__ = ["L2Norm", "inverse_root", "l2_norm"]

Ints = NDArray[np.int64]

#: 3/2 and sqrt(2)/2 in Q3.28 and Q0.31.
_THREE_HALVES, _HALF_ROOT_OF_TWO = 402653184, 1518500250


def inverse_root(x: NDArray[Any]) -> tuple[Ints, Ints]:
    """``(multiplier, shift)`` with ``1/sqrt(x)`` about ``multiplier * 2**(shift - 31)``:
    GetInvSqrtQuantizedMultiplierExp.

    ``x`` is shifted by pairs of bits into Q3.28 and below 1/2; five of Newton's steps from 1
    follow, ``r = 3/2*r - x/2 * r**3``, and a product with ``sqrt(2)/2``.

    Parameters
    ----------
    x : integers, any shape
        0 to ``2**31 - 1``; 0 counts as 1.

    Returns
    -------
    multiplier, shift : int64 arrays of the shape of ``x``
        ``multiplier`` below ``2**31``, ``shift`` from -15 to 0. Bit for bit TensorFlow Lite's;
        the relative error is at most 1.3e-6.

    Source: TensorFlow Lite, ``internal/common.h``.

    >>> inverse_root(np.array([1, 4, 169]))
    (array([2147483647, 1073741828,  330382101]), array([ 0,  0, -1]))
    """
    codes = np.maximum(np.asarray(x).astype(np.int64), 1)
    # An even exponent: codes beyond 29 bits lose pairs of bits, others are shifted up to 28 or
    # 29 of them.
    high = codes >= 2**29
    down = np.where(high, codes >> 2, codes)
    pairs = (31 - np.frexp(down.astype(np.float64))[1].astype(np.int64)) // 2 - 1
    shift = 11 + high - pairs
    half = divide_by_power((down << 2 * pairs) >> 1, 1)
    root = np.full_like(codes, 2**28)
    for _ in range(5):
        cube = saturating_shift(doubling_high_multiply(doubling_high_multiply(root, root), root), 6)
        root = saturating_shift(doubling_high_multiply(root, _THREE_HALVES)
                                - doubling_high_multiply(cube, half), 3)
    root = doubling_high_multiply(root, _HALF_ROOT_OF_TWO)
    multiplier = np.where(codes == 1, 2**31 - 1, root << np.maximum(-shift, 0))
    return multiplier, np.where(codes == 1, 0, -np.maximum(shift, 0))


def l2_norm(codes: NDArray[Any], spec: L2NormSpec) -> NDArray[np.int8]:
    """``x / sqrt(sum(x**2))`` along the last axis; the result's scale is 1/128.

    Each code less the zero point is multiplied by :func:`inverse_root` of the sum of squares, as
    MultiplyByQuantizedMultiplier does it.

    Parameters
    ----------
    codes : int8, shape (..., n)
        ``n`` is at most ``spec.longest``.
    spec : L2NormSpec

    Returns
    -------
    int8 array of the shape of ``codes``, bit for bit TensorFlow Lite's; zeros for a row of zero
    points.

    Source: TensorFlow Lite, ``reference/integer_ops/l2normalization.h``.

    >>> l2_norm(np.array([3, -4, 12, 0]), L2NormSpec(zero_point=0, longest=4))
    array([ 30, -39, 118,   0], dtype=int8)
    """
    centred = np.asarray(codes).astype(np.int64) - spec.zero_point
    multiplier, shift = inverse_root((centred * centred).sum(axis=-1, keepdims=True))
    shift = shift + 7
    high = doubling_high_multiply(centred << np.maximum(shift, 0), multiplier)
    result = divide_by_power(high, np.maximum(-shift, 0))
    return np.clip(result, -128, 127).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class L2Norm(Node):
    """:func:`l2_norm` of every row; one int8 input (..., n), one output of its shape."""

    synthesisable = True

    spec: L2NormSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"codes must be {self.spec.source}, not {x.format}")
        self.require(len(x.shape) >= 1 and 1 <= extent(x.shape[-1:]) <= self.spec.longest,
                     f"rows must have 1 to {self.spec.longest} elements, "
                     f"not shape {list(x.shape)}")
        return ((x.shape, self.spec.source),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (l2_norm(values[0], self.spec),)
