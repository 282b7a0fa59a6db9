"""From the codes of one scale to those of another, and the activations that clamp them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..formats import IntFormat
from .checks import indices, require_clamp, require_format
from .multiplier import FixedMultiplier

__all__ = ["ACTIVATIONS", "ConcatSpec", "RequantiseSpec", "activation_range", "quotient",
           "require_zero_point"]

#: Ends of what TFLite's fused activations leave, by name; None is the format's own end.
ACTIVATIONS: dict[str, tuple[float | None, float | None]] = {
    "none": (None, None), "relu": (0.0, None), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}


def activation_range(activation: str, target: IntFormat, scale: float, zero_point: int
                     ) -> tuple[int, int]:
    """Least and greatest code: TFLite's CalculateActivationRangeQuantized, in float32.

    >>> activation_range("relu6", IntFormat(8), 0.05, -100)
    (-100, 20)
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, "
                         f"not {activation!r}")
    low, high = (None if end is None else _rounded_quotient(end, scale) + zero_point
                 for end in ACTIVATIONS[activation])
    return (target.min if low is None else min(max(target.min, low), target.max),
            target.max if high is None else max(min(target.max, high), target.min))


def _rounded_quotient(real: float, scale: float) -> int:
    """Half away from zero, as C rounds."""
    quotient = float(np.float32(real) / np.float32(scale))
    return int(np.copysign(np.floor(abs(quotient) + 0.5), quotient))


def quotient(*, product: Sequence[float], over: float) -> float:
    """A product of float32 scales over another, every step in float64.

    Raises
    ------
    ValueError
        If a scale is not positive and finite.
    """
    for scale in (*product, over):
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be positive and finite, not {scale!r}")
    result = 1.0
    for scale in product:
        result *= float(np.float32(scale))
    return result / float(np.float32(over))


def require_zero_point(name: str, zero_point: int, format_: IntFormat) -> None:
    """Raise ValueError unless the zero point is a code of its format."""
    if not format_.min <= zero_point <= format_.max:
        raise ValueError(f"{name} must be {format_.min} to {format_.max}, not {zero_point}")


@dataclass(frozen=True, kw_only=True)
class RequantiseSpec:
    """``clamp(round((x - zero_in) * factor) + zero_out, low, high)``, a factor for each sign.

    Rounding is TFLite's: a doubling high multiply, ties up, then a shift, ties away from zero.

    Parameters
    ----------
    source, target : IntFormat
        Of at most 16 bits.
    zero_in, zero_out : int
        Codes of 0.
    factor : FixedMultiplier
        The source's scale over the target's.
    negative : FixedMultiplier or None
        The same for what is below 0, of leaky ReLU; None if it is the same.
    low, high : int
        Least and greatest result: the target's own, or those of an activation.
    """

    source: IntFormat
    target: IntFormat
    zero_in: int
    zero_out: int
    factor: FixedMultiplier
    negative: FixedMultiplier | None = None
    low: int
    high: int

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name), IntFormat)
            if getattr(self, name).width > 16:
                raise ValueError(f"{name} must have at most 16 bits, not "
                                 f"{getattr(self, name).width}")
        indices(self, "zero_in", "zero_out", "low", "high")
        require_zero_point("zero_in", self.zero_in, self.source)
        require_zero_point("zero_out", self.zero_out, self.target)
        require_clamp(self.low, self.high, self.target)
        for factor in self.factors:
            if not isinstance(factor, FixedMultiplier):
                raise TypeError(f"factor must be a FixedMultiplier, not {factor!r}")
            if not factor.holds(self.largest):
                raise ValueError(f"numbers up to {self.largest} leave 32 bits in TFLite's left "
                                 f"shift by {factor.shift}")

    @property
    def factors(self) -> tuple[FixedMultiplier, ...]:
        """That of numbers from 0 up, and of negative ones if they have their own."""
        return (self.factor,) if self.negative is None else (self.factor, self.negative)

    @property
    def largest(self) -> int:
        """Greatest magnitude of ``x - zero_in``."""
        return max(self.source.max - self.zero_in, self.zero_in - self.source.min)

    @property
    def changes_nothing(self) -> bool:
        """Whether every code stays what it is."""
        return (self.source == self.target and self.zero_in == self.zero_out
                and self.negative is None and self.factor == FixedMultiplier(2**30, -30)
                and (self.low, self.high) == (self.target.min, self.target.max))

    @classmethod
    def between(cls, source: IntFormat, target: IntFormat, *, scale_in: float, scale_out: float,
                zero_in: int = 0, zero_out: int = 0, activation: str = "none") -> RequantiseSpec:
        """From one scale to another, perhaps with an activation: TFLite's QUANTIZE of codes,
        and its RELU, RELU6 and RELU_N1_TO_1."""
        scale = quotient(product=(scale_in,), over=scale_out)
        low, high = activation_range(activation, target, scale_out, zero_out)
        return cls(source=source, target=target, zero_in=zero_in, zero_out=zero_out,
                   factor=FixedMultiplier.of(scale), low=low, high=high)

    @classmethod
    def leaky_relu(cls, source: IntFormat, target: IntFormat, *, alpha: float, scale_in: float,
                   scale_out: float, zero_in: int = 0, zero_out: int = 0) -> RequantiseSpec:
        """TFLite's LEAKY_RELU; ``alpha`` is a float32 number, too."""
        scale = quotient(product=(scale_in,), over=scale_out)
        slope = float(np.float32(scale_in)) * float(np.float32(alpha)) \
            / float(np.float32(scale_out))
        return cls(source=source, target=target, zero_in=zero_in, zero_out=zero_out,
                   factor=FixedMultiplier.of(scale), negative=FixedMultiplier.of(slope),
                   low=target.min, high=target.max)


@dataclass(frozen=True, kw_only=True)
class ConcatSpec:
    """Tensors one behind the other along the last axis, each brought to the result's scale.

    Parameters
    ----------
    ways : tuple of RequantiseSpec
        What every input takes, all of one source and target; TFLite's QUANTIZE in front of
        CONCATENATION.
    channels : tuple of int
        Of every input.
    """

    ways: tuple[RequantiseSpec, ...]
    channels: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.ways or not all(isinstance(way, RequantiseSpec) for way in self.ways):
            raise TypeError(f"ways must be RequantiseSpecs, not {self.ways!r}")
        if len(self.channels) != len(self.ways) or min(self.channels) < 1:
            raise ValueError(f"channels must be {len(self.ways)} positive numbers, "
                             f"not {self.channels}")
        if len({(way.source, way.target) for way in self.ways}) > 1:
            raise ValueError("ways must have one source and one target")

    @property
    def source(self) -> IntFormat:
        """Of every input."""
        return self.ways[0].source

    @property
    def target(self) -> IntFormat:
        """Of the result."""
        return self.ways[0].target
