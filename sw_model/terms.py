"""Integers as signed digits, of which serial hardware takes one a cycle and may skip zeros."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .formats import as_index

__all__ = ["booth_digits", "csd_digits", "en_t_digits", "grouped_cycles", "skipping_cycles"]

Ints = NDArray[np.int64]


def booth_digits(values: ArrayLike, count: int) -> Ints:
    """Radix-4 Booth digits -2 to 2, the lowest first; shape (..., count).

    Digit ``i`` is ``-2 * b[2i + 1] + b[2i] + b[2i - 1]`` of the bits in two's complement.

    >>> booth_digits(-77, 4)
    array([-1,  1, -1, -1])

    Source: O. L. MacSorley, High-Speed Arithmetic in Binary Computers, 1961.

    Raises
    ------
    TypeError
        If the values are not integers.
    ValueError
        If a value has more digits than ``count``.
    """
    array = _integers(values)
    places = 2 * np.arange(as_index("count", count))
    bits = (array[..., None] << 1) >> places
    digits = (bits & 1) + (bits >> 1 & 1) - 2 * (bits >> 2 & 1)
    return _reaching("Booth", array, digits, 4)


def en_t_digits(values: ArrayLike, count: int) -> Ints:
    """Digits -1 to 2 of the magnitude in radix 4, times the sign; shape (..., count).

    Two bits and the carry from below that make 3 or 4 are -1 or 0, and a carry.

    >>> en_t_digits([91, -77], 4)
    array([[-1, -1,  2,  1],
           [-1,  1, -1, -1]])

    Source: EN-T (encoded tensor core), as in the bit-weight paper's OPT2 to OPT4.

    Raises
    ------
    TypeError, ValueError
        As :func:`booth_digits`.
    """
    array = _integers(values)
    magnitude, carry = np.abs(array), np.zeros_like(array)
    digits = np.zeros((*array.shape, as_index("count", count)), np.int64)
    for place in range(digits.shape[-1]):
        total = (magnitude >> 2 * place & 3) + carry
        carry = (total >= 3).astype(np.int64)
        digits[..., place] = total - 4 * carry
    return _reaching("EN-T", array, digits * np.sign(array)[..., None], 4)


def csd_digits(values: ArrayLike, count: int) -> Ints:
    """Canonical signed digits -1 to 1 in radix 2, no two neighbours nonzero; (..., count).

    The fewest nonzero digits that there can be.

    >>> csd_digits(45, 7)
    array([ 1,  0, -1,  0, -1,  0,  1])

    Source: A. Avizienis, Signed-Digit Number Representations for Fast Parallel Arithmetic, 1961.

    Raises
    ------
    TypeError, ValueError
        As :func:`booth_digits`.
    """
    array = _integers(values)
    rest = array
    digits = np.zeros((*array.shape, as_index("count", count)), np.int64)
    for place in range(digits.shape[-1]):
        digit = np.where(rest & 1 == 1, 2 - (rest & 3), 0)
        digits[..., place] = digit
        rest = (rest - digit) >> 1
    return _reaching("CSD", array, digits, 2)


def skipping_cycles(digits: ArrayLike) -> Ints:
    """Cycles of each operand, of which a nonzero digit takes one, and zero one too."""
    return np.maximum(np.count_nonzero(np.asarray(digits), axis=-1), 1)


def grouped_cycles(digits: ArrayLike, group: int = 4) -> Ints:
    """Cycles of each ``group`` of operands that are taken place by place; shape (groups,).

    Of each place, the operands' nonzero digits take a cycle each; a place without any takes
    one too.

    Source: the bit-weight paper's OPT3.

    Parameters
    ----------
    digits : array of shape (groups * group, count)
    group : int

    Raises
    ------
    ValueError
        If the operands make no whole groups.
    """
    array, size = np.asarray(digits), as_index("group", group)
    if size < 1 or array.ndim != 2 or len(array) % size:
        raise ValueError(f"digits of shape {array.shape} are no groups of {group} operands")
    together = np.count_nonzero(array.reshape(-1, size, array.shape[1]), axis=1)
    return np.asarray(np.maximum(together, 1).sum(axis=-1))


def _integers(values: ArrayLike) -> Ints:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"values must hold integers, not {array.dtype}")
    return array.astype(np.int64)


def _reaching(name: str, values: Ints, digits: Ints, radix: int) -> Ints:
    """``digits``, if they are all that ``values`` have."""
    count = digits.shape[-1]
    wrong = (digits * radix ** np.arange(count)).sum(axis=-1) != values
    if wrong.any():
        raise ValueError(f"values holds {int(values[wrong].ravel()[0])}, which has more than "
                         f"{count} digits of {name}")
    return digits
