"""Rescale units: the compiler's form, and the frameworks' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..formats import Format, IntFormat, Rounding, covering
from .checks import indices, require_clamp, require_clamps, require_format, require_least

__all__ = ["EXACT_ROUNDINGS", "FrameworkRescaleSpec", "MultiplyAddShiftSpec"]

#: How the modes that round the exact product round it.
EXACT_ROUNDINGS = {
    "exact_half_even": Rounding.HALF_EVEN, "exact_half_away": Rounding.HALF_AWAY,
    "exact_half_up": Rounding.HALF_UP, "exact_half_toward_zero": Rounding.HALF_TOWARD_ZERO,
    "floor": Rounding.FLOOR, "ceiling": Rounding.CEILING, "toward_zero": Rounding.TOWARD_ZERO,
    "away_from_zero": Rounding.AWAY_FROM_ZERO}


@dataclass(frozen=True, kw_only=True)
class MultiplyAddShiftSpec:
    """``clamp((acc * M + B) >> shift, low, high)``, ``B`` chosen by the accumulator's sign.

    Parameters
    ----------
    source, target : Format
        Codes of the accumulator and of the result, both integers.
    shift : int
        Bits that all channels drop, rounding down.
    low, high : int
        Least and greatest result.
    multiplier, offset : IntFormat
        Narrowest formats of every channel's ``M`` and ``B``.
    signs : int
        1: one offset; 2: one for accumulators from zero up, one for negative ones.
    operand : IntFormat or None
        If narrower than ``source``, the accumulator is saturated to it in front of the
        multiplier; if unsigned, negative ones become 0 and take the offset of 0. Exact only
        where :meth:`operand_for` says so.
    extra_shift : int
        Most bits that a channel drops beyond ``shift``, for units that serve layers of
        several shifts. If not 0, the distance travels with ``M`` and ``B``.
    clamps : tuple of (int, int)
        For units that serve layers of several clamps: their least and greatest results, all
        from ``low`` to ``high``. The number of a channel's pair then travels with ``M`` and
        ``B``.
    """

    source: Format
    target: Format
    shift: int
    low: int
    high: int
    multiplier: IntFormat
    offset: IntFormat
    signs: int = 1
    operand: IntFormat | None = None
    extra_shift: int = 0
    clamps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name))
        for name in ("multiplier", "offset"):
            require_format(name, getattr(self, name), IntFormat)
        indices(self, "shift", "low", "high", "signs", "extra_shift")
        require_least("shift", self.shift, 0)
        require_least("extra_shift", self.extra_shift, 0)
        require_clamp(self.low, self.high, self.target)
        require_clamps(self.clamps, self.low, self.high)
        if self.signs not in (1, 2):
            raise ValueError(f"signs must be 1 or 2, not {self.signs}")
        if self.operand is not None:
            require_format("operand", self.operand, IntFormat)
            if self.operand.min < 0 <= self.source.min:
                raise ValueError(f"operand {self.operand} must be unsigned, as the source "
                                 f"{self.source} is")

    @property
    def operand_range(self) -> tuple[int, int]:
        """Least and greatest accumulator that reaches the multiplier."""
        if self.operand is None:
            return self.source.min, self.source.max
        return max(self.source.min, self.operand.min), min(self.source.max, self.operand.max)

    @property
    def total(self) -> IntFormat:
        """Narrowest format of ``acc * M + B``."""
        corners = [acc * m for acc in self.operand_range
                   for m in (self.multiplier.min, self.multiplier.max)]
        return covering(min(corners) + self.offset.min, max(corners) + self.offset.max)

    def result(self, acc: int, multiplier: int, offsets: Sequence[int], extra: int = 0,
               clamp: int = 0) -> int:
        """The result for one accumulator, in Python's integers."""
        total = acc * multiplier + (offsets[-1] if acc < 0 else offsets[0])
        low, high = self.clamps[clamp] if self.clamps else (self.low, self.high)
        return max(low, min(high, total >> self.shift + extra))

    def operand_for(self, multipliers: Sequence[int], offsets: Sequence[Sequence[int]],
                    extras: Sequence[int] | None = None,
                    clamps: Sequence[int] | None = None) -> IntFormat:
        """Narrowest ``operand`` that leaves every channel's function as it is.

        Among accumulators of one sign a channel's function is monotone. So if it has the
        same value at the operand's end as at the source's end, it is constant in between,
        and saturation changes nothing. An unsigned operand does for a signed source where
        all negative accumulators give what 0 gives (a ReLU at the lower clamp).

        Parameters
        ----------
        multipliers : one integer for each channel
        offsets : 1 or 2 integers for each channel
        extras : one integer for each channel, or None
            Bits dropped beyond ``shift``.
        clamps : one integer for each channel, or None
            Numbers of their pairs.
        """
        none = [0] * len(multipliers)
        channels = [(int(m), [int(b) for b in row], int(extra), int(clamp))
                    for m, row, extra, clamp in zip(
                        multipliers, offsets, extras or none, clamps or none, strict=True)]
        for width in range(1, self.source.width):
            for signed in (False, True) if self.source.min < 0 else (False,):
                operand = IntFormat(width, signed)
                if all(self.result(inner, *channel) == self.result(outer, *channel)
                       for channel in channels for inner, outer in self._ends(operand)):
                    return operand
        return IntFormat(self.source.width, self.source.min < 0)

    def _ends(self, operand: IntFormat) -> list[tuple[int, int]]:
        """Pairs of accumulators that must agree for ``operand`` to do."""
        # A source such as ternary does not reach its format's ends.
        low, high = max(operand.min, self.source.min), min(operand.max, self.source.max)
        ends = [(low, self.source.min), (high, self.source.max)]
        return [*ends, (low, -1)] if self.source.min < 0 <= low else ends


