"""Sums, differences and products of two tensors of codes, as TFLite has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats import IntFormat
from .checks import indices, require_clamp, require_format
from .multiplier import FixedMultiplier
from .requantise import activation_range, quotient, require_zero_point

__all__ = ["AddSpec", "MultiplySpec", "TwoOperandSpec"]


@dataclass(frozen=True, kw_only=True)
class TwoOperandSpec:
    """What sums and products have in common.

    Parameters
    ----------
    format : IntFormat
        Of both operands and of the result, at most 16 bits.
    zero_0, zero_1, zero_out : int
        Codes of 0.
    low, high : int
        Least and greatest result: the format's own, or those of an activation.
    """

    format: IntFormat
    zero_0: int
    zero_1: int
    zero_out: int
    low: int
    high: int

    def __post_init__(self) -> None:
        require_format("format", self.format, IntFormat)
        if self.format.width > 16:
            raise ValueError(f"format must have at most 16 bits, not {self.format.width}")
        indices(self, "zero_0", "zero_1", "zero_out", "low", "high")
        for name in ("zero_0", "zero_1", "zero_out"):
            require_zero_point(name, getattr(self, name), self.format)
        require_clamp(self.low, self.high, self.format)

    @property
    def largest(self) -> tuple[int, int]:
        """Greatest magnitudes of the operands less their zero points."""
        first, second = (max(self.format.max - zero, zero - self.format.min)
                         for zero in (self.zero_0, self.zero_1))
        return first, second


@dataclass(frozen=True, kw_only=True)
class AddSpec(TwoOperandSpec):
    """``clamp(f(f((a - zero_0) << left, factor_0) + f((b - zero_1) << left, factor_1), factor_out)
    + zero_out)``, ``f`` being TFLite's product with two roundings.

    Parameters
    ----------
    left : int
        Bits that operands gain before they are scaled: 20 for int8, 15 for int16.
    factor_0, factor_1 : FixedMultiplier
        Each operand's scale over twice the larger one: at most a half.
    factor_out : FixedMultiplier
        Twice the larger scale over ``2**left`` times the result's: below 1.
    subtract : bool
        Whether the second operand is subtracted.

    Others: see :class:`TwoOperandSpec`.
    """

    left: int
    factor_0: FixedMultiplier
    factor_1: FixedMultiplier
    factor_out: FixedMultiplier
    subtract: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        indices(self, "left")
        if not isinstance(self.subtract, bool):
            raise TypeError(f"subtract must be a bool, not {self.subtract!r}")
        for name in ("factor_0", "factor_1", "factor_out"):
            factor = getattr(self, name)
            if not isinstance(factor, FixedMultiplier):
                raise TypeError(f"{name} must be a FixedMultiplier, not {factor!r}")
            if factor.shift > 0:
                raise ValueError(f"{name} must be below 1, but its shift is {factor.shift}")
        if self.left < 0 or max(self.largest) << self.left >= 2**31 \
                or self.most_sum >= 2**31:
            raise ValueError(f"operands up to {max(self.largest)} leave 32 bits when they are "
                             f"shifted left by {self.left}")

    @property
    def most_sum(self) -> int:
        """No sum of scaled operands is greater in magnitude."""
        return sum((largest << self.left) * factor.multiplier // 2 ** (31 - factor.shift) + 2
                   for largest, factor in zip(self.largest, (self.factor_0, self.factor_1),
                                              strict=True))

    @classmethod
    def of(cls, format: IntFormat, *, scale_0: float, scale_1: float, scale_out: float,
           zero_0: int = 0, zero_1: int = 0, zero_out: int = 0, activation: str = "none",
           subtract: bool = False) -> AddSpec:
        """TFLite's ADD or SUB of codes of these scales.

        Raises
        ------
        ValueError
            If the result's scale is so small that TFLite refuses it.
        """
        left = 20 if format.width <= 8 else 15
        twice = 2 * float(max(np.float32(scale_0), np.float32(scale_1)))
        low, high = activation_range(activation, format, scale_out, zero_out)
        return cls(
            format=format, zero_0=zero_0, zero_1=zero_1, zero_out=zero_out, low=low, high=high,
            left=left, subtract=subtract,
            factor_0=FixedMultiplier.of(quotient(product=(scale_0,), over=1.0) / twice),
            factor_1=FixedMultiplier.of(quotient(product=(scale_1,), over=1.0) / twice),
            factor_out=FixedMultiplier.of(
                twice / (2**left * quotient(product=(scale_out,), over=1.0))))


@dataclass(frozen=True, kw_only=True)
class MultiplySpec(TwoOperandSpec):
    """``clamp(f((a - zero_0) * (b - zero_1), factor) + zero_out)``, ``f`` being TFLite's product
    with two roundings.

    Parameters
    ----------
    factor : FixedMultiplier
        The product of the operands' scales over the result's.

    Others: see :class:`TwoOperandSpec`.
    """

    factor: FixedMultiplier

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.factor, FixedMultiplier):
            raise TypeError(f"factor must be a FixedMultiplier, not {self.factor!r}")
        if not self.factor.holds(self.most_product):
            raise ValueError(f"products up to {self.most_product} leave 32 bits in TFLite's left "
                             f"shift by {self.factor.shift}")

    @property
    def most_product(self) -> int:
        """Greatest magnitude of a product."""
        return self.largest[0] * self.largest[1]

    @classmethod
    def of(cls, format: IntFormat, *, scale_0: float, scale_1: float, scale_out: float,
           zero_0: int = 0, zero_1: int = 0, zero_out: int = 0, activation: str = "none"
           ) -> MultiplySpec:
        """TFLite's MUL of codes of these scales."""
        low, high = activation_range(activation, format, scale_out, zero_out)
        return cls(format=format, zero_0=zero_0, zero_1=zero_1, zero_out=zero_out, low=low,
                   high=high, factor=FixedMultiplier.of(
                       quotient(product=(scale_0, scale_1), over=scale_out)))
