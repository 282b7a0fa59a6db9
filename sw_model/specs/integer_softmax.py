"""Softmax as TensorFlow Lite and I-ViT define it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ..formats import IntFormat, Rounding
from .checks import indices, require_format, require_least
from .softmax import require_rounding

__all__ = ["ShiftmaxSpec", "TfliteSoftmaxSpec"]

INT8 = IntFormat(8)


@dataclass(frozen=True, kw_only=True)
class TfliteSoftmaxSpec:
    """TensorFlow Lite's, of int8 codes.

    Parameters
    ----------
    multiplier, shift, diff_min : int
        Of the input's scale, as PreprocessSoftmaxScaling has them: see
        :func:`sw_model.ops.softmax_parameters`.
    target : IntFormat
        int8 or int16: the scale is ``2**-width``, the zero point the least code.
    """

    multiplier: int
    shift: int
    diff_min: int
    target: IntFormat = INT8

    #: Integer bits of the scaled difference and of the sum of exponentials.
    DIFFERENCE_BITS: ClassVar[int] = 5
    SUM_BITS: ClassVar[int] = 12
    #: Most elements for which the sum of exponentials cannot overflow.
    LONGEST: ClassVar[int] = 2**SUM_BITS - 1

    def __post_init__(self) -> None:
        indices(self, "multiplier", "shift", "diff_min")
        require_format("target", self.target, IntFormat)
        if self.target not in (INT8, IntFormat(16)):
            raise ValueError(f"target must be int8 or int16, not {self.target}")
        if not (0 < self.multiplier < 2**31 and 0 <= self.shift <= 31
                and self.diff_min <= 0 and -self.diff_min << self.shift < 2**31):
            raise ValueError("multiplier, shift or diff_min out of range")

    @property
    def source(self) -> IntFormat:
        """Of an element."""
        return INT8


@dataclass(frozen=True, kw_only=True)
class ShiftmaxSpec:
    """I-ViT's Shiftmax.

    Parameters
    ----------
    source : IntFormat
        Of an element, signed.
    steps : int
        ``-x0``: codes for a natural logarithm of 1, rounded up, that is ``ceil(1 / scale)``.
    doublings : int
        ``n``: powers of two below the maximum that are told apart.
    width : int
        ``k_out``: bits of the result, whose scale is ``2**-(width - 1)``.
    numerator_bits : int
        The sum's reciprocal is ``2**numerator_bits - 1`` over it, rounded down.
    rounding : Rounding
        ``FLOOR`` or ``HALF_UP``, of the result.
    """

    source: IntFormat
    steps: int
    doublings: int = 15
    width: int = 8
    numerator_bits: int = 31
    rounding: Rounding = Rounding.FLOOR

    def __post_init__(self) -> None:
        require_format("source", self.source, IntFormat)
        if not self.source.signed:
            raise ValueError(f"source must be signed, not {self.source}")
        indices(self, "steps", "doublings", "width", "numerator_bits")
        require_rounding(self.rounding)
        for name in ("steps", "doublings"):
            require_least(name, getattr(self, name), 1)
        require_least("width", self.width, 2)
        if self.largest.bit_length() > self.numerator_bits or self.numerator_bits > 62:
            raise ValueError(f"numerator_bits must be {self.largest.bit_length()} to 62, so that "
                             f"it holds an exponential, not {self.numerator_bits}")
        if self.width > self.numerator_bits:
            raise ValueError(f"width must be at most numerator_bits, {self.numerator_bits}, "
                             f"not {self.width}")

    @classmethod
    def published(cls, source: IntFormat, scale: float, *, width: int = 8) -> ShiftmaxSpec:
        """As the paper's PyTorch code computes it."""
        return cls(source=source, steps=cls.steps_of(scale), width=width)

    @classmethod
    def repaired(cls, source: IntFormat, scale: float, *, width: int = 8) -> ShiftmaxSpec:
        """With a reciprocal of nine bits more, and a result that is rounded and not cut off."""
        return cls(source=source, steps=cls.steps_of(scale), width=width, numerator_bits=40,
                   rounding=Rounding.HALF_UP)

    @staticmethod
    def steps_of(scale: float) -> int:
        """``steps`` of a scale.

        >>> ShiftmaxSpec.steps_of(1 / 16), ShiftmaxSpec.steps_of(0.03)
        (16, 34)
        """
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"scale must be finite and above 0, not {scale!r}")
        return -math.floor(-1 / scale)

    @property
    def target(self) -> IntFormat:
        """Of the result, which is never negative."""
        return IntFormat(self.width)

    @property
    def largest(self) -> int:
        """Exponential of 0, the largest."""
        return self.steps << self.doublings
