"""Matrix-vector products, exact on the product grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, NodeError, Tensor, fixed

__all__ = ["MatMul", "accumulator_range", "matmul"]


def matmul(x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None = None,
           *, magnitude: int | None = None) -> NDArray[Any]:
    """``x @ weights.T + bias`` in integers, exactly.

    Parameters
    ----------
    x : integers, shape (..., cols)
    weights : integers, shape (rows, cols)
    bias : integers, shape (rows,), optional
    magnitude : int, optional
        Largest ``|x|`` there can be, if known; else it is looked up in ``x``.

    Returns
    -------
    int32 where every result fits, else int64; shape (..., rows). Computed by float32
    BLAS where every partial sum stays below 2**24, by float64 BLAS below 2**53 (both
    exact whatever the order of summation), else in int64.

    Raises
    ------
    OverflowError
        If a partial sum could leave int64.
    """
    if magnitude is None:
        magnitude = max(abs(int(x.max())), abs(int(x.min()))) if x.size else 0
    wide = weights.astype(np.int64)
    # Python integers, so that the bound itself cannot overflow.
    rows = [int(s) for s in np.abs(wide).sum(axis=1)] if wide.size else [0]
    offset = 0 if bias is None else max(-int(bias.min(initial=0)), int(bias.max(initial=0)))
    if wide.size and max(abs(int(wide.max())), abs(int(wide.min()))) * wide.shape[1] >= 2**63:
        raise OverflowError("weights too large for a 64-bit accumulator")
    bound = max(rows) * magnitude + offset
    if bound >= 2**63:
        raise OverflowError(f"a partial sum can reach {bound}, beyond 64 bits")
    result_type = np.int32 if bound < 2**31 else np.int64
    if bound < 2**53:
        real: type[np.floating[Any]] = np.float32 if bound < 2**24 else np.float64
        product: NDArray[Any] = x.astype(real) @ weights.astype(real).T
        if bias is not None:
            product += bias.astype(real)
        return product.astype(result_type)
    exact: NDArray[Any] = x.astype(np.int64) @ wide.T
    return exact if bias is None else exact + bias.astype(np.int64)


def accumulator_range(weights: NDArray[Any], low: int, high: int,
                      bias: NDArray[Any] | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Smallest and largest value of every row's sum, over all inputs in [low, high].

    Exact and reached: the inputs that attain it are at the ends of their range.
    Object arrays of Python integers, shape (rows,).
    """
    # Clamped in their own narrow type: large matrices need no wide copy.
    positive = np.maximum(weights, 0).sum(axis=1, dtype=np.int64).astype(object)
    negative = np.minimum(weights, 0).sum(axis=1, dtype=np.int64).astype(object)
    start = 0 if bias is None else bias.astype(np.int64).astype(object)
    return (positive * low + negative * high + start, positive * high + negative * low + start)


@dataclass(frozen=True, kw_only=True)
class MatMul(Node):
    """``(x - zero_point) @ weights.T + bias`` on the grids of the formats, without rounding.

    Inputs: ``x`` (..., cols), constant ``weights`` (rows, cols), optionally constant
    ``bias`` (rows,). One output (..., rows), in ``format``, which must hold every result
    (checked when it runs; the compiler narrows it to what the weights can reach).
    """

    synthesisable = True

    format: Format
    zero_point: int = 0

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2, 3)
        x, weights = inputs[0], inputs[1]
        self.require(weights.value is not None, "weights must be constant")
        self.require(len(weights.shape) == 2, f"weights must be a matrix, not {weights.shape}")
        rows, cols = weights.shape
        self.require(len(x.shape) >= 1 and x.shape[-1] == cols,
                     f"input {x.name!r} of shape {x.shape} does not fit {cols} columns")
        if len(inputs) == 3:
            self.require(inputs[2].value is not None and inputs[2].shape == (rows,),
                         f"bias must be a constant of shape ({rows},)")
        self.require(x.format.fixed_min <= self.zero_point <= x.format.fixed_max,
                     f"zero point {self.zero_point} is not a value of {x.format}")
        return (((*x.shape[:-1], rows), self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        source = inputs[0].format
        # The zero point goes into the bias: x keeps its narrow type and no copy is made.
        weights = fixed(inputs[1], values[1])
        bias = fixed(inputs[2], values[2]).astype(np.int64) if len(values) == 3 else None
        if self.zero_point:
            shift = -self.zero_point * weights.astype(np.int64).sum(axis=1)
            bias = shift if bias is None else bias + shift
        magnitude = max(abs(source.fixed_min), abs(source.fixed_max))
        result = matmul(fixed(inputs[0], values[0]), weights, bias, magnitude=magnitude)
        if result.size and (int(result.min()) < self.format.min
                            or int(result.max()) > self.format.max):
            raise NodeError(self, f"a sum lies outside {self.format}")
        return (result.astype(self.format.dtype, copy=False),)
