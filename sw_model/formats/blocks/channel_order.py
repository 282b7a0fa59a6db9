"""Channels sorted by magnitude before they are cut into blocks.

A block's exponent is that of its largest element, so one large channel takes the bits of its
neighbours. Where channels of like magnitude stand together, fewer bits are lost. A dot product
does not depend on the order of its terms: both of its operands are encoded in the same order,
and nothing has to be undone. The order is a constant of the design: whatever makes the channels,
the layer before or the wiring, delivers them so. Only a tensor that leaves the design is
restored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rounding import as_reals

__all__ = ["in_order", "magnitude_order", "restored"]


def magnitude_order(calibration: ArrayLike) -> NDArray[np.int64]:
    """Channels, the last axis, by their largest magnitude in calibration data, largest first.

    Equal ones stay in their order: the same data give the same permutation everywhere.

    >>> magnitude_order([[1.0, -8.0, 2.0, 0.5], [0.0, 3.0, -2.0, 9.0]])
    array([3, 1, 2, 0])

    Raises
    ------
    TypeError
        If the data are not real numbers.
    ValueError
        If there is no axis of channels, no sample, or NaN among the data.
    """
    reals = as_reals(calibration)
    if reals.ndim < 1:
        raise ValueError("calibration must have an axis of channels")
    samples = np.abs(reals.reshape(-1, reals.shape[-1])) if reals.size else reals.reshape(0, 0)
    if not len(samples):
        raise ValueError(f"calibration must hold samples, but the shape is {reals.shape}")
    if np.isnan(samples).any():
        raise ValueError("calibration holds NaN")
    return np.argsort(-samples.max(axis=0), kind="stable").astype(np.int64)


def in_order(values: ArrayLike, order: ArrayLike) -> NDArray[Any]:
    """``values[..., order]``.

    Raises
    ------
    TypeError
        If ``order`` does not hold integers.
    ValueError
        If it is no permutation of the last axis.
    """
    array = np.asarray(values)
    return np.asarray(array[..., _checked(array, order)])


def restored(values: ArrayLike, order: ArrayLike) -> NDArray[Any]:
    """The inverse of :func:`in_order`, which see for what is raised."""
    array = np.asarray(values)
    return np.asarray(array[..., np.argsort(_checked(array, order))])


def _checked(array: NDArray[Any], order: ArrayLike) -> NDArray[Any]:
    places = np.asarray(order)
    if places.dtype.kind not in "iu":
        raise TypeError(f"order must hold integers, not {places.dtype}")
    count = array.shape[-1] if array.ndim else 0
    if places.ndim != 1 or not np.array_equal(np.sort(places), np.arange(count)):
        raise ValueError(f"order must be a permutation of {count} channels")
    return places
