"""Staircases given by the positions of their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Float32Format, Format
from ..node import Dimension, Node, NodeError, Tensor, channels, per_channel

__all__ = ["MultiThreshold", "multi_threshold"]


def multi_threshold(x: NDArray[Any], thresholds: NDArray[Any], steps: NDArray[Any],
                    base: NDArray[Any]) -> NDArray[np.int64]:
    """``base[c] + sum_k steps[c, k] * (x >= thresholds[c, k])``.

    FINN's MultiThreshold, bit for bit, with signed steps so that falling staircases and those of
    several pieces have the same form.

    Parameters
    ----------
    x : integers, shape (..., channels)
    thresholds : integers, shape (1 or channels, count), ascending in every row
    steps : -1, 0 or +1, same shape as ``thresholds``
    base : integers, shape (1 or channels,)

    Returns
    -------
    int64 array of the shape of ``x``.

    Source: Y. Umuroglu et al., "FINN: a framework for fast, scalable binarized neural network
    inference", FPGA 2017, section 4.2.2.

    >>> multi_threshold(np.array([[-9], [2], [3]]), np.array([[-4, 3]]), np.array([[1, 1]]),
    ...                 np.array([-1]))
    array([[-1],
           [ 0],
           [ 1]])
    """
    if thresholds.shape[1] == 0:
        return np.broadcast_to(base.astype(np.int64), x.shape).copy()
    height = np.concatenate([np.zeros((len(steps), 1), np.int64),
                             np.cumsum(steps.astype(np.int64), axis=1)], axis=1)
    if len(thresholds) == 1:
        count = np.searchsorted(thresholds[0], x, side="right")
        return np.asarray(height[0][count] + base.astype(np.int64))
    result = np.empty(x.shape, np.int64)
    for channel, row in enumerate(thresholds):
        count = np.searchsorted(row, x[..., channel], side="right")
        result[..., channel] = height[channel][count]
    return result + base.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class MultiThreshold(Node):
    """A staircase of the last axis's channels; see :func:`multi_threshold`.

    Inputs: codes ``x`` (..., channels), constants ``thresholds`` and ``steps`` (1 or channels,
    count) and ``base`` (1 or channels,), all three codes that are their own values. One output
    of the shape of ``x``: codes of ``format``, which must hold every result (checked when it
    runs).
    """

    synthesisable = True

    format: Format

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 4)
        x, thresholds, steps, base = inputs
        count = channels(x.shape)
        for tensor in inputs:
            self.require(tensor.format != Float32Format(),
                         f"{tensor.name!r} must hold integers, not float32")
        self.require(self.format != Float32Format(), "the output must hold integers, not float32")
        for tensor in inputs[1:]:
            form = tensor.format
            self.require(tensor.value is not None and per_channel(tensor.value, count),
                         f"{tensor.name!r} must be a constant with 1 or {count} rows")
            self.require((form.lsb, form.min, form.max) == (0, form.fixed_min, form.fixed_max),
                         f"{tensor.name!r} must hold integers, not {form}")
        assert thresholds.value is not None
        assert steps.value is not None
        assert base.value is not None
        self.require(len(thresholds.shape) == 2 and thresholds.shape == steps.shape,
                     f"thresholds {thresholds.shape} and steps {steps.shape} must be "
                     "matrices of the same shape")
        self.require(len(base.shape) == 1, f"base must be a vector, not {base.shape}")
        # Compared, as differences and absolute values may leave their type.
        self.require(bool((thresholds.value[:, 1:] >= thresholds.value[:, :-1]).all()),
                     "thresholds must ascend in every row")
        self.require(bool(((steps.value >= -1) & (steps.value <= 1)).all()),
                     "steps must be -1, 0 or 1")
        highest = max(abs(int(base.value.min())), abs(int(base.value.max())))
        self.require(highest + steps.value.shape[1] < 2**63, "sums can leave 64 bits")
        return ((x.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        codes = multi_threshold(*values)
        try:
            self.format.check("output", codes)
        except ValueError as error:
            raise NodeError(self, str(error)) from error
        return (codes.astype(self.format.dtype),)
