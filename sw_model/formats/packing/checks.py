"""Arguments of packings: what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index

__all__ = ["Bytes", "bytes_of", "checked_count", "expect_bytes", "integers_of", "padded"]

Bytes = NDArray[np.uint8]


def checked_count(count: object) -> int:
    """A number of codes."""
    number = as_index("count", count)
    if number < 0:
        raise ValueError(f"count must not be negative, but is {number}")
    return number


def integers_of(name: str, values: ArrayLike, most: int, *, least: int = 0, axes: int = 1
                ) -> NDArray[Any]:
    """Integers within bounds, of so many axes at least."""
    array = np.asarray(values)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    if array.ndim < axes:
        raise ValueError(f"{name} must have an axis")
    if array.size and not (least <= int(array.min()) and int(array.max()) <= most):
        wrong = array[(array < least) | (array > most)][0]
        raise ValueError(f"{name} must be {least} to {most}, not {int(wrong)}")
    return array


def bytes_of(name: str, data: ArrayLike) -> Bytes:
    """Bytes with an axis."""
    array = np.asarray(data)
    if array.dtype != np.uint8:
        raise TypeError(f"{name} must be bytes (uint8), not {array.dtype}")
    if array.ndim < 1:
        raise ValueError(f"{name} must have an axis")
    return array


def expect_bytes(array: Bytes, count: int, what: str) -> None:
    """Refuse another length of the last axis."""
    if array.shape[-1] != count:
        raise ValueError(f"{what} take {count} bytes, but there are {array.shape[-1]}")


def padded(array: NDArray[Any], count: int) -> NDArray[Any]:
    """Zeros behind the last axis, up to ``count``."""
    if array.shape[-1] == count:
        return np.ascontiguousarray(array)
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, count - array.shape[-1])])
