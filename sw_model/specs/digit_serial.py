"""Exact division and square root, digit by digit."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import IntFormat
from .checks import require_format

__all__ = ["DivideSpec", "IsqrtSpec"]


def _require_unsigned(name: str, value: object) -> None:
    require_format(name, value, IntFormat)
    assert isinstance(value, IntFormat)
    if value.min < 0:
        raise ValueError(f"{name} must be unsigned, not {value}")


@dataclass(frozen=True)
class IsqrtSpec:
    """``floor(sqrt(x))``, a bit of the root for two bits of ``x``.

    Parameters
    ----------
    source : IntFormat
        Of ``x``, unsigned.
    """

    source: IntFormat

    def __post_init__(self) -> None:
        _require_unsigned("source", self.source)

    @property
    def target(self) -> IntFormat:
        """Of the root."""
        return IntFormat(self.steps, signed=False)

    @property
    def steps(self) -> int:
        """Bits of the root."""
        return -(-self.source.width // 2)


@dataclass(frozen=True)
class DivideSpec:
    """Quotient and remainder of unsigned integers, a bit of the quotient at a time.

    Parameters
    ----------
    numerator, denominator : IntFormat
        Unsigned. By zero, every bit of the quotient is 1 and the remainder is the numerator's
        low bits.
    """

    numerator: IntFormat
    denominator: IntFormat

    def __post_init__(self) -> None:
        for name in ("numerator", "denominator"):
            _require_unsigned(name, getattr(self, name))

    @property
    def steps(self) -> int:
        """Bits of the quotient, which is as wide as the numerator."""
        return self.numerator.width
