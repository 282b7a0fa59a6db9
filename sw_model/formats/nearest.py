"""From reals to the nearest of a list of values: by definition, and by a table of its answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .overflow import Overflow
from .rounding import Rounding

__all__ = ["Boundaries", "Encoder"]

#: Largest table of answers in which all are known.
EXACT_ENTRIES = 1 << 22

#: Size of a table where that is too small; the reals near to a change are then searched.
ENTRIES = 1 << 16

#: Values in one go, so that what is computed on the way stays in the processor's cache.
CHUNK = 1 << 15

#: What the table holds where a value lies outside the range, and where it has no answer.
OUTSIDE, UNKNOWN = -1, -2

#: Roundings that move what is below, and above, all values towards them.
INWARD = ((Rounding.CEILING, Rounding.TOWARD_ZERO), (Rounding.FLOOR, Rounding.TOWARD_ZERO))

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Ascending values, and where reals between two of them go to the upper one.

    Parameters
    ----------
    values : float64, shape (n,)
        Finite, ascending, each once.
    codes : int64, shape (n,)
    limits : float64, shape (n - 1,)
        Reals above ``limits[k]`` are nearer to ``values[k + 1]``, those below to ``values[k]``.
    tie_goes_up : bool, shape (n - 1,)
        Whether a real at the limit itself goes to the even code by going up.
    range : (float, float)
        Reals below the first and above the second are nearer to a value that the format lacks.
        Outermost values: none is near, and every real beyond them is out of range.
    tie_leaves : (bool, bool)
        Whether reals at those limits go there too.
    exact : bool, shape (n - 1,), or None
        Whether a real at the limit is halfway. Where it is not, the limit is the last float64
        before the halfway point, and belongs to the value below. None: everywhere.
    """

    values: Reals
    codes: Codes
    limits: Reals
    tie_goes_up: NDArray[np.bool_]
    range: tuple[float, float]
    tie_leaves: tuple[bool, bool] = (False, False)
    exact: NDArray[np.bool_] | None = None

    @property
    def following(self) -> tuple[float, float]:
        """The values that the format lacks, as far again beyond the range's ends."""
        low, high = self.range
        return 2 * low - float(self.values[0]), 2 * high - float(self.values[-1])

    @classmethod
    def between(cls, values: Reals, codes: Codes) -> Boundaries:
        """Limits halfway; the even code takes ties, of two even or two odd ones the code of
        the smaller magnitude. Nothing beyond the outermost values is in range."""
        low, high = codes[:-1] & 1, codes[1:] & 1
        smaller = np.abs(values[1:]) < np.abs(values[:-1])
        below, above = values[:-1] / 2, values[1:] / 2
        limits = below + above
        # What that sum lost, exactly (Knuth's two-sum).
        part = limits - below
        lost = (below - (limits - part)) + (above - part)
        limits = np.where(lost < 0, np.nextafter(limits, -np.inf), limits)
        return cls(values, codes, limits, np.where(low == high, smaller, high == 0),
                   (float(values[0]), float(values[-1])), exact=lost == 0)


