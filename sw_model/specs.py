"""Parameters of the hardware's units: frozen, checked, and known to every floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .formats import Format, IntFormat, as_index, covering

__all__ = [
    "ArgMaxSpec", "FrameworkRescaleSpec", "MultiplyAddShiftSpec", "RowJob", "TableSpec",
    "ThresholdSpec", "VectorJob",
]


def _require_format(name: str, value: object, kind: type[Format] = Format) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be an {kind.__name__}, not {value!r}"
                        if kind is IntFormat else f"{name} must be a Format, not {value!r}")


def _indices(spec: object, *names: str) -> None:
    """Turn the fields called ``names`` into plain ints; refuse everything else."""
    for name in names:
        object.__setattr__(spec, name, as_index(name, getattr(spec, name)))


def _require_clamp(low: int, high: int, target: Format) -> None:
    if not target.min <= low <= high <= target.max:
        raise ValueError(f"clamp {low} to {high} does not fit {target}, "
                         f"which holds {target.min} to {target.max}")


def _require_clamps(clamps: object, low: int, high: int) -> None:
    """Raise unless ``clamps`` is empty, or several pairs whose hull is ``low`` to ``high``."""
    if not isinstance(clamps, tuple) or not all(
            isinstance(pair, tuple) and len(pair) == 2 for pair in clamps):
        raise TypeError(f"clamps must be a tuple of pairs, not {clamps!r}")
    for pair in clamps:
        if not low <= as_index("clamp", pair[0]) <= as_index("clamp", pair[1]) <= high:
            raise ValueError(f"clamp {pair[0]} to {pair[1]} does not lie in {low} to {high}")
    if len(clamps) == 1:
        raise ValueError("clamps must be several or none: one alone is low and high")


def _require_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


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
            _require_format(name, getattr(self, name))
        for name in ("multiplier", "offset"):
            _require_format(name, getattr(self, name), IntFormat)
        _indices(self, "shift", "low", "high", "signs", "extra_shift")
        _require_least("shift", self.shift, 0)
        _require_least("extra_shift", self.extra_shift, 0)
        _require_clamp(self.low, self.high, self.target)
        _require_clamps(self.clamps, self.low, self.high)
        if self.signs not in (1, 2):
            raise ValueError(f"signs must be 1 or 2, not {self.signs}")
        if self.operand is not None:
            _require_format("operand", self.operand, IntFormat)
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
        Codes of the accumulator (at most 32 bits) and of the result, both integers.
    mode : str
        How to round: a key of :attr:`MODES`.
    zero_point : int or None
        Added after rounding. None if it travels with the multiplier, for units that serve
        layers of several zero points; targets then have at most 30 bits.
    low, high : int
        Least and greatest result.
    multiplier : IntFormat
        Narrowest format of every channel's multiplier: not negative and at most 31 bits
        for the TFLite modes, at most 54 bits with sign for the others.
    exponent_low, exponent_high : int
        Range of the channels' exponents; equal where all channels have the same.
    clamps : tuple of (int, int)
        For units that serve layers of several clamps: their least and greatest results, all
        from ``low`` to ``high``. The number of a channel's pair then travels with the
        multiplier.
    """

    #: Rounding by mode's name; definitions are in :class:`sw_model.ops.rescale.RescaleMode`.
    MODES = ("tflite_double", "tflite_single", "exact_half_even", "floor")

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
            _require_format(name, getattr(self, name))
        _require_format("multiplier", self.multiplier, IntFormat)
        _indices(self, "low", "high", "exponent_low", "exponent_high")
        if self.zero_point is not None:
            _indices(self, "zero_point")
        elif self.target.width > 30:
            raise ValueError(f"target must have at most 30 bits where zero points vary, "
                             f"not {self.target.width}")
        _require_clamp(self.low, self.high, self.target)
        _require_clamps(self.clamps, self.low, self.high)
        if self.mode not in self.MODES:
            raise ValueError(f"mode must be one of {', '.join(self.MODES)}, not {self.mode!r}")
        if self.source.width > 32:
            raise ValueError(f"source must have at most 32 bits, not {self.source.width}")
        limit = 2**31 - 1 if self.is_tflite else 2**53
        if self.multiplier.max > limit or (self.is_tflite and self.multiplier.min < 0):
            raise ValueError(f"multiplier {self.multiplier} is out of range for {self.mode}")
        if self.exponent_low > self.exponent_high:
            raise ValueError(f"exponent_low must not exceed exponent_high, but "
                             f"{self.exponent_low} > {self.exponent_high}")
        if self.mode == "tflite_single" and self.exponent_high > -1:
            raise ValueError(f"exponent_high must be negative for tflite_single, "
                             f"not {self.exponent_high}")

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


