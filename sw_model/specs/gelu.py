"""GELU, SiLU and gates: what golden model and hardware of each agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..formats import Format, IntFormat, covering
from .checks import indices, require_clamp, require_format, require_least
from .delta_table import DeltaTableSpec
from .exponential import Exp2Spec

__all__ = ["GatedProductSpec", "IntegerGeluSpec", "ShiftGeluSpec", "SwishSpec"]

#: ``x * sigmoid(GELU_SLOPE * x)`` stands for GELU, 0.0203 off.
GELU_SLOPE = 1.702


def _require_signed(source: object, most: int) -> None:
    require_format("source", source, IntFormat)
    assert isinstance(source, IntFormat)
    if source.min >= 0 or source.width > most:
        raise ValueError(f"source must be signed, of at most {most} bits, not {source}")


def _require_scale(scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be positive and finite, not {scale!r}")


@dataclass(frozen=True, kw_only=True)
class ShiftGeluSpec:
    """I-ViT's ShiftGELU: by exponentials of the distance to the row's maximum.

    Parameters
    ----------
    source : IntFormat
        Of ``x``, signed, at most 8 bits.
    steps : int
        Units of ``x`` for which ``1.702 * x`` grows by 1, rounded up.
    doublings : int
        Halvings after which the exponential stays as it is; its unit is ``2**-doublings``.
    numerator_bits : int
        Of what is divided by the sum of exponentials: 31 as published, 40 for a quotient with
        more than the 4 bits that are left of it there.
    """

    #: Fraction bits of the sigmoid.
    FRACTION = 7

    source: IntFormat
    steps: int
    doublings: int = 23
    numerator_bits: int = 31

    def __post_init__(self) -> None:
        _require_signed(self.source, 8)
        indices(self, "steps", "doublings", "numerator_bits")
        require_least("steps", self.steps, 1)
        if not 1 <= self.doublings <= 24:
            raise ValueError(f"doublings must be 1 to 24, not {self.doublings}")
        if not self.FRACTION <= self.numerator_bits <= 40:
            raise ValueError(f"numerator_bits must be {self.FRACTION} to 40, "
                             f"not {self.numerator_bits}")
        if self.steps << self.doublings >= 1 << self.numerator_bits:
            raise ValueError(f"an exponential of {self.steps} << {self.doublings} does not fit "
                             f"{self.numerator_bits} bits")

    @classmethod
    def of_scale(cls, source: IntFormat, scale: float, **settings: Any) -> ShiftGeluSpec:
        """That of codes in units of ``scale``; ``settings`` are further fields."""
        _require_scale(scale)
        return cls(source=source, steps=-math.floor(-1 / (GELU_SLOPE * scale)), **settings)

    @property
    def numerator(self) -> int:
        """What is divided, and the most that a sum of exponentials counts for."""
        return (1 << self.numerator_bits) - 1

    @property
    def target(self) -> IntFormat:
        """Of the result, in units of ``2**-FRACTION`` of the source's."""
        return IntFormat(self.source.width + self.FRACTION)


@dataclass(frozen=True, kw_only=True)
class SwishSpec:
    """``x * sigmoid(slope * x)`` of each element by itself: SiLU, and GELU repaired.

    Parameters
    ----------
    source : Format
        Of ``x``, signed integers or fixed point, at most 30 bits.
    multiplier, constant_fraction : int
        ``slope * log2(e)`` times the scale of ``x``, in units of ``2**-constant_fraction`` and of
        the source's own: see :meth:`gelu` and :meth:`silu`.
    fraction, index_bits : int
        Fraction bits of exponential and sigmoid, and the binary logarithm of the number of
        intervals of the table.
    """

    source: Format
    multiplier: int
    constant_fraction: int = 16
    fraction: int = 15
    index_bits: int = 5

    def __post_init__(self) -> None:
        indices(self, "multiplier", "constant_fraction", "fraction", "index_bits")
        if self.exponential.source.width > 30:
            raise ValueError(f"source must have at most 30 bits, not {self.source}")

    @classmethod
    def gelu(cls, source: Format, scale: float, **settings: Any) -> SwishSpec:
        """GELU of codes in units of ``scale``; ``settings`` are further fields."""
        return cls._of_slope(source, GELU_SLOPE * scale, **settings)

    @classmethod
    def silu(cls, source: Format, scale: float, **settings: Any) -> SwishSpec:
        """SiLU of codes in units of ``scale``; ``settings`` are further fields."""
        return cls._of_slope(source, scale, **settings)

    @classmethod
    def _of_slope(cls, source: Format, slope: float, constant_fraction: int = 16, **settings: Any
                  ) -> SwishSpec:
        _require_scale(slope)
        # A code of fixed point is a number of 2**lsb already.
        factor = Exp2Spec.folded(slope * 2.0**-source.lsb, constant_fraction)
        return cls(source=source, multiplier=factor, constant_fraction=constant_fraction,
                   **settings)

    @property
    def exponential(self) -> Exp2Spec:
        """Of ``-slope * |x|``."""
        return Exp2Spec(source=self.source, multiplier=self.multiplier,
                        constant_fraction=self.constant_fraction, fraction=self.fraction,
                        index_bits=self.index_bits)

    @property
    def target(self) -> IntFormat:
        """Of the result, in units of ``2**-fraction`` of the source's."""
        return covering(self.source.min << self.fraction, self.source.max << self.fraction)


