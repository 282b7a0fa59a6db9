"""Two's complement and unsigned integers, and fixed point on the same codes."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Format, as_index

__all__ = ["FixedFormat", "IntFormat", "covering"]


def _check_width(width: object, signed: object, what: str) -> int:
    if not isinstance(signed, bool):
        raise TypeError(f"signed must be a bool, not {signed!r}")
    bits = as_index("width", width)
    if not 1 <= bits <= 64 - (not signed):
        raise ValueError(f"width of {what} must be 1 to {64 - (not signed)}, not {bits}")
    return bits


@dataclass(frozen=True)
class IntFormat(Format):
    """Two's complement (``int8``) or unsigned (``uint4``) integer.

    Parameters
    ----------
    width : int
        Bits: 1 to 64 if signed, 1 to 63 if not.
    signed : bool
        Whether the most significant bit is a sign bit.
    """

    width: int
    signed: bool = True

    def __post_init__(self) -> None:
        kind = "a signed integer" if self.signed else "an unsigned integer"
        object.__setattr__(self, "width", _check_width(self.width, self.signed, kind))

    @property
    def min(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        return (1 << (self.width - int(self.signed))) - 1

    def __str__(self) -> str:
        return f"{'int' if self.signed else 'uint'}{self.width}"


@dataclass(frozen=True)
class FixedFormat(Format):
    """Fixed point ``fixed<width,fraction>``: the integer code times ``2**-fraction``.

    Parameters
    ----------
    width : int
        Bits in all.
    fraction : int
        Bits behind the binary point, -900 to 900; may be negative or exceed the width.
    signed : bool
        ``fixed<...>`` if signed, ``ufixed<...>`` if not.
    """

    width: int
    fraction: int
    signed: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", _check_width(self.width, self.signed, "fixed point"))
        object.__setattr__(self, "fraction", as_index("fraction", self.fraction))
        # Every code of every width is then a normal float64.
        if not -900 <= self.fraction <= 900:
            raise ValueError(f"fraction must be -900 to 900, not {self.fraction}")

    @property
    def min(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def lsb(self) -> int:
        return -self.fraction

    def __str__(self) -> str:
        return f"{'fixed' if self.signed else 'ufixed'}<{self.width},{self.fraction}>"


def covering(low: int, high: int) -> IntFormat:
    """Narrowest integer format that holds ``low`` to ``high``; unsigned if nothing is negative.

    >>> str(covering(-3, 4)), str(covering(0, 4)), str(covering(0, 0))
    ('int4', 'uint3', 'uint1')

    Raises
    ------
    TypeError, ValueError
        If the limits are not integers, in the wrong order, or beyond 64 bits.
    """
    low, high = as_index("low", low), as_index("high", high)
    if low > high:
        raise ValueError(f"low must not exceed high, but {low} > {high}")
    if low >= 0:
        return IntFormat(max(high.bit_length(), 1), signed=False)
    return IntFormat(max((~low).bit_length(), max(high, 0).bit_length()) + 1)
