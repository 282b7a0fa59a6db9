"""The 16-bit forms of TFLite's activations: interpolated tables, and hard-swish's pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats import IntFormat
from .checks import indices
from .multiplier import FixedMultiplier
from .requantise import quotient, require_zero_point

__all__ = ["HardSwishSpec", "SigmoidSpec"]


@dataclass(frozen=True, kw_only=True)
class SigmoidSpec:
    """TFLite's LOGISTIC or TANH of int16 codes whose zero point is 0; the result's scale is
    ``2**-15``.

    Parameters
    ----------
    multiplier, shift : int
        ``multiplier * 2**-shift`` is the input's scale in units of 1/12,288: three quarters of
        ``2**-12``.
    tanh : bool
        Whether it is the hyperbolic tangent, from the same table.
    """

    #: Of input and result.
    format = IntFormat(16)
    #: Multipliers fit so many bits, so that products fit 32.
    MULTIPLIER_BITS = 15

    multiplier: int
    shift: int
    tanh: bool = False

    def __post_init__(self) -> None:
        indices(self, "multiplier", "shift")
        if not 0 <= self.multiplier < 1 << self.MULTIPLIER_BITS:
            raise ValueError(f"multiplier must be 0 to {(1 << self.MULTIPLIER_BITS) - 1}, "
                             f"not {self.multiplier}")
        if not 0 <= self.shift <= 31:
            raise ValueError(f"shift must be 0 to 31, not {self.shift}")
        if not isinstance(self.tanh, bool):
            raise TypeError(f"tanh must be a bool, not {self.tanh!r}")

    @classmethod
    def of(cls, scale: float, *, tanh: bool = False) -> SigmoidSpec:
        """For an input of this scale.

        Raises
        ------
        ValueError
            If the scale is not below 8/3, where TFLite's products leave 32 bits.

        >>> SigmoidSpec.of(2.0**-12)
        SigmoidSpec(multiplier=24576, shift=13, tanh=False)
        """
        real, shift = quotient(product=(scale,), over=1.0) * 12288, 0
        while real <= 32767 / 2 and shift <= 30:
            real, shift = real * 2, shift + 1
        if real >= 1 << cls.MULTIPLIER_BITS:
            raise ValueError(f"scale must be below {2**15 / 12288:.4g}, not {scale!r}")
        return cls(multiplier=int(real), shift=shift, tanh=tanh)

    @property
    def index_shift(self) -> int:
        """Bits between two entries of the table, which are 1/24 apart."""
        return 8 if self.tanh else 9


@dataclass(frozen=True, kw_only=True)
class HardSwishSpec:
    """TFLite's HARD_SWISH of int8 codes, in 16 bits: ``x * relu6(x + 3) / 6``.

    Parameters
    ----------
    zero_in, zero_out : int
        Codes of 0.
    factor_out : FixedMultiplier
        The input's scale over 128 times the result's, below 1.
    factor_relu : FixedMultiplier
        The input's scale over 128 times 3/32,768.
    """

    #: Of input and result.
    format = IntFormat(8)

    zero_in: int
    zero_out: int
    factor_out: FixedMultiplier
    factor_relu: FixedMultiplier

    def __post_init__(self) -> None:
        indices(self, "zero_in", "zero_out")
        require_zero_point("zero_in", self.zero_in, self.format)
        require_zero_point("zero_out", self.zero_out, self.format)
        for name in ("factor_out", "factor_relu"):
            factor = getattr(self, name)
            if not isinstance(factor, FixedMultiplier):
                raise TypeError(f"{name} must be a FixedMultiplier, not {factor!r}")
            most = 0 if name == "factor_out" else 15
            if not -15 <= factor.shift <= most:
                raise ValueError(f"{name} must have a shift of -15 to {most}, "
                                 f"not {factor.shift}")

    @classmethod
    def of(cls, *, scale_in: float, scale_out: float, zero_in: int = 0, zero_out: int = 0
           ) -> HardSwishSpec:
        """For these scales; quotients are float32, as in TFLite."""
        quotient(product=(scale_in,), over=scale_out)
        fine = np.float32(1 / 128) * np.float32(scale_in)
        relu = np.float32(3) / np.float32(32768)
        return cls(zero_in=zero_in, zero_out=zero_out,
                   factor_out=FixedMultiplier.of(float(fine / np.float32(scale_out))),
                   factor_relu=FixedMultiplier.of(float(fine / relu)))

    @property
    def halves(self) -> tuple[int, int]:
        """The 16-bit multipliers: of the result, of ReLU6."""
        out, relu = (0x7FFF if factor.multiplier >= 0x7FFF0000
                     else factor.multiplier + (1 << 15) >> 16
                     for factor in (self.factor_out, self.factor_relu))
        return out, relu
