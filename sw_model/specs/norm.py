"""Normalisations of rows by a mean and a deviation, with gain and bias for each channel."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format, require_least
from .digit_serial import DivideSpec
from .reciprocal import NormalisedSpec, ReciprocalSpec, RsqrtSpec

__all__ = ["L1NormSpec", "LayerNormSpec", "NormSpec", "RmsNormSpec"]

INT16 = IntFormat(16)


@dataclass(frozen=True, kw_only=True)
class NormSpec:
    """``clamp(((x' * r * gain + half) >> shift + e) + bias)``, ``r * 2**-e`` found in the row.

    Parameters
    ----------
    source, target : Format
        Of ``x`` and of the result: integers or fixed point.
    longest : int
        Elements of the longest row.
    epsilon : int
        What is added to the mean square (mean magnitude for :class:`L1NormSpec`), in units of
        ``2**-guard`` of the square of the source's unit (of the unit); see :meth:`folded`.
    guard : int
        Fraction bits of the mean; even.
    gain : IntFormat
        Of each channel's gain.
    gain_fraction : int
        Fraction bits of the gain. Where the target is an integer with a scale, the gain holds
        one over it.
    bias : IntFormat or None
        Of what is added to each channel's result, in the target's own unit; None for nothing.
    """

    source: Format
    target: Format
    longest: int
    epsilon: int = 0
    guard: int = 8
    gain: IntFormat = INT16
    gain_fraction: int = 14
    bias: IntFormat | None = None

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            form = getattr(self, name)
            require_format(name, form)
            if (form.fixed_min, form.fixed_max) != (form.min, form.max):
                raise ValueError(f"{name} must be an integer or fixed point, not {form}")
        for name in ("gain", *(("bias",) if self.bias is not None else ())):
            require_format(name, getattr(self, name), IntFormat)
        indices(self, "longest", "epsilon", "guard", "gain_fraction")
        require_least("longest", self.longest, 1)
        require_least("epsilon", self.epsilon, 0)
        require_least("guard", self.guard, 0)
        if self.guard % 2:
            raise ValueError(f"guard must be even, not {self.guard}")
        self._require_widths()

    def _require_widths(self) -> None:
        try:
            most = max(self.product.width, self.deviation.width,
                       self.shift + self.factor.greatest_exponent)
        except ValueError:
            most = 64
        if most > 62:
            raise ValueError(f"rows of {self.longest} {self.source} with gains of {self.gain} and "
                             f"guard {self.guard} need more than 62 bits")
        if self.shift < 1:
            raise ValueError(f"gain_fraction must be at least {self.gain_fraction + 1 - self.shift}"
                             f" for a target of {self.target}, not {self.gain_fraction}")

    @staticmethod
    def folded(epsilon: float, scale: float, guard: int = 8, power: int = 2) -> int:
        """``epsilon`` of a norm of reals, for codes of ``scale``.

        Parameters
        ----------
        epsilon, scale : float
        guard : int
        power : int
            2 for mean squares, 1 for mean magnitudes.

        >>> NormSpec.folded(1e-5, 0.01)
        26
        """
        return round(epsilon / scale**power * 2.0**guard)

    @property
    def count(self) -> IntFormat:
        """Of the elements of a row."""
        return covering(0, self.longest)

    @property
    def total(self) -> IntFormat:
        """Of the sum of a row."""
        return covering(min(0, self.longest * self.source.min), self.longest * self.source.max)

    @property
    def centred(self) -> IntFormat:
        """Of ``n*x - sum``, which is ``n`` times the distance to the mean."""
        span = self.longest * (self.source.max - self.source.min)
        return covering(-span, span)

    @property
    @abstractmethod
    def operand(self) -> IntFormat:
        """Of ``x'``."""

    @property
    @abstractmethod
    def deviation(self) -> IntFormat:
        """Of what the factor is made from."""

    @property
    @abstractmethod
    def factor(self) -> NormalisedSpec:
        """What makes ``r`` and ``e``."""

    @property
    def product(self) -> IntFormat:
        """Of ``x' * r * gain``."""
        corners = [x * gain << self.factor.fraction for x in (self.operand.min, self.operand.max)
                   for gain in (self.gain.min, self.gain.max)]
        return covering(min(corners), max(corners))

    @property
    def shift(self) -> int:
        """Bits that every result drops."""
        return (self.factor.fraction - self.guard // self.factor.STEP
                + self.gain_fraction + self.target.lsb)


def _unsigned(most: int) -> IntFormat:
    """The narrowest that holds 0 to ``most``."""
    return IntFormat(max(1, most.bit_length()), signed=False)


def _largest_square(source: Format) -> int:
    return max(source.min**2, source.max**2)


@dataclass(frozen=True, kw_only=True)
class RmsNormSpec(NormSpec):
    """``x / sqrt(mean(x**2) + epsilon)``; parameters are those of :class:`NormSpec`."""

    #: What is summed, and the power of the row's length by which epsilon joins the sum.
    MOMENT: ClassVar[str] = "squares"
    POWER: ClassVar[int] = 1

    @property
    def moment(self) -> IntFormat:
        """Of the sum of squares."""
        return _unsigned(self.longest * _largest_square(self.source))

    @property
    def mean(self) -> DivideSpec:
        """What makes the mean square, epsilon in it."""
        most = (self.moment.max << self.guard) + self.longest * self.epsilon
        return DivideSpec(_unsigned(most), self.count)

    @property
    def operand(self) -> IntFormat:
        """Of ``x``."""
        return covering(self.source.min, self.source.max)

    @property
    def deviation(self) -> IntFormat:
        """Of the mean square and epsilon."""
        return _unsigned((_largest_square(self.source) << self.guard) + self.epsilon)

    @property
    def factor(self) -> RsqrtSpec:
        """What makes ``r`` and ``e``."""
        return RsqrtSpec(source=self.deviation)


@dataclass(frozen=True, kw_only=True)
class LayerNormSpec(NormSpec):
    """``(x - mean(x)) / sqrt(variance(x) + epsilon)``; parameters are those of
    :class:`NormSpec`. ``n*x - sum`` and ``n**2`` times the variance are integers: exact."""

    @property
    def squares(self) -> IntFormat:
        """Of the sum of squares."""
        return _unsigned(self.longest * _largest_square(self.source))

    @property
    def operand(self) -> IntFormat:
        """Of ``n*x - sum``."""
        return self.centred

    @property
    def deviation(self) -> IntFormat:
        """Of ``n**2`` times the variance and epsilon. No variance exceeds a quarter of the
        square of the range."""
        span = self.source.max - self.source.min
        return _unsigned(((self.longest * span) ** 2 // 4 << self.guard)
                         + self.longest**2 * self.epsilon)

    @property
    def factor(self) -> RsqrtSpec:
        """What makes ``r`` and ``e``."""
        return RsqrtSpec(source=self.deviation)


@dataclass(frozen=True, kw_only=True)
class L1NormSpec(NormSpec):
    """``(x - mean(x)) / (mean(abs(x - mean(x))) + epsilon)``; parameters are those of
    :class:`NormSpec`. ``n*x - sum`` and the sum of its magnitudes are integers: exact."""

    #: What is summed, and the power of the row's length by which epsilon joins the sum.
    MOMENT: ClassVar[str] = "magnitudes"
    POWER: ClassVar[int] = 2

    @property
    def moment(self) -> IntFormat:
        """Of the sum of ``abs(n*x - sum)``. No mean magnitude exceeds half the range."""
        span = self.source.max - self.source.min
        return _unsigned(self.longest**2 * span // 2)

    @property
    def mean(self) -> DivideSpec:
        """What makes ``n`` times the mean magnitude, epsilon in it."""
        most = (self.moment.max << self.guard) + self.longest**2 * self.epsilon
        return DivideSpec(_unsigned(most), self.count)

    @property
    def operand(self) -> IntFormat:
        """Of ``n*x - sum``."""
        return self.centred

    @property
    def deviation(self) -> IntFormat:
        """Of ``n`` times the mean magnitude and epsilon."""
        span = self.source.max - self.source.min
        return _unsigned((self.longest * span // 2 << self.guard) + self.longest * self.epsilon)

    @property
    def factor(self) -> ReciprocalSpec:
        """What makes ``r`` and ``e``."""
        return ReciprocalSpec(source=self.deviation)
