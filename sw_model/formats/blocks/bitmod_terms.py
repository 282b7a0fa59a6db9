"""Weights as few signed powers of two, which a bit-serial PE takes one after the other."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..integer import IntFormat
from .bitmod import SPECIALS, code_values

__all__ = ["Terms", "bitmod_terms", "booth_terms"]


class Terms(NamedTuple):
    """``(-1)**sign * 2**exp * man * 2**bsig``, summed over the last axis.

    ``sign`` and ``man`` have one bit, ``exp`` has two; ``bsig`` is that of all lanes in one
    cycle: it depends on the place in the last axis alone. Where ``man`` is 0, so are ``sign``
    and ``exp``.
    """

    sign: NDArray[np.int64]
    exp: NDArray[np.int64]
    man: NDArray[np.int64]
    bsig: NDArray[np.int64]

    def sum(self) -> NDArray[np.float64]:
        """What the terms stand for, exactly."""
        powers = np.ldexp(self.man.astype(np.float64), self.exp + self.bsig)
        return np.asarray(np.where(self.sign == 1, -powers, powers).sum(axis=-1))


def bitmod_terms(width: int, codes: ArrayLike, special: ArrayLike) -> Terms:
    """The two terms of BitMoD's codes; arrays of shape (..., 2).

    The first is the leading one of the integer part, the second the leading one of what is left,
    in halves: every value has at most two ones in binary.

    Source: BitMoD, HPCA 2025, unified bit-serial representation.

    Parameters
    ----------
    width : int
        3 or 4.
    codes, special : arrays that broadcast together
        Codes of :class:`~.bitmod.BitModFormat`, and selectors 0 to 3 of the special value.

    Raises
    ------
    TypeError
        If codes or selectors are not integers.
    ValueError
        If there is no such width, code or selector.
    """
    if as_index("width", width) not in SPECIALS:
        raise ValueError(f"width must be 3 or 4, not {width}")
    for name, bits, array in (("codes", width, codes), ("special", 2, special)):
        IntFormat(bits, signed=False).check(name, array)
    place = np.asarray(special, np.int64), np.asarray(codes, np.int64)
    return Terms(*(part[place] for part in _table(width)))


@cache
def _table(width: int) -> Terms:
    """Terms of every selector and code."""
    values = code_values(width)
    halves = np.abs(values * 2).astype(np.int64)
    whole = halves >> 1
    rest = np.where(whole > 0, halves - (2 << _leading(whole)), halves)
    man = np.stack([whole > 0, rest > 0], axis=-1).astype(np.int64)
    exp = np.stack([_leading(whole), _leading(rest)], axis=-1)
    sign = man * (values < 0)[..., None]
    bsig = np.broadcast_to(np.array([0, -1]), man.shape)
    return Terms(sign, exp, man, bsig)


def _leading(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of the leading one; 0 for 0."""
    return np.asarray(np.maximum(np.frexp(numbers)[1] - 1, 0), np.int64)


def booth_terms(values: ArrayLike, width: int) -> Terms:
    """The ``width / 2`` terms of integers, radix-4 Booth digits -2 to 2, lowest first.

    >>> terms = booth_terms(-77, 8)
    >>> (1 - 2 * terms.sign) * terms.man << terms.exp
    array([-1,  1, -1, -1])

    Source: A. D. Booth, 1951, in radix 4; BitMoD, HPCA 2025, for INT6 and INT8.

    Parameters
    ----------
    values : integers
        Two's complement of ``width`` bits.
    width : int
        An even number of bits, 2 to 16.

    Raises
    ------
    TypeError
        If the values are not integers.
    ValueError
        If a value has more bits, or there is no such width.
    """
    bits = as_index("width", width)
    if not 2 <= bits <= 16 or bits % 2:
        raise ValueError(f"width must be even, 2 to 16, not {bits}")
    IntFormat(bits).check("values", values)
    doubled = np.asarray(values, np.int64)[..., None] << 1
    places = np.arange(0, bits, 2)
    triple = doubled >> places & 7
    digits = (triple & 1) + (triple >> 1 & 1) - 2 * (triple >> 2)
    return Terms((digits < 0).astype(np.int64), np.abs(digits) >> 1,
                 (digits != 0).astype(np.int64), np.broadcast_to(places, digits.shape))
