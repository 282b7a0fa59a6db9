"""Powers of two as scales: a shift, rounded as one likes, or at random."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import FixedFormat, Format, IntFormat, Overflow, Rounding
from .checks import indices, require_clamp, require_format, require_least
from .lfsr import MOST_BITS, require_state

__all__ = ["ShiftSpec", "Shifts", "StochasticShiftSpec"]


@dataclass(frozen=True, kw_only=True)
class Shifts:
    """What both have in common: one shift for all channels or one for each, and a clamp.

    Parameters
    ----------
    source, target : Format
        Codes of the number and of the result, both integers.
    shift_low, shift_high : int
        Least and greatest shift of the channels.
    low, high : int or None
        Least and greatest result; by default the target's.
    """

    #: Bits of a number on its way, and places by which it moves, at most.
    ROOM = 62

    source: Format
    target: Format
    shift_low: int
    shift_high: int
    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        for name, end in (("source", None), ("target", None), ("low", "min"), ("high", "max")):
            if end is None:
                require_format(name, getattr(self, name))
            elif getattr(self, name) is None:
                object.__setattr__(self, name, getattr(self.target, end))
        indices(self, "shift_low", "shift_high", "low", "high")
        require_clamp(*self.clamp, self.target)

    def _require(self, least: int, left: int) -> None:
        """Raise ValueError unless shifts are from ``least`` up, and there is room for ``left``
        bits below a code."""
        if not least <= self.shift_low <= self.shift_high <= self.ROOM:
            raise ValueError(f"shifts must be from {least} to {self.ROOM} in this order, "
                             f"not {self.shift_low} and {self.shift_high}")
        if self.source.width + left > self.ROOM:
            raise ValueError(f"source must have at most {self.ROOM - left} bits, "
                             f"not {self.source.width}")

    @property
    def clamp(self) -> tuple[int, int]:
        """Least and greatest result."""
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    @property
    def shifts(self) -> int:
        """Number of different shifts."""
        return self.shift_high - self.shift_low + 1

    def distance_of(self, shift: int) -> int:
        """What travels in the parameter stream for ``shift``.

        Raises
        ------
        ValueError
            If the shift is out of the spec's range.
        """
        if not self.shift_low <= shift <= self.shift_high:
            raise ValueError(f"shift must be {self.shift_low} to {self.shift_high}, not {shift}")
        return shift - self.shift_low


@dataclass(frozen=True, kw_only=True)
class ShiftSpec(Shifts):
    """``overflow(round(x / 2**shift))``, one shift for all channels or one for each.

    Parameters
    ----------
    source, target : Format
        Codes of the number and of the result, both integers.
    shift_low, shift_high : int
        Least and greatest shift of the channels, -62 to 62; a negative one goes to the left.
        The source has at most 62 bits after the one that goes furthest to the left.
    low, high : int or None
        Least and greatest result; by default the target's.
    rounding : Rounding
    overflow : Overflow
        SATURATE: to ``low`` to ``high``. WRAP: to the target's bits, of which ``low`` and
        ``high`` are then the ends.
    """

    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(-self.ROOM, max(-self.shift_low, 0))
        if not isinstance(self.rounding, Rounding):
            raise TypeError(f"rounding must be a Rounding, not {self.rounding!r}")
        if self.overflow not in (Overflow.SATURATE, Overflow.WRAP):
            raise ValueError(f"overflow must be saturate or wrap, not {self.overflow!r}")
        if self.overflow is Overflow.WRAP and self.clamp != (self.target.min, self.target.max):
            raise ValueError(f"what wraps has no other clamp than {self.target.min} to "
                             f"{self.target.max}, not {self.low} to {self.high}")

    @classmethod
    def cast(cls, source: IntFormat | FixedFormat, target: IntFormat | FixedFormat, *,
             rounding: Rounding = Rounding.FLOOR, overflow: Overflow = Overflow.WRAP
             ) -> ShiftSpec:
        """From one fixed point to another, by default as HLS's ``ap_fixed`` does it.

        QFX's ``cast``: RND_CONV is HALF_EVEN, RND is HALF_UP, TRN is FLOOR.
        """
        shift = target.lsb - source.lsb
        return cls(source=source, target=target, shift_low=shift, shift_high=shift,
                   rounding=rounding, overflow=overflow)


@dataclass(frozen=True, kw_only=True)
class StochasticShiftSpec(Shifts):
    """``clamp(floor(x / 2**shift + r))``, ``r`` drawn from ``bits`` random bits, below 1.

    Parameters
    ----------
    source, target : Format
        Codes of the number and of the result, both integers.
    shift_low, shift_high : int
        Least and greatest shift of the channels, 0 to 62.
    low, high : int or None
        Least and greatest result; by default the target's.
    seeds : tuple of int
        State of each lane's generator after reset, 1 to 2**31 - 1: see
        :mod:`sw_model.specs.lfsr`. As many as the unit has lanes, on which its results
        therefore depend.
    bits : int
        Random bits that an element draws, 1 to 18. A channel whose shift is no more than
        ``bits`` is rounded without bias; others lose the bits beyond first, and are too low by
        less than ``2**-bits``.
    """

    seeds: tuple[int, ...]
    bits: int

    def __post_init__(self) -> None:
        super().__post_init__()
        indices(self, "bits")
        if not 1 <= self.bits <= MOST_BITS:
            raise ValueError(f"bits must be 1 to {MOST_BITS}, not {self.bits}")
        self._require(0, self.bits)
        if not isinstance(self.seeds, tuple):
            raise TypeError(f"seeds must be a tuple, not {self.seeds!r}")
        require_least("the number of seeds", len(self.seeds), 1)
        object.__setattr__(self, "seeds", tuple(
            require_state(f"seed {k}", seed) for k, seed in enumerate(self.seeds)))

    @property
    def lanes(self) -> int:
        """One for each seed."""
        return len(self.seeds)
