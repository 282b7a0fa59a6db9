"""What the variants of softmax have in common: rows, and a numerator over their sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import ProbabilitySpec
from .reciprocal import reciprocal

__all__ = ["probabilities", "require_rows", "rounded_shift", "tiles"]

Ints = NDArray[np.int64]

#: Bits of the widest sum.
SUM_BITS = 62


def require_rows(node: Node, inputs: Sequence[Tensor], source: Format, target: Format,
                 longest: int | None = None
                 ) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
    """Shape and format of the only output of a softmax along the last axis.

    Raises
    ------
    NodeError
        If the input has another format than ``source``, or no last axis of 1 to ``longest``.
    """
    node.arity(inputs, 1)
    (x,) = inputs
    node.require(x.format == source, f"input must be {source}, not {x.format}")
    node.require(len(x.shape) >= 1 and extent(x.shape[-1:]) >= 1,
                 f"input must have elements in its last axis, not {list(x.shape)}")
    node.require(longest is None or extent(x.shape[-1:]) <= longest,
                 f"input must have at most {longest} elements in its last axis, "
                 f"not {list(x.shape)}")
    return ((x.shape, target),)


def tiles(array: Ints, tile: int, padding: int) -> Ints:
    """``array`` (..., elements) as (..., ceil, tile), padded behind the last element."""
    missing = -array.shape[-1] % tile
    widths = [(0, 0)] * (array.ndim - 1) + [(0, missing)]
    padded = np.pad(array, widths, constant_values=padding)
    return padded.reshape(*array.shape[:-1], padded.shape[-1] // tile, tile)


def rounded_shift(product: Ints, places: Ints, most: int) -> Ints:
    """``product * 2**-places``, ties up, at most ``most``; places of 1 to 63."""
    return np.minimum((product >> places - 1) + 1 >> 1, most)


def probabilities(numerator: Ints, total: Ints, exponent: Ints, spec: ProbabilitySpec, *,
                  fraction: int, guard: int) -> Ints:
    """``numerator * 2**(exponent + guard) / total``, rounded, as codes of the spec's target.

    Parameters
    ----------
    numerator : shape (..., elements)
        With ``fraction`` fraction bits.
    total : shape (..., 1)
        The sum of ``numerator * 2**exponent``, with ``guard`` fraction bits more.
    exponent : that of the numerators
        Not above that of the total.
    """
    if total.size and total.max() >= 1 << SUM_BITS:
        raise ValueError(f"a row's sum exceeds {SUM_BITS} bits")
    factor, size = reciprocal(total, spec.reciprocal(SUM_BITS))
    places = spec.product_shift(fraction) + size - fraction - guard - exponent
    # A product of fewer than 62 bits is gone after as many places.
    return rounded_shift(numerator * factor, np.minimum(places, 62), spec.target.max)
