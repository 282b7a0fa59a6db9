"""The smallest piecewise polynomial of a function within a bound, proven code by code.

The search is over the degree, the number of segments (a power of two) and the fraction bits of
the coefficients. Slopes are those of the polynomials through Chebyshev's nodes, which are near
the best; the constant of each segment is then put where the integer unit itself, with all that
its multipliers cut off, errs alike to both sides. So what is searched, measured and built is the
same integer arithmetic.

The error of a segment of length ``h`` is about ``h * max|f'| / 2`` for constants,
``h**2 * max|f''| / 16`` for lines and ``h**3 * max|f'''| / 192`` for parabolas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .formats import Format
from .functions import RealFunction, named_function
from .ops.piecewise import piecewise
from .specs import PiecewiseSpec
from .specs.checks import require_number

__all__ = ["MAX_WIDTH", "Approximation", "chebyshev_fit", "find_piecewise"]

#: Widest source whose codes are all tried.
MAX_WIDTH = 16

#: Most fraction bits of coefficients beyond those of the result.
MOST_GUARD = 6

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Approximation:
    """What was found, and the proof.

    Parameters
    ----------
    spec : PiecewiseSpec
    bound : float
        What was asked for: the most that any result may be off.
    error : float
        The most that any is.
    worst : int
        The code of the first that is off so much.
    codes : int
        All codes from ``spec.low`` to ``spec.high``, each of which was tried.
    candidates : int
        Forms that were fitted; of those left out none could be smaller.
    """

    spec: PiecewiseSpec
    bound: float
    error: float
    worst: int
    codes: int
    candidates: int


def find_piecewise(function: str | Callable[[Any], Any], *, source: Format, target: Format,
                   bound: float, low: float | None = None, high: float | None = None,
                   degrees: Sequence[int] = (0, 1, 2)) -> Approximation:
    """The form of least :attr:`.PiecewiseSpec.cost` that keeps ``bound`` for every code.

    Among equals the one of lower degree, then of fewer segments, then of shorter coefficients.

    Parameters
    ----------
    function : str or callable
        A name of :data:`sw_model.functions.FUNCTIONS`, or a function of float64 arrays.
    source, target : Format
        Integers or fixed point; ``source`` of at most 16 bits. Values of the function beyond
        ``target`` count as its ends.
    bound : float
        The most that a result may be off, as a real number.
    low, high : float, optional
        The range, ``low <= x < high``; by default all of ``source``. Codes outside give what
        the nearest code inside gives.
    degrees : sequence of int, optional
        Degrees to choose from.

    Raises
    ------
    ValueError
        If no form keeps the bound: the best is named. If the source is too wide, the range is
        empty, or the function has no value somewhere in it.

    Source: J.-M. Muller, "Elementary functions", 3rd edition 2016, chapters 3 and 6.

    >>> from sw_model.formats import FixedFormat
    >>> found = find_piecewise("sigmoid", source=FixedFormat(8, 4), target=FixedFormat(9, 8),
    ...                        bound=2**-8)
    >>> found.spec.degree, found.spec.segments, found.error <= 2**-8, found.codes
    (2, 8, True, 256)
    """
    search = _Search(named_function(function), source, target, low, high)
    if not bound > 0:
        raise ValueError(f"bound must be positive, not {bound!r}")
    if not degrees or not set(degrees) <= {0, 1, 2}:
        raise ValueError(f"degrees must be some of 0, 1 and 2, not {tuple(degrees)}")
    found: Approximation | None = None
    best: Approximation | None = None
    count = 0
    for degree, offset_bits in search.shapes(degrees):
        # Every coefficient has a bit at least.
        if found and (degree + 1) * search.segments(offset_bits) > found.spec.cost:
            continue
        for spec in search.fitted(degree, offset_bits):
            count += 1
            if found and _rank(spec) >= _rank(found.spec):
                continue
            tried = search.proven(spec, bound)
            if best is None or tried.error < best.error:
                best = tried
            if tried.error <= bound:
                found = tried
    if found is None:
        assert best is not None
        kind = ("constants", "lines", "parabolas")[best.spec.degree]
        raise ValueError(
            f"no form keeps a bound of {bound:.6g} in {target}: the best, {best.spec.segments} "
            f"{kind}, is off by {best.error:.6g} at {best.worst * 2.0**source.lsb:.6g}")
    return replace(found, candidates=count)


def chebyshev_fit(function: RealFunction, start: Reals, length: Reals, degree: int) -> Reals:
    """Polynomials through ``degree + 1`` Chebyshev nodes of each interval.

    Parameters
    ----------
    function : callable
    start, length : float64, shape (intervals,)
    degree : int
        0, 1 or 2.

    Returns
    -------
    float64, shape (degree + 1, intervals)
        Coefficients of the powers of ``x - start``, the constant first.
    """
    angles = (2 * np.arange(degree + 1) + 1) * math.pi / (2 * degree + 2)
    nodes = length[:, None] * (1 - np.cos(angles)) / 2
    values = function(start[:, None] + nodes)
    # Divided differences; none where all nodes are one.
    table = [values]
    for order in range(1, degree + 1):
        apart = nodes[:, order:] - nodes[:, :-order]
        table.append(np.divide(table[-1][:, 1:] - table[-1][:, :-1], apart,
                               out=np.zeros_like(apart), where=apart != 0))
    first, *rest = (row[:, 0] for row in table)
    fitted = [first]
    if degree >= 1:
        fitted = [first - rest[0] * nodes[:, 0], rest[0]]
    if degree == 2:
        fitted = [fitted[0] + rest[1] * nodes[:, 0] * nodes[:, 1],
                  rest[0] - rest[1] * (nodes[:, 0] + nodes[:, 1]), rest[1]]
    return np.stack(fitted)


def _rank(spec: PiecewiseSpec) -> tuple[int, int, int, int]:
    return spec.cost, spec.degree, spec.segments, spec.guard


class _Search:
    """A function in units of the target, at every code of a range of the source."""

    def __init__(self, function: RealFunction, source: Format, target: Format,
                 low: float | None, high: float | None) -> None:
        for name, form in (("source", source), ("target", target)):
            require_number(name, form)
        if source.width > MAX_WIDTH:
            raise ValueError(f"source must have at most {MAX_WIDTH} bits, so that every code can "
                             f"be tried, not the {source.width} of {source}")
        if target.width > 32:
            raise ValueError(f"target must have at most 32 bits, not {target.width}")
        self.function, self.source, self.target = function, source, target
        unit = 2.0**-source.lsb
        self.low = source.min if low is None else max(source.min, math.ceil(low * unit))
        self.high = source.max if high is None else min(source.max, math.ceil(high * unit) - 1)
        if self.low > self.high:
            raise ValueError(f"no code of {source} lies in the range from "
                             f"{'its least' if low is None else format(low, 'g')} to "
                             f"{'its greatest' if high is None else format(high, 'g')}")
        self.codes = np.arange(self.low, self.high + 1)
        self.wanted = self.scaled(self.codes.astype(np.float64))
        if (wrong := np.flatnonzero(np.isnan(self.wanted))).size:
            raise ValueError(f"the function has no value at {self.codes[wrong[0]] / unit:g}")

    def scaled(self, codes: Reals) -> Reals:
        """The function in units of the target, within its range."""
        with np.errstate(all="ignore"):
            values = np.asarray(self.function(codes * 2.0**self.source.lsb), np.float64)
            return np.clip(values * 2.0**-self.target.lsb, self.target.min, self.target.max)

    def shapes(self, degrees: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Degree and bits of a segment's length of every candidate, those of few segments
        first."""
        for offset_bits in reversed(range((len(self.codes) - 1).bit_length() + 1)):
            for degree in sorted(set(degrees)):
                if degree <= offset_bits:
                    yield degree, offset_bits

    def segments(self, offset_bits: int) -> int:
        """How many there are of a length."""
        return (len(self.codes) - 1 >> offset_bits) + 1

    def fitted(self, degree: int, offset_bits: int) -> Iterator[PiecewiseSpec]:
        """The forms of a degree and a length of segments, by their fraction bits."""
        starts = np.arange(0, len(self.codes), 1 << offset_bits)
        lengths = np.minimum(1 << offset_bits, len(self.codes) - starts) - 1
        fitted = chebyshev_fit(self.scaled, self.low + starts.astype(np.float64),
                               lengths.astype(np.float64), degree)
        # The function is clipped, and a node may be where it has no value.
        fitted = np.nan_to_num(fitted, nan=0.0)
        for guard in range(MOST_GUARD + 1 if degree else 1):
            scales = 2.0 ** (guard + offset_bits * np.arange(degree + 1))
            slopes = np.floor(fitted[1:] * scales[1:, None] + 0.5).astype(np.int64).tolist()
            bare = PiecewiseSpec(
                source=self.source, target=self.target, low=self.low, high=self.high,
                offset_bits=offset_bits, guard=0, saturates=False,
                coefficients=tuple(map(tuple, [[0] * len(starts), *slopes])))
            rest = self.wanted * 2.0**guard - piecewise(self.codes, bare)
            middle = (np.minimum.reduceat(rest, starts) + np.maximum.reduceat(rest, starts)) / 2
            # Half a unit of the result more, since its bits are cut off.
            first = np.floor(middle + 2.0**guard / 2).astype(np.int64).tolist()
            yield replace(bare, guard=guard, coefficients=(tuple(first), *bare.coefficients[1:]))

    def proven(self, spec: PiecewiseSpec, bound: float) -> Approximation:
        """How far off ``spec`` is, over all codes."""
        result = piecewise(self.codes, spec)
        if int(result.min()) < self.target.min or int(result.max()) > self.target.max:
            spec = replace(spec, saturates=True)
            result = piecewise(self.codes, spec)
        off = np.abs(result - self.wanted)
        worst = int(off.argmax())
        return Approximation(spec, bound, float(off[worst]) * 2.0**self.target.lsb,
                             int(self.codes[worst]), len(self.codes), 1)