class Encoder:
    """Codes of reals by one rounding and one treatment of overflow.

    The codes that :meth:`search` finds are kept for every interval of float64 in which they
    cannot change, and looked up by the leading bits of a real.

    Parameters
    ----------
    name : str
        Of the format, for messages.
    boundaries : Boundaries
    rounding : Rounding
    overflow : Overflow
        ``SATURATE``, ``ERROR`` or ``SPECIAL``.
    beyond : pair of int, or None
        Codes of what is below and above the range, :data:`OUTSIDE` refuses it; needed under
        ``SPECIAL`` alone.
    infinities : pair of int or None
        Codes of minus and plus infinity; None refuses them.
    nan, minus_zero : int or None
        Their codes.
    """

    def __init__(self, name: str, boundaries: Boundaries, rounding: Rounding, overflow: Overflow,
                 *, beyond: tuple[int, int] | None,
                 infinities: tuple[int | None, int | None], nan: int | None,
                 minus_zero: int | None) -> None:
        self._name, self._boundaries = name, boundaries
        self._rounding, self._overflow = rounding, overflow
        self._beyond = (OUTSIDE, OUTSIDE) if overflow is Overflow.ERROR else beyond
        self._refuses = self._beyond is not None and OUTSIDE in self._beyond
        self._infinities = infinities
        self._nan, self._minus_zero = nan, minus_zero
        self._table = self._make_table()

    def __call__(self, reals: NDArray[np.floating]) -> Codes:
        """The codes of ``reals``, of any floating type and shape.

        Raises
        ------
        ValueError
            If a real is NaN and has no code, or is out of range under ``ERROR``.
        """
        flat = reals.reshape(-1)
        codes = np.empty(flat.shape, np.int64)
        for start in range(0, len(flat), CHUNK):
            # NumPy warns of signalling NaN in narrower types.
            with np.errstate(invalid="ignore"):
                piece = flat[start:start + CHUNK].astype(np.float64, copy=False)
            codes[start:start + CHUNK] = self._chunk(piece)
        return codes.reshape(reals.shape)

    def _chunk(self, reals: Reals) -> Codes:
        finite = np.isfinite(reals)
        if not finite.all():
            codes = np.empty(reals.shape, np.int64)
            codes[finite] = self._chunk(reals[finite])
            codes[~finite] = self._specials(reals[~finite])
            return codes
        if self._table is None:
            codes = self.search(reals)
        else:
            codes = self._table.look_up(reals)
            if self._table.gaps:
                unknown = np.flatnonzero(codes == UNKNOWN)
                codes[unknown] = self.search(reals[unknown])
        if self._refuses and len(codes) and codes.min() == OUTSIDE:
            raise ValueError(f"{reals[codes == OUTSIDE][0]} lies outside {self._name}")
        return codes

    def _specials(self, reals: Reals) -> Codes:
        nans = np.isnan(reals)
        if nans.any() and self._nan is None:
            raise ValueError(f"NaN has no code in {self._name}")
        codes = np.empty(reals.shape, np.int64)
        codes[nans] = self._nan or 0
        for place, wanted in enumerate((reals == -np.inf, reals == np.inf)):
            if not wanted.any():
                continue
            code = self._infinities[place]
            if code is None:
                raise ValueError(f"{reals[wanted][0]} lies outside {self._name}")
            codes[wanted] = code
        return codes

    def search(self, reals: Reals) -> Codes:
        """The definition: codes of finite reals, :data:`OUTSIDE` for those that are refused."""
        edges = self._boundaries
        last = len(edges.values) - 1
        lower = np.clip(np.searchsorted(edges.values, reals, side="right") - 1, 0, last)
        codes = edges.codes[lower + (self._goes_up(reals, lower) if last else 0)]
        if self._minus_zero is not None:
            zero = edges.codes[np.searchsorted(edges.values, 0.0)]
            codes = np.where((codes == zero) & np.signbit(reals), self._minus_zero, codes)
        for place, outside in enumerate(self._outside(reals)):
            if self._beyond is not None:
                codes = np.where(outside, self._beyond[place], codes)
        return np.asarray(codes, np.int64)

    def _goes_up(self, reals: Reals, lower: Codes) -> NDArray[np.bool_]:
        """Whether a real goes to the value above ``lower``, if there is one."""
        edges = self._boundaries
        place = np.minimum(lower, len(edges.limits) - 1)
        between = (reals > edges.values[lower]) & (lower < len(edges.limits))
        limit = edges.limits[place]
        match self._rounding:
            case Rounding.FLOOR:
                return np.zeros(reals.shape, np.bool_)
            case Rounding.CEILING:
                return between
            case Rounding.TOWARD_ZERO:
                return between & (reals < 0)
            case Rounding.AWAY_FROM_ZERO:
                return between & (reals > 0)
            case Rounding.HALF_EVEN:
                tie = edges.tie_goes_up[place]
            case Rounding.HALF_UP:
                tie = np.ones(reals.shape, np.bool_)
            case Rounding.HALF_AWAY:
                tie = reals > 0
            case Rounding.HALF_TOWARD_ZERO:
                tie = reals < 0
        halfway = reals == limit if edges.exact is None else (reals == limit) & edges.exact[place]
        return np.asarray(between & ((reals > limit) | (halfway & tie)))

    def _outside(self, reals: Reals) -> list[NDArray[np.bool_]]:
        """Which reals round to what is below, and above, all values."""
        edges, found = self._boundaries, []
        ties = {Rounding.HALF_EVEN: edges.tie_leaves, Rounding.HALF_UP: (False, True),
                Rounding.HALF_AWAY: (True, True), Rounding.HALF_TOWARD_ZERO: (False, False)}
        for place, sign in enumerate((-1, 1)):
            size, most = sign * reals, sign * edges.values[-place]
            limit, following = sign * edges.range[place], sign * edges.following[place]
            outside = size > most
            if limit > most and self._rounding in INWARD[place]:
                # What would be infinite stops at the largest (IEEE 754, 7.4), but is an error.
                stops = self._overflow is not Overflow.ERROR
                outside = outside & False if stops else size >= following
            elif limit > most and self._rounding in ties:
                leaves = ties[self._rounding][place]
                outside = (size > limit) | ((size == limit) & leaves)
            found.append(outside)
        return found

    def _make_table(self) -> _Answers | None:
        edges = self._boundaries
        turns = np.concatenate([edges.values, edges.limits, edges.range, edges.following])
        turns = np.abs(turns[np.isfinite(turns) & (turns != 0)])
        return _Answers(self, turns) if len(turns) else None


