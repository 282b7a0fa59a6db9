"""What every elementwise number format offers."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .overflow import Overflow, into_range
from .rounding import Rounding, as_reals, round_real

__all__ = ["Format", "as_index"]


def as_index(name: str, value: object) -> int:
    """``value`` as a Python int; refuses booleans and everything that is not an integer.

    Raises
    ------
    TypeError
        If ``value`` is not an integer (NumPy's are accepted).
    """
    if not isinstance(value, bool | np.bool_):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"{name} must be an integer, not {value!r}")


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
        Binary exponent of the format's own grid, -900 to 900.
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
        """Integers on the format's own grid, one for each code.

        Raises
        ------
        TypeError, ValueError
            As :meth:`check` does; so do all methods that take codes.
        """
        return self._checked("codes", codes)

    def from_fixed(self, values: ArrayLike) -> NDArray[np.int64]:
        """Codes of integers on the format's grid; the inverse of :meth:`to_fixed`.

        Raises
        ------
        TypeError
            If the values are not integers.
        ValueError
            If a value is not one that the format can represent.
        """
        return self._checked("values", values)

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Real values; exact while the code has at most 53 significant bits."""
        return np.asarray(self.to_fixed(codes) * 2.0**self.lsb)

    def encode(
        self,
        values: ArrayLike,
        *,
        rounding: Rounding = Rounding.HALF_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> NDArray[np.int64]:
        """Codes of real values, exact for every float64.

        Raises
        ------
        TypeError
            If the values are not real numbers, or the modes are none.
        ValueError
            If a value is NaN, an integer beyond 2**53, outside the range under
            ``Overflow.ERROR``, or infinite under ``Overflow.WRAP``; under
            ``Overflow.SPECIAL``, as there are neither infinities nor NaN to overflow to.
        """
        low, high = self.fixed_min, self.fixed_max
        # NumPy warns of signalling NaN in narrower types.
        with np.errstate(invalid="ignore"):
            real = as_reals(values).astype(np.float64, copy=False)
        if np.isnan(real).any():
            raise ValueError(f"NaN has no code in {self}")
        whole = round_real(self._on_grid(real, overflow), rounding)
        try:
            return self.from_fixed(into_range(whole, low, high, overflow))
        except ValueError as error:
            raise ValueError(f"{self} on its grid: {error}") from error

    def _on_grid(self, real: NDArray[np.float64], overflow: Overflow) -> NDArray[np.float64]:
        """``real * 2**-lsb``, exact but where that is beyond rounding or range."""
        if self.lsb == 0:
            return real
        with np.errstate(over="ignore"):
            scaled = np.asarray(real * 2.0**-self.lsb)
        if self.lsb > 0:
            # What vanishes is rounded like any other tiny number.
            tiny = np.copysign(np.finfo(np.float64).smallest_subnormal, real)
            return np.where((scaled == 0) & (real != 0), tiny, scaled)
        if overflow is Overflow.WRAP:
            # Numbers that large are multiples of every width's span.
            return np.where(np.isinf(scaled) & np.isfinite(real), 0.0, scaled)
        return scaled

    def to_bits(self, codes: ArrayLike) -> NDArray[np.uint64]:
        """Bit patterns, as they travel on wires."""
        mask = np.uint64((1 << self.width) - 1)
        return np.asarray(self._checked("codes", codes).view(np.uint64) & mask)

    def from_bits(self, bits: ArrayLike) -> NDArray[np.int64]:
        """Codes of bit patterns; the inverse of :meth:`to_bits`.

        Raises
        ------
        TypeError
            If the patterns are not integers.
        ValueError
            If a pattern is negative or wider than the format, or is that of no code.
        """
        array = np.asarray(bits)
        if array.dtype.kind not in "iub":
            raise TypeError(f"bits must be integers, not {array.dtype}")
        if array.size and (int(array.min()) < 0 or int(array.max()) >> self.width):
            place, wrong = _first(array, (array < 0) | (array > (1 << self.width) - 1))
            raise ValueError(f"bits{place} is {wrong}, but {self} has {self.width} bits")
        raw = array.astype(np.uint64).view(np.int64)
        if self.min < 0:
            spare = 64 - self.width
            raw = np.asarray((raw << spare) >> spare)
        self.check("bits", raw)
        return raw

    def check(self, name: str, codes: ArrayLike) -> None:
        """Raise ValueError, naming the first offender, unless every code is in range.

        Raises
        ------
        TypeError
            If the codes are not integers.
        ValueError
        """
        array = np.asarray(codes)
        if array.dtype.kind not in "iub":
            raise TypeError(f"{name} must hold integers for {self}, not {array.dtype}")
        if array.size == 0:
            return
        if int(array.min()) >= self.min and int(array.max()) <= self.max:
            return
        place, wrong = _first(array, (array < self.min) | (array > self.max))
        raise ValueError(f"{name}{place} is {wrong}, but {self} holds {self.min} to {self.max}")

    def _checked(self, name: str, codes: ArrayLike) -> NDArray[np.int64]:
        array = np.asarray(codes)
        # Before the conversion, which would cut fractions off and wrap what is too large.
        self.check(name, array)
        return array.astype(np.int64)


def _first(array: NDArray[Any], wrong: NDArray[np.bool_]) -> tuple[str, int]:
    """Place, for a message, and value of the first element that is ``wrong``."""
    flat = int(np.flatnonzero(wrong)[0])
    place = ", ".join(str(int(k)) for k in np.unravel_index(flat, array.shape))
    return (f"[{place}]" if array.ndim else ""), int(array.ravel()[flat])
