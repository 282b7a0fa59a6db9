"""Sums across blocks whose scales are known only at run time."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import FixedFormat, Float32Format
from .checks import indices, require_least

__all__ = ["BlockSumSpec"]


@dataclass(frozen=True, kw_only=True)
class BlockSumSpec:
    """``sum_b partial_b * significand_b * 2**(exponent_b + lsb)``, blocks in ascending order.

    The partial sums are exact integers. Into a fixed-point target all is shifted and added
    without loss, so that the order does not matter; a spec for which that does not always hold
    is refused. Into float32 each term is rounded once, half to even, and so is the sum after
    each addition: :func:`sw_model.ops.block_sum.block_sum` is the definition.

    Parameters
    ----------
    target : FixedFormat or Float32Format
        Of the sum. A fixed-point one is a window: its lowest bit and its width; signed.
    blocks : int
        Most blocks in a sum, at least 1.
    largest : int
        Greatest magnitude of a partial sum, at least 1: 4608 for 32 products of E2M1, whose
        ``lsb`` is -2.
    exponent_low, exponent_high : int
        Range of the exponents: for two E8M0 scales that of the sums of their exponents,
        -254 to 254 if no less is known.
    significand : int
        Greatest significand, at least 1. 1 if scales are powers of two; for products of two
        UE4M3 scales 225, and their exponents are then -18 to 10.
    lsb : int
        Exponent of the grid of the partial sums.
    """

    #: Range of ``exponent + lsb``: every term, cut to 53 bits, is then a normal float64.
    LIMITS = (-900, 800)

    target: FixedFormat | Float32Format
    blocks: int
    largest: int
    exponent_low: int
    exponent_high: int
    significand: int = 1
    lsb: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.target, FixedFormat | Float32Format):
            raise TypeError(f"target must be a FixedFormat or Float32Format, not {self.target!r}")
        indices(self, "blocks", "largest", "exponent_low", "exponent_high", "significand", "lsb")
        for name in ("blocks", "largest", "significand"):
            require_least(name, getattr(self, name), 1)
        if self.exponent_low > self.exponent_high:
            raise ValueError(f"exponent_low must not exceed exponent_high, but "
                             f"{self.exponent_low} > {self.exponent_high}")
        least, most = self.LIMITS
        if self.exponent_low + self.lsb < least or self.exponent_high + self.lsb > most:
            raise ValueError(f"exponents with lsb must be {least} to {most}, not "
                             f"{self.exponent_low + self.lsb} to {self.exponent_high + self.lsb}")
        if isinstance(self.target, FixedFormat):
            self._check_window(self.target)

    @classmethod
    def fitting(cls, width: int, *, blocks: int, largest: int, exponent_low: int,
                exponent_high: int, significand: int = 1, lsb: int = 0) -> BlockSumSpec:
        """With the narrowest window, if that has at most ``width`` bits; else with float32.

        >>> scales = dict(blocks=8, largest=4608, lsb=-2)
        >>> str(BlockSumSpec.fitting(32, exponent_low=-8, exponent_high=4, **scales).target)
        'fixed<29,10>'
        >>> str(BlockSumSpec.fitting(32, exponent_low=-8, exponent_high=8, **scales).target)
        'float32'
        """
        wide = cls(target=Float32Format(), blocks=blocks, largest=largest, lsb=lsb,
                   exponent_low=exponent_low, exponent_high=exponent_high,
                   significand=significand)
        low, bits = wide.lowest, (wide.total << wide.exponent_high - wide.exponent_low).bit_length()
        if bits + 1 > min(width, 64):
            return wide
        return cls(target=FixedFormat(bits + 1, -low), blocks=blocks, largest=largest, lsb=lsb,
                   exponent_low=exponent_low, exponent_high=exponent_high,
                   significand=significand)

    @property
    def is_exact(self) -> bool:
        """Whether the target is a window."""
        return isinstance(self.target, FixedFormat)

    @property
    def lowest(self) -> int:
        """Exponent of the lowest bit that a term may have."""
        return self.exponent_low + self.lsb

    @property
    def total(self) -> int:
        """Greatest magnitude of the sum of all terms of one exponent, in units of that."""
        return self.blocks * self.largest * self.significand

    def shift_of(self, exponent: int) -> int:
        """How far a term with ``exponent`` is shifted to the left in the window.

        Raises
        ------
        ValueError
            If the exponent is out of the spec's range, or there is no window.
        """
        if not self.exponent_low <= exponent <= self.exponent_high:
            raise ValueError(f"exponent must be {self.exponent_low} to {self.exponent_high}, "
                             f"not {exponent}")
        if not isinstance(self.target, FixedFormat):
            raise ValueError("float32 is no window")
        return exponent + self.lsb - self.target.lsb

    def _check_window(self, target: FixedFormat) -> None:
        if not target.signed:
            raise ValueError(f"target must be signed, not {target}")
        if self.lowest < target.lsb:
            raise ValueError(f"terms have bits down to 2**{self.lowest}, but those of {target} "
                             f"end at 2**{target.lsb}")
        most = self.total << self.shift_of(self.exponent_high)
        if most > target.max:
            raise ValueError(f"the sum may need {most.bit_length() + 1} bits from "
                             f"2**{target.lsb} up, but {target} has {target.width}")
