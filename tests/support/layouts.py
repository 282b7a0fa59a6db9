"""Numbers of a layout's parts as bytes of whole words, which a probe takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from amaranth import Shape
from amaranth.lib.data import ArrayLayout, StructLayout
from numpy.typing import ArrayLike, NDArray

__all__ = ["words_of"]


def words_of(layout: Any, numbers: ArrayLike | Mapping[str, Any]) -> NDArray[np.uint8]:
    """Bytes (count, bytes), the lowest first.

    Numbers are of shape (count, ...), a dictionary of such for a struct; the axes behind the
    first are those of arrays.
    """
    return np.packbits(_bits(layout, numbers), axis=-1, bitorder="little")


def _bits(layout: Any, numbers: Any) -> NDArray[np.uint8]:
    """Bits of shape (count, width)."""
    if isinstance(layout, StructLayout):
        return np.concatenate([_bits(field.shape, numbers[name]) for name, field in layout],
                              axis=-1)
    array = np.asarray(numbers)
    if isinstance(layout, ArrayLayout):
        parts = [array[:, k] for k in range(layout.length)] if not isinstance(
            numbers, Mapping) else [{name: each[:, k] for name, each in numbers.items()}
                                    for k in range(layout.length)]
        return np.concatenate([_bits(layout.elem_shape, part) for part in parts], axis=-1)
    places = np.arange(Shape.cast(layout).width)
    return (array.astype(np.int64)[:, None] >> places & 1).astype(np.uint8)
