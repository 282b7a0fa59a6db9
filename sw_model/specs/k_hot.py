"""Products without multipliers, by factors of few bits."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import (
    FixedFormat,
    Format,
    IntFormat,
    KHotFormat,
    Overflow,
    Rounding,
    covering,
)
from .shift import ShiftSpec

__all__ = ["KHotSpec"]


@dataclass(frozen=True, kw_only=True)
class KHotSpec:
    """``cast(x * factor)``, the factor a sum of at most ``factor.hot`` powers of two.

    Parameters
    ----------
    source, target : IntFormat or FixedFormat
    factor : KHotFormat
        Of every channel's factor.
    rounding : Rounding
    overflow : Overflow
        SATURATE or WRAP.
    """

    source: Format
    factor: KHotFormat
    target: Format
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            if not isinstance(getattr(self, name), IntFormat | FixedFormat):
                raise TypeError(f"{name} must be an IntFormat or FixedFormat, "
                                f"not {getattr(self, name)!r}")
        if not isinstance(self.factor, KHotFormat):
            raise TypeError(f"factor must be a KHotFormat, not {self.factor!r}")
        _ = self.cast

    @property
    def product(self) -> IntFormat:
        """Narrowest format of the product, in units of ``2**(source.lsb - factor.fraction)``."""
        reach = max(-self.source.min, self.source.max) * self.largest
        return covering(-reach, reach)

    @property
    def largest(self) -> int:
        """The greatest magnitude of a factor, in units of ``2**-factor.fraction``."""
        places = self.factor.width - 1
        return (1 << places) - (1 << places - self.factor.hot)

    @property
    def cast(self) -> ShiftSpec:
        """From the product to the target."""
        shift = self.target.lsb - (self.source.lsb - self.factor.fraction)
        return ShiftSpec(source=self.product, target=self.target, shift_low=shift,
                         shift_high=shift, rounding=self.rounding, overflow=self.overflow)

    def places_of(self, code: int) -> tuple[bool, tuple[int, ...]]:
        """Whether the factor ``code`` is negative, and the places of its ones, lowest first.

        >>> spec = KHotSpec(source=IntFormat(8), factor=KHotFormat(8, 5, 2),
        ...                 target=IntFormat(8))
        >>> spec.places_of(0b1_0010100)
        (True, (2, 4))

        Raises
        ------
        ValueError
            If it is no code of the factor's format.
        """
        self.factor.check("factor", code)
        return (bool(code >> self.factor.width - 1),
                tuple(k for k in range(self.factor.width - 1) if code >> k & 1))
