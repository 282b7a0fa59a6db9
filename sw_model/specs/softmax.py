"""Softmax: what golden model and hardware of every variant agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..formats import Format, IntFormat, Rounding
from .checks import indices, require_format, require_least
from .exponential import Exp2Spec
from .extended_exponential import ExtendedExponentialSpec, PowerTable
from .reciprocal import ReciprocalSpec

__all__ = [
    "OnlineSoftmaxSpec", "ProbabilitySpec", "SinglePassSoftmaxSpec", "TwoPassSoftmaxSpec",
    "UnifiedSoftmaxSpec",
]


def require_target(target: object) -> None:
    """Raise unless ``target`` is an unsigned integer format of at most 24 bits."""
    require_format("target", target, IntFormat)
    assert isinstance(target, IntFormat)
    if target.signed or target.width > 24:
        raise ValueError(f"target must be an unsigned integer of at most 24 bits, not {target}")


@dataclass(frozen=True, kw_only=True)
class ProbabilitySpec:
    """A numerator over a sum, by the sum's reciprocal: the last step of a softmax.

    Parameters
    ----------
    target : IntFormat
        Of a probability, unsigned, in units of ``2**-width``; 1 becomes the largest code.
    tile : int
        Elements that are summed with one maximum: lanes of the hardware.
    guard : int
        Bits kept of the sum below the last of its terms.
    index_bits, entry_bits, newton_steps, reciprocal_fraction : int
        Of the reciprocal: see :class:`ReciprocalSpec`.
    """

    target: IntFormat
    tile: int = 1
    guard: int = 8
    index_bits: int = 5
    entry_bits: int = 7
    newton_steps: int = 2
    reciprocal_fraction: int = 16

    def __post_init__(self) -> None:
        require_target(self.target)
        indices(self, "tile", "guard", "index_bits", "entry_bits", "newton_steps",
                "reciprocal_fraction")
        require_least("tile", self.tile, 1)
        if not 0 <= self.guard <= 32:
            raise ValueError(f"guard must be 0 to 32, not {self.guard}")
        self.reciprocal(1)

    def reciprocal(self, width: int) -> ReciprocalSpec:
        """Of a sum of ``width`` bits, on which the result does not depend."""
        return ReciprocalSpec(
            source=IntFormat(width, signed=False), index_bits=self.index_bits,
            entry_bits=self.entry_bits, newton_steps=self.newton_steps,
            fraction=self.reciprocal_fraction)

    def product_shift(self, fraction: int) -> int:
        """Places from a product, of a numerator of ``fraction`` bits by the reciprocal's
        mantissa, to the target's unit, where the sum is 1.

        Raises
        ------
        ValueError
            If the target is finer than the product.
        """
        places = fraction + self.reciprocal_fraction - self.target.width
        if places < 1:
            raise ValueError(
                f"target must have fewer bits than numerator and reciprocal together, "
                f"{fraction} + {self.reciprocal_fraction}, not {self.target.width}")
        return places


@dataclass(frozen=True, kw_only=True)
class SinglePassSoftmaxSpec(ProbabilitySpec):
    """Edge-MoE's: running maximum and sum, in fixed point.

    Parameters
    ----------
    source : IntFormat
        Of an element, signed.
    multiplier, constant_fraction : int
        ``scale * log2(e)`` in units of ``2**-constant_fraction``; see :meth:`from_scale`.
    fraction, table_bits : int
        Fraction bits of exponentials, 22 in the paper, and the binary logarithm of the number
        of intervals of their table.
    """

    source: IntFormat
    multiplier: int
    constant_fraction: int
    fraction: int = 22
    table_bits: int = 5
    guard: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_format("source", self.source, IntFormat)
        if not self.source.signed:
            raise ValueError(f"source must be signed, not {self.source}")
        indices(self, "multiplier", "constant_fraction", "fraction", "table_bits")
        require_least("multiplier", self.multiplier, 1)
        self.product_shift(self.exponential.fraction)

    @classmethod
    def from_scale(cls, source: IntFormat, scale: float, **settings: Any
                   ) -> SinglePassSoftmaxSpec:
        """That of elements in units of ``scale``; ``settings`` are further fields."""
        places = source.width + 16
        return cls(source=source, multiplier=Exp2Spec.folded(scale, places),
                   constant_fraction=places, **settings)

    @property
    def exponential(self) -> Exp2Spec:
        """Of the difference of two elements, which takes a bit more than they do."""
        return Exp2Spec(
            source=IntFormat(self.source.width + 1), multiplier=self.multiplier,
            constant_fraction=self.constant_fraction, fraction=self.fraction,
            index_bits=self.table_bits)


@dataclass(frozen=True, kw_only=True)
class OnlineSoftmaxSpec(ProbabilitySpec):
    """In base 2 with an integer running maximum, so that sums are rescaled by shifts.

    Parameters
    ----------
    power : ExtendedExponentialSpec
        Of an element.
    """

    power: ExtendedExponentialSpec

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.power, ExtendedExponentialSpec):
            raise TypeError(f"power must be an ExtendedExponentialSpec, not {self.power!r}")
        self.product_shift(self.power.fraction)

    @property
    def source(self) -> Format:
        """Of an element."""
        return self.power.source


@dataclass(frozen=True, kw_only=True)
class UnifiedSoftmaxSpec:
    """FlashDecoding++'s: a maximum for all rows, and the online form for those it does not fit.

    Parameters
    ----------
    online : OnlineSoftmaxSpec
        The form of fallback, whose exponential and reciprocal serve both.
    low, high : int
        A row fits if all its codes are below ``high`` and one is above ``low``.
    guard : int
        Bits kept of the sum below a unit of the mantissas at the greatest exponent that fits.
        Rows of elements near ``low`` lose the more precision the fewer there are.
    """

    online: OnlineSoftmaxSpec
    low: int
    high: int
    guard: int

    def __post_init__(self) -> None:
        if not isinstance(self.online, OnlineSoftmaxSpec):
            raise TypeError(f"online must be an OnlineSoftmaxSpec, not {self.online!r}")
        indices(self, "low", "high", "guard")
        source = self.online.source
        if not source.min <= self.low <= self.high - 2 < source.max:
            raise ValueError(f"low and high must be codes of {source} with one between them, "
                             f"not {self.low} and {self.high}")
        # The largest element of a row that fits keeps its leading bit.
        fraction = self.online.power.fraction
        least, most = max(0, self.window - fraction), 46 - fraction
        if not least <= self.guard <= most:
            raise ValueError(f"guard must be {least} to {most}, not {self.guard}")

    @classmethod
    def around(cls, online: OnlineSoftmaxSpec, *, maximum: int, below: float, above: float,
               scale: float, guard: int | None = None) -> UnifiedSoftmaxSpec:
        """That which holds ``below < scale * (x - maximum) < above``.

        Parameters
        ----------
        maximum : int
            The code that serves as every row's maximum, the paper's phi.
        below, above : float
            The paper's a and b.
        scale : float
            Of the codes.
        guard : int, optional
            By default no row that fits loses a bit of its largest element.
        """
        low = max(online.source.min, math.floor(maximum + below / scale))
        high = min(online.source.max + 1, math.ceil(maximum + above / scale))
        power = online.power
        if guard is None:
            guard = power.exponent_of(high - 1) - power.exponent_of(low + 1)
        return cls(online=online, low=low, high=high, guard=guard)

    @property
    def most(self) -> int:
        """Greatest exponent of a row that fits: the integer maximum of all."""
        return self.online.power.exponent_of(self.high - 1)

    @property
    def window(self) -> int:
        """Exponents by which the largest element of a row that fits can be below that."""
        return self.most - self.online.power.exponent_of(self.low + 1)


@dataclass(frozen=True, kw_only=True)
class TwoPassSoftmaxSpec:
    """Mantissa and exponent of every exponential, and of their sum; one division a row.

    Parameters
    ----------
    power : ExtendedExponentialSpec
        Of an element.
    target : IntFormat
        Of a probability, unsigned, in units of ``2**-width``; 1 becomes the largest code.
    tile : int
        Elements that are summed with one maximum: lanes of the hardware.
    numerator_bits : int
        The sum's reciprocal is ``2**numerator_bits`` over it, rounded down. It has as many bits
        more than the sum; two more than the target had better be left.
    rounding : Rounding
        ``FLOOR`` or ``HALF_UP``, of the result.
    """

    power: ExtendedExponentialSpec
    target: IntFormat
    tile: int = 1
    numerator_bits: int = 40
    rounding: Rounding = Rounding.HALF_UP

    def __post_init__(self) -> None:
        if not isinstance(self.power, ExtendedExponentialSpec):
            raise TypeError(f"power must be an ExtendedExponentialSpec, not {self.power!r}")
        require_target(self.target)
        indices(self, "tile", "numerator_bits")
        require_least("tile", self.tile, 1)
        require_rounding(self.rounding)
        if not self.target.width < self.numerator_bits <= 60:
            raise ValueError(f"numerator_bits must be {self.target.width + 1} to 60, "
                             f"not {self.numerator_bits}")

    @classmethod
    def from_scale(cls, source: Format, scale: float, *, target: IntFormat, tile: int = 1,
                   numerator_bits: int = 40, rounding: Rounding = Rounding.HALF_UP,
                   table: PowerTable = PowerTable.MIDDLE, **settings: Any
                   ) -> TwoPassSoftmaxSpec:
        """That of elements in units of ``scale``; ``settings`` are those of the exponential."""
        power = ExtendedExponentialSpec.from_scale(source, scale, table=table, **settings)
        return cls(power=power, target=target, tile=tile, numerator_bits=numerator_bits,
                   rounding=rounding)

    @property
    def source(self) -> Format:
        """Of an element."""
        return self.power.source


def require_rounding(rounding: object) -> None:
    """Raise unless ``rounding`` is one that units of this family have."""
    if rounding not in (Rounding.FLOOR, Rounding.HALF_UP):
        raise ValueError(f"rounding must be Rounding.FLOOR or Rounding.HALF_UP, not {rounding!r}")
