"""Codes of OliVe's pairs: normal values, outliers, and who is the victim."""

from __future__ import annotations

import enum
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Normal", "Tables", "tables"]

#: Outliers of int8 are at most this, so that a product of two fits 32 bits.
MOST = 1 << 15

#: flint4 without its sign: exponent and integer of each magnitude, 0 1 2 3 16 8 4 6.
FLINT = ((0, 0), (0, 1), (0, 2), (0, 3), (3, 2), (2, 2), (1, 2), (1, 3))


class Normal(enum.Enum):
    """Format of the values that are no outliers; the pattern ``10...0`` is none of them."""

    #: Two's complement, -7 to 7.
    INT4 = "int4"
    #: Sign and magnitude; 0 1 2 3 4 6 8 16 (ANT).
    FLINT4 = "flint4"
    #: Two's complement, -127 to 127.
    INT8 = "int8"

    @property
    def width(self) -> int:
        """Bits of a code."""
        return 8 if self is Normal.INT8 else 4

    @property
    def bias(self) -> int:
        """The usual bias of the outliers' exponent, which begins them behind the normal ones."""
        return {Normal.INT4: 2, Normal.FLINT4: 3, Normal.INT8: 4}[self]

    @property
    def threshold(self) -> int:
        """What is larger is an outlier."""
        return {Normal.INT4: 8, Normal.FLINT4: 16, Normal.INT8: 128}[self]


class Tables(NamedTuple):
    """By pattern: ``integer * 2**exponent`` of a code as a normal value and as an outlier.

    ``normal_codes`` and ``outlier_codes`` are the codes that are encoded to, by ascending value;
    each value once.
    """

    normal_exponents: NDArray[np.int64]
    normal_integers: NDArray[np.int64]
    outlier_exponents: NDArray[np.int64]
    outlier_integers: NDArray[np.int64]
    normal_codes: NDArray[np.int64]
    outlier_codes: NDArray[np.int64]


@cache
def tables(normal: Normal, bias: int) -> Tables:
    """The tables of a normal format and a bias of the outliers' exponent.

    An outlier is sign and magnitude, an abfloat: ``(2 + m) << (e + bias)`` on four bits, with two
    bits of ``e`` above one of ``m``; ``(8 + m) << (e + bias)`` on eight, with four above three.
    Magnitude 0 is none.
    """
    codes = np.arange(1 << normal.width)
    identifier = 1 << (normal.width - 1)
    magnitude, negative = codes & (identifier - 1), codes >= identifier
    if normal is Normal.FLINT4:
        exponents, integers = np.array(FLINT)[magnitude].T
        integers = np.where(negative, -integers, integers)
    else:
        exponents = np.zeros_like(codes)
        integers = np.where(negative, codes - 2 * identifier, codes)
    fraction = normal.width // 2 - 1  # one bit of four, three of eight
    leading = 1 << fraction
    powers = (magnitude >> fraction) + bias
    odd = leading | magnitude & (leading - 1)
    outliers = np.where(negative, -odd, odd)
    encoded = magnitude > 0
    if normal is Normal.INT8:
        encoded &= odd << powers <= MOST
    made = Tables(exponents, integers, powers, outliers,
                  _ascending(integers << exponents, codes != identifier),
                  _ascending(outliers << powers, encoded))
    for table in made:
        table.setflags(write=False)
    return made


def _ascending(values: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Codes that are ``chosen``, by ascending value."""
    codes = np.flatnonzero(chosen)
    return np.asarray(codes[np.argsort(values[codes], kind="stable")])