@dataclass(frozen=True, kw_only=True)
class FrameworkRescaleSpec:
    """``clamp(round(acc * multiplier * 2**exponent) + zero_point, low, high)``.

    Parameters
    ----------
    source, target : Format
        Codes of the accumulator (at most 32 bits; 48 for ``tflite_single`` with multipliers of
        at most 15 bits, as TFLite's int16 operators have them) and of the result, both integers.
    mode : str
        How to round: a key of :attr:`MODES`.
    zero_point : int or None
        Added after rounding. None if it travels with the multiplier, for units that serve
        layers of several zero points; targets then have at most 30 bits.
    low, high : int
        Least and greatest result.
    multiplier : IntFormat
        Narrowest format of every channel's multiplier: not negative and at most 31 bits
        for the TFLite modes, not negative and at most 24 or 53 bits for those of floats, at
        most 54 bits with sign for the others.
    exponent_low, exponent_high : int
        Range of the channels' exponents; equal where all channels have the same. At most 64
        where the product is rounded as a float.
    clamps : tuple of (int, int)
        For units that serve layers of several clamps: their least and greatest results, all
        from ``low`` to ``high``. The number of a channel's pair then travels with the
        multiplier.
    """

    #: Rounding by mode's name; definitions are in :class:`sw_model.ops.rescale.RescaleMode`.
    MODES = ("tflite_double", "tflite_ruy", "tflite_single", "float64_half_away",
             "float32_half_even", *EXACT_ROUNDINGS)
    #: Bits to which the modes that multiply floats round the product, and the accumulator.
    PRECISIONS: ClassVar[dict[str, int]] = {"float64_half_away": 53, "float32_half_even": 24}

    #: The greatest exponent of those modes.
    FLOAT_EXPONENT = 64

    source: Format
    target: Format
    mode: str
    zero_point: int | None
    low: int
    high: int
    multiplier: IntFormat
    exponent_low: int
    exponent_high: int
    clamps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            require_format(name, getattr(self, name))
        require_format("multiplier", self.multiplier, IntFormat)
        indices(self, "low", "high", "exponent_low", "exponent_high")
        if self.zero_point is not None:
            indices(self, "zero_point")
        elif self.target.width > 30:
            raise ValueError(f"target must have at most 30 bits where zero points vary, "
                             f"not {self.target.width}")
        require_clamp(self.low, self.high, self.target)
        require_clamps(self.clamps, self.low, self.high)
        if self.mode not in self.MODES:
            raise ValueError(f"mode must be one of {', '.join(self.MODES)}, not {self.mode!r}")
        most = 48 if self.mode == "tflite_single" and self.multiplier.max < 2**15 else 32
        if self.source.width > most:
            raise ValueError(f"source must have at most {most} bits, not {self.source.width}")
        limit = 2**31 - 1 if self.is_tflite else 2 ** (self.precision or 53)
        unsigned = self.is_tflite or self.precision is not None
        if self.multiplier.max > limit or (unsigned and self.multiplier.min < 0):
            raise ValueError(f"multiplier {self.multiplier} is out of range for {self.mode}")
        if self.exponent_low > self.exponent_high:
            raise ValueError(f"exponent_low must not exceed exponent_high, but "
                             f"{self.exponent_low} > {self.exponent_high}")
        if self.mode == "tflite_single" and self.exponent_high > -1:
            raise ValueError(f"exponent_high must be negative for tflite_single, "
                             f"not {self.exponent_high}")
        if self.precision and self.exponent_high > self.FLOAT_EXPONENT:
            raise ValueError(f"exponent_high must be at most {self.FLOAT_EXPONENT} for "
                             f"{self.mode}, not {self.exponent_high}")

    @classmethod
    def full(cls, *, target: Format, zero_point: int | None, low: int, high: int,
             exponent_low: int, exponent_high: int,
             mode: str = "tflite_double") -> FrameworkRescaleSpec:
        """As the framework has it: a 32-bit accumulator and a 31-bit multiplier."""
        return cls(source=IntFormat(32), target=target, mode=mode, zero_point=zero_point,
                   low=low, high=high, multiplier=IntFormat(31, signed=False),
                   exponent_low=exponent_low, exponent_high=exponent_high)

    @property
    def is_tflite(self) -> bool:
        """Whether the mode is one of TFLite's."""
        return self.mode.startswith("tflite")

    @property
    def rounds_twice(self) -> bool:
        """Whether the product loses 31 bits in a rounding of its own."""
        return self.mode in ("tflite_double", "tflite_ruy")

    @property
    def precision(self) -> int | None:
        """Bits of the product, if it is that of floats."""
        return self.PRECISIONS.get(self.mode)

    @property
    def rounding(self) -> Rounding:
        """Of what becomes an integer at the end (for ``tflite_double``: after its nudge)."""
        floats = {"float64_half_away": Rounding.HALF_AWAY, "float32_half_even": Rounding.HALF_EVEN}
        return EXACT_ROUNDINGS.get(self.mode) or floats.get(self.mode, Rounding.HALF_UP)

    @property
    def shifts(self) -> int:
        """Number of different exponents."""
        return self.exponent_high - self.exponent_low + 1

    def shift_of(self, exponent: int) -> int:
        """How far to shift right: what travels in the parameter stream for ``exponent``.

        Raises
        ------
        ValueError
            If the exponent is out of the spec's range.
        """
        if not self.exponent_low <= exponent <= self.exponent_high:
            raise ValueError(f"exponent must be {self.exponent_low} to {self.exponent_high}, "
                             f"not {exponent}")
        return self.exponent_high - exponent