class _Answers:
    """What :meth:`Encoder.search` says, by sign, exponent and leading bits of a real, and by
    whether it has other bits.

    Parameters
    ----------
    encoder : Encoder
    turns : float64
        Magnitudes, from 2**-1000 to 2**1000, at or just above which answers change.
    """

    def __init__(self, encoder: Encoder, turns: Reals) -> None:
        mantissas, exponents = np.frexp(turns)
        least, most = int(exponents.min()) - 1, int(exponents.max())
        whole = (mantissas * 2.0**53).astype(np.int64)
        # Leading bits behind the first, of which all turns are multiples.
        bits = 52 - int(np.log2((whole & -whole).astype(np.float64)).min())
        if (most - least) << bits > EXACT_ENTRIES:
            bits = int(np.log2(ENTRIES / (most - least)))
        self._drop = 52 - bits
        self._first = (least + 1023) << bits
        count = (most - least) << bits
        starts = ((np.arange(count) + self._first) << self._drop).view(np.float64)
        middles = (((np.arange(count) + self._first) << self._drop)
                   + (1 << self._drop >> 1)).view(np.float64)
        # Before the first interval zero and all that is smaller, behind the last all the rest.
        tiny, huge = 2.0 ** (least - 1), 2.0 ** (most + 1)
        both = np.empty((count + 2, 2))
        both[0], both[-1] = (0.0, tiny), huge
        both[1:-1, 0], both[1:-1, 1] = starts, middles
        self._half = both.size
        signed = np.concatenate([both.ravel(), -both.ravel()])
        self._last = count + 1
        self._codes = encoder.search(signed).astype(np.int32)
        inside = self._places(turns)
        inside = inside[inside & 1 == 1]
        self._codes[inside] = self._codes[inside + self._half] = UNKNOWN
        #: Whether there are reals of which the answer is not known.
        self.gaps = len(inside) > 0

    def look_up(self, reals: Reals) -> Codes:
        """Codes of finite reals, :data:`UNKNOWN` where answers change within an interval."""
        return np.take(self._codes, self._places(reals)).astype(np.int64)

    def _places(self, reals: Reals) -> NDArray[np.int64]:
        raw = np.ascontiguousarray(reals).view(np.int64)
        magnitude = raw & np.int64(2**63 - 1)
        place = magnitude >> self._drop
        place -= self._first - 1
        np.clip(place, 0, self._last, out=place)
        place <<= 1
        rest = magnitude & np.int64((1 << self._drop) - 1)
        place += rest != 0
        # Below the first interval only zero itself has no other bits.
        np.copyto(place, 1, where=(place == 0) & (magnitude != 0))
        place += (raw < 0) * np.int64(self._half)
        return place