@dataclass(frozen=True, kw_only=True)
class ThresholdSpec:
    """``base + sum_k steps[k] * (acc >= thresholds[k])``.

    Parameters
    ----------
    source, target : Format
        Codes that are compared, and codes of the result.
    count : int
        Thresholds of a channel; may be 0.
    signed_steps : bool
        False: every step is +1. True: -1, 0 or +1 (falling staircases, or several pieces).
    threshold : IntFormat or None
        Of the thresholds; by default the narrowest that holds every code of the source and
        the next, which no code reaches.
    """

    source: Format
    target: Format
    count: int
    signed_steps: bool = False
    threshold: IntFormat | None = None

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            _require_format(name, getattr(self, name))
        _indices(self, "count")
        _require_least("count", self.count, 0)
        if not isinstance(self.signed_steps, bool):
            raise TypeError(f"signed_steps must be a bool, not {self.signed_steps!r}")
        if self.threshold is None:
            object.__setattr__(self, "threshold", covering(self.source.min, self.source.max + 1))
        _require_format("threshold", self.threshold, IntFormat)


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """One entry for every code of ``source``, smallest code first.

    Parameters
    ----------
    source, target : Format
        Codes that select an entry (at most 16 bits), and codes of the entries.
    """

    #: Widest code for which a table is legal.
    MAX_WIDTH = 16

    source: Format
    target: Format

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            _require_format(name, getattr(self, name))
        if self.source.width > self.MAX_WIDTH:
            raise ValueError(f"source must have at most {self.MAX_WIDTH} bits, "
                             f"not {self.source.width}")

    @property
    def size(self) -> int:
        """Entries of a table."""
        return self.source.max - self.source.min + 1


@dataclass(frozen=True)
class VectorJob:
    """Vectors of one length that a unit serves in its turn.

    Parameters
    ----------
    length : int
        Elements of a vector.
    vectors : int
        Vectors of one sample.
    """

    length: int
    vectors: int = 1

    def __post_init__(self) -> None:
        _indices(self, "length", "vectors")
        _require_least("length", self.length, 1)
        _require_least("vectors", self.vectors, 1)

    def words(self, lanes: int) -> int:
        """Words of ``lanes`` elements in one vector."""
        return -(-self.length // lanes)


@dataclass(frozen=True)
class RowJob(VectorJob):
    """Vectors whose channels have parameters of their own, rows of a table.

    Parameters
    ----------
    length, vectors : int
        Channels of a vector, and vectors of one sample.
    first : int
        Row of channel 0; the following channels have the following rows.
    shared : bool
        Whether all channels have row ``first`` instead.
    """

    first: int = 0
    shared: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _indices(self, "first")
        _require_least("first", self.first, 0)
        if not isinstance(self.shared, bool):
            raise TypeError(f"shared must be a bool, not {self.shared!r}")

    @property
    def rows(self) -> range:
        """Rows that the job uses."""
        return range(self.first, self.first + (1 if self.shared else self.length))


@dataclass(frozen=True)
class ArgMaxSpec:
    """Index of the largest element of each vector; the lowest index wins ties.

    Parameters
    ----------
    source : Format
        Codes whose order is the order of their values.
    jobs : tuple of VectorJob
        Served cyclically, in this order.
    """

    source: Format
    jobs: tuple[VectorJob, ...]

    def __post_init__(self) -> None:
        _require_format("source", self.source)
        if not self.jobs:
            raise ValueError("jobs must not be empty")
        for job in self.jobs:
            if not isinstance(job, VectorJob):
                raise TypeError(f"jobs must hold VectorJobs, not {job!r}")

    @property
    def target(self) -> IntFormat:
        """Narrowest format of the index."""
        return covering(0, max(job.length for job in self.jobs) - 1)