@dataclass(frozen=True, kw_only=True)
class IntegerGeluSpec:
    """I-BERT's GELU: an error function of a parabola that stops at its top.

    Parameters
    ----------
    source : IntFormat
        Of ``x``, signed, at most 32 bits.
    end : int
        The magnitude from which on the error function is constant.
    top : int
        What the parabola is there, not positive: minus 1, as the constant has minus 0.2888.
    one : int
        1 in the unit of the error function, not positive.
    shift : int
        Bits that the error function drops: 0, or 14 as published, which is for accumulators
        with a scale below 1e-3.
    """

    A, B, C, ROOT = -0.2888, -1.769, 1.0, 1.4142

    source: IntFormat
    end: int
    top: int
    one: int
    shift: int = 0

    def __post_init__(self) -> None:
        _require_signed(self.source, 32)
        indices(self, "end", "top", "one", "shift")
        for name in ("end", "shift"):
            require_least(name, getattr(self, name), 0)
        for name in ("top", "one"):
            if getattr(self, name) > 0:
                raise ValueError(f"{name} must not be positive, not {getattr(self, name)}")
        if self.source.width + self.sum.width > 62:
            raise ValueError(f"products must have at most 62 bits, not those of {self.source} "
                             f"and {self.sum}")

    @classmethod
    def of_scale(cls, source: IntFormat, scale: float, shift: int = 0) -> IntegerGeluSpec:
        """That of codes in units of ``scale``."""
        _require_scale(scale)
        unit = scale / cls.ROOT
        return cls(source=source, end=-math.floor(cls.B / unit),
                   top=math.floor(cls.C / cls.A / unit**2),
                   one=math.floor(1 / (cls.A * unit**2 * 2**shift)), shift=shift)

    @classmethod
    def result_scale(cls, scale: float, shift: int = 0) -> float:
        """What a unit of the result stands for."""
        return float(-cls.A * (scale / cls.ROOT) ** 2 * 2**shift * scale / 2)

    @property
    def parabola(self) -> IntFormat:
        """Of the error function before the shift."""
        most = max(-self.top, self.end**2 + self.top, 1)
        return covering(-most, most)

    @property
    def sum(self) -> IntFormat:
        """Of minus the error function and 1."""
        most = (self.parabola.max >> self.shift) + 1 - self.one
        return covering(-most, most)

    @property
    def target(self) -> IntFormat:
        """Of the result."""
        most = -self.source.min * self.sum.max
        return covering(-most, most)


@dataclass(frozen=True, kw_only=True)
class GatedProductSpec:
    """``clamp((gate(a) * b * multiplier + half) >> shift)``: SwiGLU, GEGLU, ReGLU.

    Parameters
    ----------
    gate : DeltaTableSpec or None
        The activation of ``a``; None for the plain product.
    a, b, target : Format
        Of both operands and the result: integers or fixed point. The gate's source is ``a``.
    multiplier : int
        Positive, at most 24 bits.
    shift : int
        At least 1.
    """

    gate: DeltaTableSpec | None
    a: Format
    b: Format
    target: Format
    multiplier: int
    shift: int

    def __post_init__(self) -> None:
        for name in ("a", "b", "target"):
            form = getattr(self, name)
            require_format(name, form)
            if (form.fixed_min, form.fixed_max) != (form.min, form.max):
                raise ValueError(f"{name} must be an integer or fixed point, not {form}")
        if self.gate is not None and self.gate.source != self.a:
            raise ValueError(f"the gate must take {self.a}, not {self.gate.source}")
        indices(self, "multiplier", "shift")
        require_clamp(1, self.multiplier, IntFormat(24, signed=False))
        require_least("shift", self.shift, 1)
        if self.product.width + self.multiplier.bit_length() > 61 or self.shift > 61:
            raise ValueError(f"products must have at most 61 bits, not those of {self.activated}, "
                             f"{self.b} and {self.multiplier}")

    @classmethod
    def of_scales(cls, gate: DeltaTableSpec | None, a: Format, b: Format, target: Format, *,
                  b_scale: float, target_scale: float, a_scale: float = 1.0, bits: int = 16
                  ) -> GatedProductSpec:
        """That of codes of ``b`` and the target in units of a scale; of ``a`` without a gate too.

        Parameters
        ----------
        bits : int
            Of the multiplier.
        """
        activated = a_scale if gate is None else 2.0**-gate.result_fraction
        ratio = activated * b_scale / target_scale
        _require_scale(ratio)
        shift = bits - math.frexp(ratio)[1]
        return cls(gate=gate, a=a, b=b, target=target, shift=shift,
                   multiplier=min(round(math.ldexp(ratio, shift)), (1 << bits) - 1))

    @property
    def activated(self) -> Format:
        """Of the gate's result."""
        return self.a if self.gate is None else self.gate.target

    @property
    def product(self) -> IntFormat:
        """Of both operands' product."""
        corners = [one * other for one in (self.activated.min, self.activated.max)
                   for other in (self.b.min, self.b.max)]
        return covering(min(corners), max(corners))
