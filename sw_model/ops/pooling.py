"""Averages and maxima of windows, and means, by TFLite's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..formats import Format
from ..node import AtMost, Dimension, Node, Tensor
from ..specs import MeanSpec, PoolSpec
from .requantise import scaled

__all__ = ["AveragePool", "MaxPool", "Mean", "average_pool", "max_pool", "mean"]


def average_pool(codes: NDArray[Any], spec: PoolSpec) -> NDArray[np.int64]:
    """``sum / count`` of each window, ties away from zero, clamped.

    Codes are summed as they are: the scale and the zero point are those of the input. The count
    is that of the elements inside the image, or of the whole window if ``spec.count_padding``.

    Parameters
    ----------
    codes : integers, shape (..., *spec.sizes, channels)
    spec : PoolSpec

    Returns
    -------
    int64 array of shape (..., *spec.outputs, channels): codes of ``spec.format``; without
    ``count_padding`` bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/integer_ops/pooling.h``.

    >>> from sw_model.formats import IntFormat
    >>> from sw_model.specs import WindowAxis
    >>> pairs = PoolSpec.of(IntFormat(8), WindowAxis(2, 2))
    >>> [int(average_pool(np.array(x)[:, None], pairs)[0, 0]) for x in ([1, 2], [-1, -2])]
    [2, -2]
    """
    total = _each_axis(codes, spec, 0, np.sum)
    count = np.ones(1, np.int64)
    for axis in spec.axes:
        taps = [axis.kernel if spec.count_padding else axis.taps(window)
                for window in range(axis.outputs)]
        count = count[..., None] * np.array(taps)
    count = count.reshape(*spec.outputs, 1)
    rounded = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return np.clip(rounded, spec.low, spec.high)


def max_pool(codes: NDArray[Any], spec: PoolSpec) -> NDArray[np.int64]:
    """The largest code of each window, clamped; padding counts for nothing.

    Parameters
    ----------
    codes : integers, shape (..., *spec.sizes, channels)
    spec : PoolSpec

    Returns
    -------
    int64 array of shape (..., *spec.outputs, channels): codes of ``spec.format``, bit for bit
    TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/integer_ops/pooling.h``.

    >>> from sw_model.formats import IntFormat
    >>> from sw_model.specs import WindowAxis
    >>> spec = PoolSpec.of(IntFormat(8), WindowAxis.same(3, 2, 2))
    >>> max_pool(np.array([[5], [-7], [-128]]), spec)[:, 0]
    array([   5, -128])
    """
    return np.clip(_each_axis(codes, spec, spec.format.min, np.max), spec.low, spec.high)


def _each_axis(codes: NDArray[Any], spec: PoolSpec, neutral: int, reduce: Any
               ) -> NDArray[np.int64]:
    """Windows reduced along one axis after the other."""
    result = codes.astype(np.int64)
    for place, axis in enumerate(spec.axes):
        at = result.ndim - 1 - len(spec.axes) + place
        padding = [(0, 0)] * result.ndim
        padding[at] = (axis.before, axis.after)
        padded = np.pad(result, padding, constant_values=neutral)
        windows = sliding_window_view(padded, axis.kernel, axis=at)
        result = reduce(windows[(slice(None),) * at + (slice(None, None, axis.stride),)], axis=-1)
    return result


def mean(codes: NDArray[Any], spec: MeanSpec, axes: tuple[int, ...]) -> NDArray[np.int64]:
    """The mean over ``axes``, from one scale to another, rounded twice.

    Parameters
    ----------
    codes : integers
        ``spec.count`` elements along ``axes`` together.
    spec : MeanSpec
    axes : tuple of int

    Returns
    -------
    int64 array without ``axes``: codes of ``spec.target``, bit for bit TensorFlow Lite's.

    Source: TensorFlow Lite, ``reference/reduce.h``, QuantizedMeanOrSum.

    >>> from sw_model.formats import IntFormat
    >>> spec = MeanSpec.of(IntFormat(8), IntFormat(8), 4, scale_in=0.1, scale_out=0.05)
    >>> mean(np.array([[1, 2, 3, 5]]), spec, (1,))
    array([6])
    """
    total = codes.astype(np.int64).sum(axis=axes) - spec.count * spec.zero_in
    return np.clip(scaled(total, spec.factor) + spec.zero_out, spec.low, spec.high)


class _Pool(Node):
    """What both kinds of pooling infer: one input (*sizes, channels), one output (*outputs,
    channels)."""

    spec: PoolSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.format,
                     f"input must be {self.spec.format}, not {x.format}")
        self.require(x.shape[:-1] == self.spec.sizes,
                     f"input must be {list(self.spec.sizes)} and channels, not {list(x.shape)}")
        return (((*self.spec.outputs, x.shape[-1]), x.format),)


@dataclass(frozen=True, kw_only=True)
class AveragePool(_Pool):
    """:func:`average_pool` of one input."""

    synthesisable = True

    spec: PoolSpec

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (average_pool(values[0], self.spec).astype(self.spec.format.dtype),)


@dataclass(frozen=True, kw_only=True)
class MaxPool(_Pool):
    """:func:`max_pool` of one input."""

    synthesisable = True

    spec: PoolSpec

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (max_pool(values[0], self.spec).astype(self.spec.format.dtype),)


@dataclass(frozen=True, kw_only=True)
class Mean(Node):
    """:func:`mean` over axes of one input, counted from its first; they vanish, or stay with one
    element each.

    The output has at least one axis: a mean over all has one element.
    """

    synthesisable = True

    spec: MeanSpec
    axes: tuple[int, ...]
    keep: bool = False

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"input must be {self.spec.source}, not {x.format}")
        self.require(len(set(self.axes)) == len(self.axes) > 0
                     and all(0 <= axis < len(x.shape) for axis in self.axes),
                     f"axes must be some of the {len(x.shape)} of the input, not {self.axes}")
        over = [x.shape[axis] for axis in self.axes]
        self.require(not any(isinstance(size, AtMost) for size in over),
                     "the mean is over a run-time dimension")
        count = int(np.prod([size for size in over if isinstance(size, int)]))
        self.require(count == self.spec.count,
                     f"the mean is over {count} elements, not {self.spec.count}")
        shape = tuple(1 if axis in self.axes else size for axis, size in enumerate(x.shape)
                      if self.keep or axis not in self.axes)
        return ((shape or (1,), self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        result = mean(values[0], self.spec, tuple(axis + 1 for axis in self.axes))
        shape = [1 if axis in self.axes else size
                 for axis, size in enumerate(values[0].shape[1:])
                 if self.keep or axis not in self.axes]
        return (result.reshape(len(values[0]), *(shape or [1])).astype(self.spec.target.dtype),)
