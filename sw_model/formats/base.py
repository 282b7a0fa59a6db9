"""What every elementwise number format offers, and the rounding and overflow modes."""

from __future__ import annotations

import enum
import operator
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Format", "Overflow", "Rounding", "as_index", "round_real"]


class Rounding(enum.Enum):
    """How a real number becomes an integer."""

    FLOOR = "floor"
    CEILING = "ceiling"
    TOWARD_ZERO = "toward_zero"
    AWAY_FROM_ZERO = "away_from_zero"
    HALF_EVEN = "half_even"
    HALF_AWAY = "half_away"
    HALF_UP = "half_up"
    HALF_TOWARD_ZERO = "half_toward_zero"


class Overflow(enum.Enum):
    """What happens to a value outside a format's range."""

    SATURATE = "saturate"
    WRAP = "wrap"
    ERROR = "error"


def as_index(name: str, value: object) -> int:
    """``value`` as a Python int; refuses booleans and everything that is not an integer.

    Raises
    ------
    TypeError
        If ``value`` is not an integer (NumPy's are accepted).
    """
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    return operator.index(value)


def round_real(values: ArrayLike, rounding: Rounding) -> NDArray[Any]:
    """Round to integers, in the floating type of ``values`` (float64 for anything else).

    >>> round_real([-2.5, -0.5, 0.5, 1.5, 2.5], Rounding.HALF_EVEN)
    array([-2., -0.,  0.,  2.,  2.])
    >>> round_real([-2.5, -0.5, 0.5, 1.5, 2.5], Rounding.HALF_AWAY)
    array([-3., -1.,  1.,  2.,  3.])
    """
    x = np.asarray(values)
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    whole = np.trunc(x)
    # Exact: a fraction has no more significant bits than its number.
    fraction = np.abs(x - whole)
    away = np.copysign(np.ones_like(x), x)
    match rounding:
        case Rounding.FLOOR:
            return np.floor(x)
        case Rounding.CEILING:
            return np.ceil(x)
        case Rounding.TOWARD_ZERO:
            return whole
        case Rounding.AWAY_FROM_ZERO:
            return np.asarray(whole + away * (fraction > 0))
        case Rounding.HALF_EVEN:
            return np.rint(x)
        case Rounding.HALF_AWAY:
            return np.asarray(whole + away * (fraction >= 0.5))
        case Rounding.HALF_TOWARD_ZERO:
            return np.asarray(whole + away * (fraction > 0.5))
        case Rounding.HALF_UP:
            return np.asarray(whole + away * ((fraction > 0.5) | ((fraction == 0.5) & (x > 0))))


class Format(ABC):
    """An elementwise number format: a frozen value object with a parseable spelling.

    An array in a format holds *codes*: the integer itself for two's complement and
    unsigned formats, the bit pattern for all others. Every finite code stands for
    exactly ``to_fixed(code) * 2**lsb``.

    Members
    -------
    width : int
        Bits of one code.
    min, max : int
        Smallest and largest code.
    lsb : int
        Binary exponent of the format's own grid.
    fixed_min, fixed_max : int
        Smallest and largest value on that grid.
    dtype : numpy.dtype
        Smallest NumPy type that holds every code.
    """

    width: int

    @property
    @abstractmethod
    def min(self) -> int: ...

    @property
    @abstractmethod
    def max(self) -> int: ...

    @property
    def lsb(self) -> int:
        return 0

    @property
    def fixed_min(self) -> int:
        return self.min

    @property
    def fixed_max(self) -> int:
        return self.max

    @property
    def dtype(self) -> np.dtype[Any]:
        for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32):
            info = np.iinfo(kind)
            if info.min <= self.min and self.max <= info.max:
                return np.dtype(kind)
        return np.dtype(np.int64)

    def to_fixed(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Integers on the format's own grid, one for each code."""
        return np.asarray(codes).astype(np.int64)

    def from_fixed(self, values: ArrayLike) -> NDArray[np.int64]:
        """Codes of integers on the format's grid; the inverse of :meth:`to_fixed`.

        Raises
        ------
        ValueError
            If a value is not one that the format can represent.
        """
        codes = np.asarray(values).astype(np.int64)
        self.check("values", codes)
        return codes

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Real values; exact while the code has at most 53 significant bits."""
        return np.ldexp(self.to_fixed(codes).astype(np.float64), self.lsb)

    def encode(
        self,
        values: ArrayLike,
        *,
        rounding: Rounding = Rounding.HALF_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> NDArray[np.int64]:
        """Codes of real values.

        Raises
        ------
        ValueError
            If a value is NaN, or outside the range under ``Overflow.ERROR``.
        """
        real = np.asarray(values, dtype=np.float64)
        if np.isnan(real).any():
            raise ValueError(f"NaN has no code in {self}")
        fixed = round_real(np.ldexp(real, -self.lsb), rounding)
        match overflow:
            case Overflow.SATURATE:
                fixed = np.clip(fixed, self.fixed_min, self.fixed_max)
            case Overflow.ERROR:
                if ((fixed < self.fixed_min) | (fixed > self.fixed_max)).any():
                    raise ValueError(f"a value lies outside {self}, which holds "
                                     f"{self.fixed_min} to {self.fixed_max} on its grid")
            case Overflow.WRAP:
                span = self.fixed_max - self.fixed_min + 1
                fixed = np.mod(fixed - self.fixed_min, span) + self.fixed_min
        # float64 rounds the largest codes of formats above 53 bits up; integers put it right.
        whole = np.clip(fixed, -(2.0**63), np.nextafter(2.0**63, 0)).astype(np.int64)
        return self.from_fixed(np.clip(whole, self.fixed_min, self.fixed_max))

    def to_bits(self, codes: ArrayLike) -> NDArray[np.uint64]:
        """Bit patterns, as they travel on wires."""
        mask = np.uint64((1 << self.width) - 1)
        return np.asarray(codes).astype(np.int64).view(np.uint64) & mask

    def from_bits(self, bits: ArrayLike) -> NDArray[np.int64]:
        """Codes of bit patterns; the inverse of :meth:`to_bits`."""
        raw = np.asarray(bits).astype(np.uint64).view(np.int64)
        if self.min < 0:
            spare = 64 - self.width
            raw = (raw << spare) >> spare
        return raw

    def check(self, name: str, codes: ArrayLike) -> None:
        """Raise ValueError, naming the first offender, unless every code is in range."""
        array = np.asarray(codes)
        if array.dtype.kind not in "iub":
            raise TypeError(f"{name} must hold integers for {self}, not {array.dtype}")
        if array.size == 0:
            return
        if int(array.min()) >= self.min and int(array.max()) <= self.max:
            return
        wrong = np.flatnonzero((array < self.min).ravel() | (array > self.max).ravel())
        place = np.unravel_index(wrong[0], array.shape)
        where = "[" + ", ".join(str(int(k)) for k in place) + "]" if array.ndim else ""
        raise ValueError(f"{name}{where} is {int(array.ravel()[wrong[0]])}, but {self} "
                         f"holds {self.min} to {self.max}")
