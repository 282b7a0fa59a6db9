"""Formats that are a list of values: any codebook, and sums of few powers of two."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .base import as_index
from .coded import CodedFormat
from .nearest import Boundaries
from .rounding import as_reals

__all__ = ["CodebookFormat", "KHotFormat"]


@dataclass(frozen=True)
class CodebookFormat(CodedFormat):
    """``codebook<v0,v1,...>``: code ``k`` stands for the ``k``-th value.

    The last codes of a codebook whose size is no power of two are illegal. A value halfway
    between two goes to the one at the even place among the ascending values.

    Parameters
    ----------
    entries : tuple of numbers
        1 to 256 finite values of float64, of magnitudes from 2**-800 to 2**800 or zero; equal
        ones are legal, and encoded as the first of them.

    Raises
    ------
    TypeError, ValueError
        If there is no such codebook.
    """

    entries: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.entries, tuple):
            raise TypeError(f"entries must be a tuple, not {self.entries!r}")
        entries = tuple(_number(entry) + 0.0 for entry in self.entries)
        object.__setattr__(self, "entries", entries)
        if not 1 <= len(entries) <= 256:
            raise ValueError(f"a codebook must have 1 to 256 entries, not {len(entries)}")
        for entry in entries:
            # So that every bit of an entry is on a grid that formats may have.
            if entry != 0 and not 2.0**-800 <= abs(entry) <= 2.0**800:
                raise ValueError("an entry must be 0 or of magnitude 2**-800 to 2**800, "
                                 f"not {entry:g}")

    @property
    def width(self) -> int:  # type: ignore[override]
        return max(1, (len(self.entries) - 1).bit_length())

    def values(self) -> NDArray[np.float64]:
        spare = (1 << self.width) - len(self.entries)
        return np.array([*self.entries, *[np.nan] * spare])

    def legal(self) -> NDArray[np.bool_]:
        return np.arange(1 << self.width) < len(self.entries)

    def boundaries(self) -> Boundaries:
        edges = super().boundaries()
        return replace(edges, tie_goes_up=np.arange(1, len(edges.values)) % 2 == 0)

    def __str__(self) -> str:
        return f"codebook<{','.join(repr(entry).removesuffix('.0') for entry in self.entries)}>"


def _number(entry: object) -> float:
    """``entry`` as a float; refuses what is no number, and what float64 would round."""
    if isinstance(entry, bool | np.bool_) or not isinstance(
            entry, int | float | np.integer | np.floating):
        raise TypeError(f"an entry must be a number, not {entry!r}")
    return float(as_reals(entry))


@dataclass(frozen=True)
class KHotFormat(CodedFormat):
    """``khot<width,fraction,hot>``: sign and magnitude, of which at most ``hot`` bits are ones.

    A multiplier-free weight: a product is ``hot`` shifts and one addition less. With one hot
    bit it is a power of two. Codes are a sign bit above ``width - 1`` bits of magnitude in
    units of ``2**-fraction``; patterns with more ones are illegal. A value halfway between two
    goes to the smaller magnitude.

    Source: QFX, learned fixed-point quantisation for FPGAs, its multiplier-free projection.

    Parameters
    ----------
    width : int
        Bits, sign included, 2 to 16.
    fraction : int
        Bits behind the binary point, -900 to 900.
    hot : int
        1 to ``width - 1``.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    width: int
    fraction: int
    hot: int

    def __post_init__(self) -> None:
        for name in ("width", "fraction", "hot"):
            object.__setattr__(self, name, as_index(name, getattr(self, name)))
        for name, least, most in (("width", 2, 16), ("fraction", -900, 900),
                                  ("hot", 1, self.width - 1)):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must be {least} to {most}, not {value}")

    def values(self) -> NDArray[np.float64]:
        codes = np.arange(1 << self.width)
        magnitude = np.ldexp((codes & (1 << (self.width - 1)) - 1).astype(np.float64),
                             -self.fraction)
        return np.where(codes >> (self.width - 1) == 1, -magnitude, magnitude)

    def legal(self) -> NDArray[np.bool_]:
        magnitudes = np.arange(1 << self.width) & (1 << (self.width - 1)) - 1
        return np.bitwise_count(magnitudes) <= self.hot

    @property
    def signed_zero(self) -> int | None:
        """Minus zero is legal, but nothing is encoded as it."""
        return None

    def boundaries(self) -> Boundaries:
        edges = super().boundaries()
        smaller = np.abs(edges.values[1:]) < np.abs(edges.values[:-1])
        return replace(edges, tie_goes_up=smaller)

    def __str__(self) -> str:
        return f"khot<{self.width},{self.fraction},{self.hot}>"
