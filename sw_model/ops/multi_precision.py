"""Exact dot products of words whose lanes are of a precision that is chosen at run time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import CodedFormat, Format
from ..specs.precision import WORD, Precision

__all__ = ["multi_precision_sum"]


def multi_precision_sum(a: ArrayLike, w: ArrayLike, precision: Precision
                        ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The sum of the products of all lanes of all words along the last axis, and its NaR.

    The sum is exact. A product with a NaR in it counts as zero; whether there was one is told.

    >>> total, nar = multi_precision_sum([0x0120], [0x0e3f], Precision.INT4)  # 1 * -2 + 2 * 3
    >>> int(total), bool(nar)
    (4, False)

    Parameters
    ----------
    a, w : integers, shape (..., words)
        Patterns of 16 bits, lane 0 in the low ones.
    precision : Precision

    Returns
    -------
    Python integers in units of ``2**precision.lsb``, and bools; shape (...,).

    Raises
    ------
    TypeError
        If the words do not hold integers, or ``precision`` is none.
    ValueError
        If a word has more than 16 bits, or the shapes differ.
    """
    if not isinstance(precision, Precision):
        raise TypeError(f"precision must be a Precision, not {precision!r}")
    words = [_words(name, values) for name, values in (("a", a), ("w", w))]
    if words[0].shape != words[1].shape or words[0].ndim < 1:
        raise ValueError(f"a and w must have one shape with a last axis of words, not "
                         f"{words[0].shape} and {words[1].shape}")
    (left, no_left), (right, no_right) = (_lanes(each, precision.format) for each in words)
    if precision.largest * precision.lanes * max(words[0].shape[-1], 1) >= 2**63:
        left, right = left.astype(object), right.astype(object)
    nar = no_left | no_right
    total = np.where(nar, 0, left * right).sum(axis=(-2, -1))
    return np.asarray(total).astype(object), np.asarray(nar.any(axis=(-2, -1)))


def _words(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, not {array.dtype}")
    if array.size and (int(array.min()) < 0 or int(array.max()) >> WORD):
        wrong = array[(array < 0) | (array >= 1 << WORD)].ravel()[0]
        raise ValueError(f"{name} must be 0 to {(1 << WORD) - 1}, not {wrong}")
    return array.astype(np.int64)


def _lanes(words: NDArray[np.int64], form: Format) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Lanes on the format's grid along a new last axis, and which of them are NaR."""
    places = np.arange(0, WORD, form.width)
    codes = form.from_bits(words[..., None] >> places & (1 << form.width) - 1)
    nar = np.isnan(form.decode(codes)) if isinstance(form, CodedFormat) else codes != codes
    return form.to_fixed(np.where(nar, 0, codes)), nar
