"""Floating point on 2 to 16 bits: the OCP elements, FP16, bfloat16 and any other split."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .base import as_index
from .coded import CodedFormat
from .nearest import Boundaries
from .overflow import Overflow

__all__ = ["NAMED", "MinifloatFormat", "Specials"]


class Specials(enum.Enum):
    """Which codes stand for infinities and NaN."""

    #: None: every code is a number (OCP MX, 5.3.2 and 5.3.3).
    NONE = "none"
    #: All ones is NaN, with either sign; no infinities (OCP FP8, E4M3).
    FN = "fn"
    #: The greatest exponent is for infinities and NaN (IEEE 754; OCP FP8, E5M2).
    IEEE = "ieee"


@dataclass(frozen=True)
class MinifloatFormat(CodedFormat):
    """``(-1)**s * 2**(max(e, 1) - bias) * ((e > 0) + m / 2**mantissa)``.

    Sources: IEEE 754-2019, 3.4; OCP 8-bit Floating Point Specification 1.0; OCP Microscaling
    Formats 1.0, 5.3.

    Parameters
    ----------
    exponent : int
        Bits of the exponent, 1 to 8.
    mantissa : int
        Bits behind the leading one, 0 to 10.
    bias : int or None
        None for the usual one, ``2**(exponent - 1) - 1``; -200 to 200.
    specials : Specials
    subnormals : bool
        Without them all codes of exponent 0 are zero, and nothing but the zeros without a
        mantissa is encoded as they are. Numbers below the smallest normal one are rounded
        between it and zero like all others: halfway, to zero.
    saturate : bool
        Whether values beyond the largest are encoded as the largest. Else they become
        infinite, or NaN where there are no infinities, which ``specials`` must provide.
    signed : bool
        Whether the top bit is a sign; without one, negative values are out of range.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    exponent: int
    mantissa: int
    bias: int | None = None
    specials: Specials = Specials.NONE
    subnormals: bool = True
    saturate: bool = True
    signed: bool = True

    def __post_init__(self) -> None:
        for name, least, most in (("exponent", 1, 8), ("mantissa", 0, 10)):
            value = as_index(name, getattr(self, name))
            object.__setattr__(self, name, value)
            if not least <= value <= most:
                raise ValueError(f"{name} must be {least} to {most} bits, not {value}")
        usual = (1 << (self.exponent - 1)) - 1
        bias = usual if self.bias is None else as_index("bias", self.bias)
        if not -200 <= bias <= 200:
            raise ValueError(f"bias must be -200 to 200, not {bias}")
        # One way to say it, so that equal formats are equal.
        object.__setattr__(self, "bias", None if bias == usual else bias)
        if not isinstance(self.specials, Specials):
            raise TypeError(f"specials must be a Specials, not {self.specials!r}")
        for name in ("subnormals", "saturate", "signed"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be a bool, not {getattr(self, name)!r}")
        if not 2 <= self.width <= 16:
            raise ValueError(f"a float must have 2 to 16 bits, not {self.width}")
        if not self.saturate and self.specials is Specials.NONE:
            raise ValueError("a float without infinities and NaN must saturate")
        if not (np.isfinite(values := self.values()) & (values != 0)).any():
            raise ValueError("a float must have a number that is not zero")

    @property
    def width(self) -> int:  # type: ignore[override]
        return self.signed + self.exponent + self.mantissa

    @property
    def offset(self) -> int:
        """The bias as a number."""
        return (1 << (self.exponent - 1)) - 1 if self.bias is None else self.bias

    @property
    def overflow(self) -> Overflow:
        return Overflow.SATURATE if self.saturate else Overflow.SPECIAL

    def values(self) -> NDArray[np.float64]:
        codes = np.arange(1 << self.width)
        exponents = codes >> self.mantissa & ((1 << self.exponent) - 1)
        mantissas = codes & ((1 << self.mantissa) - 1)
        leading = np.where(exponents > 0, 1 << self.mantissa, 0)
        scale = np.maximum(exponents, 1) - self.offset - self.mantissa
        magnitude = np.ldexp((leading + mantissas).astype(np.float64), scale)
        if not self.subnormals:
            magnitude = np.where(exponents == 0, 0.0, magnitude)
        top = exponents == (1 << self.exponent) - 1
        if self.specials is Specials.IEEE:
            magnitude = np.where(top, np.where(mantissas == 0, np.inf, np.nan), magnitude)
        elif self.specials is Specials.FN:
            full = mantissas == (1 << self.mantissa) - 1
            magnitude = np.where(top & full, np.nan, magnitude)
        negative = self.signed & (codes >> (self.width - 1) == 1)
        return np.where(negative, -magnitude, magnitude)

    @property
    def nan(self) -> int | None:
        """The quiet NaN: in IEEE's layout the leading bit of the mantissa alone."""
        if self.specials is Specials.IEEE and self.mantissa:
            top = ((1 << self.exponent) - 1) << self.mantissa
            return top | 1 << (self.mantissa - 1)
        return super().nan

    @property
    def negative_nan(self) -> int | None:
        return None if self.nan is None else self.nan | self.signed << (self.width - 1)

    def boundaries(self) -> Boundaries:
        edges = super().boundaries()
        largest = float(edges.values[-1])
        code = int(edges.codes[-1])
        # One in the last place more would be the next number; halfway to it the range ends.
        step = 2.0 ** (max(code >> self.mantissa, 1) - self.offset - self.mantissa)
        limit, leaves = largest + step / 2, bool(code & 1)
        low, leaves_low = (-limit, leaves) if self.signed else (0.0, False)
        return replace(edges, range=(low, limit), tie_leaves=(leaves_low, leaves))

    def __str__(self) -> str:
        for name, form in NAMED.items():
            if form == self:
                return name
        options = [f"{self.exponent},{self.mantissa}"]
        options += [f"bias={self.bias}"] if self.bias is not None else []
        options += [self.specials.value] if self.specials is not Specials.NONE else []
        options += ["flush"] if not self.subnormals else []
        options += ["overflow"] if not self.saturate else []
        return f"{'' if self.signed else 'u'}float<{','.join(options)}>"


#: Formats that have a name of their own.
NAMED = {
    "e5m2": MinifloatFormat(5, 2, specials=Specials.IEEE, saturate=False),
    "e4m3fn": MinifloatFormat(4, 3, specials=Specials.FN, saturate=False),
    "e3m2": MinifloatFormat(3, 2),
    "e2m3": MinifloatFormat(2, 3),
    "e2m1": MinifloatFormat(2, 1),
    "ue4m3": MinifloatFormat(4, 3, specials=Specials.FN, saturate=False, signed=False),
    "ue5m3": MinifloatFormat(5, 3, specials=Specials.FN, saturate=False, signed=False),
    "fp16": MinifloatFormat(5, 10, specials=Specials.IEEE, saturate=False),
    "bf16": MinifloatFormat(8, 7, specials=Specials.IEEE, saturate=False),
}
