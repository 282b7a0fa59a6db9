"""Windows over images, and means: what pooling needs to know."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..formats import IntFormat
from .checks import indices, require_clamp, require_format, require_least
from .multiplier import FixedMultiplier
from .requantise import activation_range, quotient, require_zero_point

__all__ = ["MeanSpec", "PoolSpec", "WindowAxis"]


@dataclass(frozen=True)
class WindowAxis:
    """A window that slides along an axis.

    Parameters
    ----------
    size : int
        Elements of the axis.
    kernel, stride : int
        Elements of the window, and from one window to the next.
    before, after : int
        Padding at both ends, less than the kernel, so that no window is padding alone. Windows
        begin at ``-before`` and end within ``size + after``.
    """

    size: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0

    def __post_init__(self) -> None:
        indices(self, "size", "kernel", "stride", "before", "after")
        for name, least in (("size", 1), ("kernel", 1), ("stride", 1), ("before", 0),
                            ("after", 0)):
            require_least(name, getattr(self, name), least)
        if max(self.before, self.after) >= self.kernel:
            raise ValueError(f"padding must be less than the kernel of {self.kernel}, "
                             f"not {self.before} and {self.after}")
        if self.size + self.before + self.after < self.kernel:
            raise ValueError(f"a kernel of {self.kernel} does not fit an axis of {self.size} "
                             f"with padding of {self.before} and {self.after}")

    @classmethod
    def same(cls, size: int, kernel: int, stride: int = 1) -> WindowAxis:
        """TFLite's SAME padding: ``ceil(size / stride)`` windows, the odd place at the end.

        >>> WindowAxis.same(5, 4, 2)
        WindowAxis(size=5, kernel=4, stride=2, before=1, after=2)
        """
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return cls(size, kernel, stride, missing // 2, missing - missing // 2)

    @property
    def outputs(self) -> int:
        """Number of windows."""
        return (self.size + self.before + self.after - self.kernel) // self.stride + 1

    @property
    def steps(self) -> int:
        """Elements up to the end of the last window, or of the axis if that is further."""
        return max(self.size, (self.outputs - 1) * self.stride - self.before + self.kernel)

    def taps(self, window: int) -> int:
        """Elements of a window that are no padding."""
        start = window * self.stride - self.before
        return min(start + self.kernel, self.size) - max(start, 0)


@dataclass(frozen=True, kw_only=True)
class PoolSpec:
    """Average or maximum of windows, channel by channel, in one scale.

    Parameters
    ----------
    format : IntFormat
        Of input and result, of at most 16 bits.
    axes : tuple of WindowAxis
        Of the image, outermost first; channels come last and are not among them. Sums of a
        window with half its elements stay within TFLite's 32 bits: at most 65,535 elements of 16
        bits.
    low, high : int
        Least and greatest result.
    count_padding : bool
        Whether averages divide by the whole window where padding is in it (ONNX's
        ``count_include_pad``), which counts as code 0; else by the elements of the image.
    """

    format: IntFormat
    axes: tuple[WindowAxis, ...]
    low: int
    high: int
    count_padding: bool = False

    def __post_init__(self) -> None:
        require_format("format", self.format, IntFormat)
        if self.format.width > 16:
            raise ValueError(f"format must have at most 16 bits, not {self.format.width}")
        if not self.axes or not all(isinstance(axis, WindowAxis) for axis in self.axes):
            raise TypeError(f"axes must be WindowAxes, not {self.axes!r}")
        # A sum of magnitude m * n gains n / 2, rounded down, before it is divided by n.
        magnitude = max(self.format.max, -self.format.min)
        most = ((1 << 32) - 1) // (2 * magnitude + 1)
        if self.kernel > most:
            raise ValueError(f"windows of {self.format} must have at most {most} elements, so that "
                             f"sums stay within 32 bits, not {self.kernel}")
        indices(self, "low", "high")
        require_clamp(self.low, self.high, self.format)
        if not isinstance(self.count_padding, bool):
            raise TypeError(f"count_padding must be a bool, not {self.count_padding!r}")

    @classmethod
    def of(cls, format: IntFormat, *axes: WindowAxis, activation: str = "none",
           scale: float = 1.0, zero_point: int = 0, count_padding: bool = False) -> PoolSpec:
        """TFLite's AVERAGE_POOL_2D or MAX_POOL_2D with a fused activation."""
        low, high = activation_range(activation, format, scale, zero_point)
        return cls(format=format, axes=axes, low=low, high=high, count_padding=count_padding)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the image."""
        return tuple(axis.size for axis in self.axes)

    @property
    def outputs(self) -> tuple[int, ...]:
        """Windows along every axis."""
        return tuple(axis.outputs for axis in self.axes)

    @property
    def kernel(self) -> int:
        """Elements of a whole window."""
        return math.prod(axis.kernel for axis in self.axes)


@dataclass(frozen=True, kw_only=True)
class MeanSpec:
    """``clamp(f(sum x - count * zero_in, factor) + zero_out)``, ``f`` being TFLite's product
    with two roundings.

    Parameters
    ----------
    source, target : IntFormat
        Of at most 16 bits.
    count : int
        Elements of each sum.
    zero_in, zero_out : int
        Codes of 0.
    factor : FixedMultiplier
        The source's scale over the target's and over the count.
    low, high : int
        Least and greatest result.
    """

    source: IntFormat
    target: IntFormat
    count: int
    zero_in: int
    zero_out: int
    factor: FixedMultiplier
    low: int
    high: int

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name), IntFormat)
            if getattr(self, name).width > 16:
                raise ValueError(f"{name} must have at most 16 bits, not "
                                 f"{getattr(self, name).width}")
        indices(self, "count", "zero_in", "zero_out", "low", "high")
        require_least("count", self.count, 1)
        require_zero_point("zero_in", self.zero_in, self.source)
        require_zero_point("zero_out", self.zero_out, self.target)
        require_clamp(self.low, self.high, self.target)
        if not isinstance(self.factor, FixedMultiplier):
            raise TypeError(f"factor must be a FixedMultiplier, not {self.factor!r}")
        if not self.factor.holds(self.most_sum):
            raise ValueError(f"sums up to {self.most_sum} leave 32 bits in TFLite's left shift by "
                             f"{self.factor.shift}")

    @property
    def most_sum(self) -> int:
        """Greatest magnitude of a sum less its zero points."""
        return self.count * max(self.source.max - self.zero_in, self.zero_in - self.source.min)

    @classmethod
    def of(cls, source: IntFormat, target: IntFormat, count: int, *, scale_in: float,
           scale_out: float, zero_in: int = 0, zero_out: int = 0) -> MeanSpec:
        """TFLite's MEAN: the division is folded into the multiplier, rounded down.

        >>> MeanSpec.of(IntFormat(8), IntFormat(8), 5, scale_in=0.5, scale_out=0.5).factor
        FixedMultiplier(multiplier=858993459, exponent=-32)
        """
        require_least("count", count, 1)
        whole = FixedMultiplier.of(quotient(product=(scale_in,), over=scale_out))
        room = min(count.bit_length() - 1, 32, 31 + whole.shift)
        factor = FixedMultiplier((whole.multiplier << room) // count, whole.exponent - room)
        return cls(source=source, target=target, count=count, zero_in=zero_in, zero_out=zero_out,
                   factor=factor, low=target.min, high=target.max)
