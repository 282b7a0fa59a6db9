"""Sums of two tensors of different scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_clamp, require_format
from .rescale import FrameworkRescaleSpec

__all__ = ["RescaleAddSpec"]


@dataclass(frozen=True, kw_only=True)
class RescaleAddSpec:
    """``clamp(rescale(a) + rescale(b), low, high)``, each operand rounded on its own.

    Parameters
    ----------
    a, b : FrameworkRescaleSpec
        Of the operands; zero points, if any, are part of them.
    target : Format
        Codes of the result, integers.
    low, high : int
        Least and greatest result.
    """

    a: FrameworkRescaleSpec
    b: FrameworkRescaleSpec
    target: Format
    low: int
    high: int

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            if not isinstance(getattr(self, name), FrameworkRescaleSpec):
                raise TypeError(f"{name} must be a FrameworkRescaleSpec, "
                                f"not {getattr(self, name)!r}")
            if getattr(self, name).zero_point is None:
                raise ValueError(f"{name} must have a zero point")
            if getattr(self, name).clamps:
                raise ValueError(f"{name} must not have several clamps")
        require_format("target", self.target)
        indices(self, "low", "high")
        require_clamp(self.low, self.high, self.target)

    @classmethod
    def dyadic(cls, sources: tuple[Format, Format], target: Format, *,
               multipliers: tuple[Sequence[int], Sequence[int]],
               shifts: tuple[Sequence[int], Sequence[int]]) -> RescaleAddSpec:
        """I-ViT's residual sum: ``round(a * b1 / 2**c1) + round(b * b2 / 2**c2)``, half to even.

        Parameters
        ----------
        sources : of the operands, both integers of at most 32 bits
        target : Format
            Its ends are the clamp.
        multipliers, shifts : one or one for each channel, for each operand
            As :func:`sw_model.ops.dyadic_scale` gives them.
        """
        a, b = (_branch(*each) for each in zip(sources, multipliers, shifts, strict=True))
        return cls(a=a, b=b, target=target, low=target.min, high=target.max)


def _branch(source: Format, multipliers: Sequence[int], shifts: Sequence[int]
            ) -> FrameworkRescaleSpec:
    """An operand that is not clamped but where the golden model clamps, beyond 32 bits."""
    reach = max(-source.min, source.max) * max(map(abs, multipliers))
    most = min(-(-reach // 2 ** min(shifts)) if min(shifts) >= 0 else reach << -min(shifts), 2**31)
    return FrameworkRescaleSpec(
        source=source, target=covering(-most, most), mode="exact_half_even", zero_point=0,
        low=-most, high=most, multiplier=_narrowest(multipliers), exponent_low=-max(shifts),
        exponent_high=-min(shifts))


def _narrowest(numbers: Sequence[int]) -> IntFormat:
    return covering(min(numbers), max(numbers))
