"""Formats whose codes are bit patterns that a table gives a value: everything but integers."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import Format
from .nearest import OUTSIDE, Boundaries, Encoder
from .overflow import Overflow
from .rounding import Rounding, as_reals

__all__ = ["CodedFormat"]

#: Grids up to this many bits, sign included, are int64.
NARROW = 63

#: Encoders that are kept; that of a 16-bit posit takes 30 MB.
ENCODERS = 64


class _Grid(NamedTuple):
    """The finite codes of a format as integers: ``significand * 2**exponent``."""

    significands: NDArray[np.int64]
    exponents: NDArray[np.int64]
    fixed: NDArray[Any]
    lsb: int


class CodedFormat(Format):
    """A format of up to 16 bits whose codes are bit patterns, from 0 to ``2**width - 1``.

    Subclasses are frozen dataclasses that give ``width`` and :meth:`values`. Everything else
    follows: the grid, decoding by table, and encoding to the nearest code.

    Where the grid is wider than 63 bits, as that of bfloat16 is, :meth:`to_fixed` gives Python
    integers in an array of objects.
    """

    @abstractmethod
    def values(self) -> NDArray[np.float64]:
        """The value of every code, in the codes' order; NaN and infinities as themselves."""

    @property
    def min(self) -> int:
        return 0

    @property
    def max(self) -> int:
        return (1 << self.width) - 1

    @property
    def lsb(self) -> int:
        return _grid(self).lsb

    @property
    def fixed_min(self) -> int:
        return int(_by_fixed(self)[0][0])

    @property
    def fixed_max(self) -> int:
        return int(_by_fixed(self)[0][-1])

    @property
    def overflow(self) -> Overflow:
        """What :meth:`encode` does with values beyond the largest, unless it is told."""
        return Overflow.SATURATE

    @property
    def roundings(self) -> tuple[Rounding, ...]:
        """The roundings that :meth:`encode` knows."""
        return tuple(Rounding)

    @property
    def signed_zero(self) -> int | None:
        """The code of minus zero, None if there is none."""
        values = _values(self)
        found = np.flatnonzero((values == 0) & np.signbit(values))
        return int(found[0]) if len(found) else None

    @property
    def nan(self) -> int | None:
        """The code that NaN is given, None if the format has no NaN."""
        found = np.flatnonzero(np.isnan(_values(self)) & self.legal())
        return int(found[0]) if len(found) else None

    @property
    def negative_nan(self) -> int | None:
        """The NaN that negative values overflow to where there are no infinities."""
        return self.nan

    def infinity(self, negative: bool = False) -> int | None:
        """The code of an infinity, None if there is none."""
        found = np.flatnonzero(_values(self) == (-np.inf if negative else np.inf))
        return int(found[0]) if len(found) else None

    def special(self, negative: bool = False) -> int | None:
        """The code of an infinity under ``Overflow.SPECIAL``: its own, or that of NaN."""
        own = self.infinity(negative)
        return own if own is not None else self.negative_nan if negative else self.nan

    def beyond(self, negative: bool = False) -> int | None:
        """The code of reals beyond the range under ``Overflow.SPECIAL``."""
        return self.special(negative)

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Real values; NaN and infinities as themselves."""
        return np.take(_values(self), self._checked("codes", codes))

    def split(self, codes: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Odd (or zero) significands and exponents: ``significand * 2**exponent``.

        Raises
        ------
        ValueError
            If a code is NaN or infinite.
        """
        checked = self._finite_codes(codes)
        grid = _grid(self)
        return np.take(grid.significands, checked), np.take(grid.exponents, checked)

    def to_fixed(self, codes: ArrayLike) -> NDArray[Any]:
        """Integers on the format's own grid: int64, or objects where that is too narrow.

        Raises
        ------
        ValueError
            If a code is NaN or infinite.
        """
        fixed = _grid(self).fixed
        # One code alone would give an object's integer itself.
        return np.asarray(np.take(fixed, self._finite_codes(codes)), fixed.dtype)

    def from_fixed(self, values: ArrayLike) -> NDArray[np.int64]:
        """Codes of integers on the grid, plus zero for 0; see :meth:`Format.from_fixed`."""
        array = np.asarray(values)
        whole = array.dtype.kind in "iu" or (
            array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat))
        if not whole:
            raise TypeError(f"values must hold integers for {self}, not {array.dtype}")
        fixed, codes = _by_fixed(self)
        place = np.minimum(np.searchsorted(fixed, array), len(fixed) - 1)
        wrong = np.asarray(np.take(fixed, place) != array)
        if wrong.any():
            first = array[wrong].ravel()[0]
            raise ValueError(f"{first} on the grid of {self} is no value of it")
        return np.asarray(codes[place])

    def encode(self, values: ArrayLike, *, rounding: Rounding = Rounding.HALF_EVEN,
               overflow: Overflow | None = None) -> NDArray[np.int64]:
        """Codes of real values, exact for every float64.

        A value halfway between two goes to the even code. A value that rounds to zero keeps
        its sign where there is a minus zero. NaN, of either sign, has the code :attr:`nan`.

        What rounds to more than the largest value goes by ``overflow``, None for the format's
        own way. ``SATURATE`` gives the largest, for infinities too. ``ERROR`` refuses it, but
        not infinities that have codes. ``SPECIAL`` gives infinities, or NaN where they have no
        codes; a rounding towards zero, though, stops at the largest finite value.

        Raises
        ------
        TypeError
            If the values are not real numbers, or the modes are none.
        ValueError
            If a value is NaN and the format has none, lies outside the range under
            ``Overflow.ERROR``, or the format does not know the rounding or overflow.
        """
        encoder = _encoder(self, rounding, self.overflow if overflow is None else overflow)
        return encoder(as_reals(values))

    def check(self, name: str, codes: ArrayLike) -> None:
        super().check(name, codes)
        illegal = _illegal(self)
        if illegal is not None:
            array = np.asarray(codes)
            wrong = np.take(illegal, array.astype(np.int64))
            if wrong.any():
                raise ValueError(f"{name} holds {int(array[wrong].ravel()[0])}, which is no code "
                                 f"of {self}")

    def legal(self) -> NDArray[np.bool_]:
        """Which patterns are codes, in their order: all unless a format says otherwise."""
        return np.ones(1 << self.width, np.bool_)

    def boundaries(self) -> Boundaries:
        """Where values go to the next code; see :class:`Boundaries`."""
        return Boundaries.between(*_ascending(self))

    def _finite_codes(self, codes: ArrayLike) -> NDArray[np.int64]:
        checked = self._checked("codes", codes)
        beyond = ~np.take(_finite(self), checked)
        if beyond.any():
            code = int(checked[beyond].ravel()[0])
            raise ValueError(f"code {code} of {self} is {_values(self)[code]}, which is no number "
                             "on a grid")
        return checked


@cache
def _values(form: CodedFormat) -> NDArray[np.float64]:
    values = form.values()
    values.setflags(write=False)
    return values


@cache
def _illegal(form: CodedFormat) -> NDArray[np.bool_] | None:
    legal = form.legal()
    return None if legal.all() else ~legal


@cache
def _finite(form: CodedFormat) -> NDArray[np.bool_]:
    return np.isfinite(_values(form)) & form.legal()


@cache
def _grid(form: CodedFormat) -> _Grid:
    """Significands without trailing zeros, exponents, and both on the common grid."""
    values = np.where(_finite(form), _values(form), 0.0)
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)
    lowest = np.where(whole == 0, 1, whole & -whole)
    shift = np.log2(lowest.astype(np.float64)).astype(np.int64)
    significands = whole >> shift
    powers = np.where(whole == 0, 0, exponents.astype(np.int64) - 53 + shift)
    used = powers[whole != 0]
    lsb = int(used.min()) if len(used) else 0
    left = np.where(whole == 0, 0, powers - lsb)
    widest = max((int(s).bit_length() + int(k) for s, k in zip(abs(significands), left,
                                                              strict=True)), default=0)
    fixed: NDArray[Any] = (significands << left if widest < NARROW else
                           np.array([int(s) << int(k) for s, k in
                                     zip(significands, left, strict=True)], dtype=object))
    return _Grid(significands, powers, fixed, lsb)


@cache
def _ascending(form: CodedFormat) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Finite values, each once and ascending, and their codes; plus zero for zero."""
    values = _values(form)
    codes = np.flatnonzero(_finite(form))
    # Of equal values the first: plus zero, as its sign bit is no greater.
    order = np.lexsort((codes, np.signbit(values[codes]), values[codes]))
    codes = codes[order]
    first = np.ones(len(codes), np.bool_)
    first[1:] = np.diff(values[codes]) != 0
    return values[codes[first]], codes[first]


@cache
def _by_fixed(form: CodedFormat) -> tuple[NDArray[Any], NDArray[np.int64]]:
    codes = _ascending(form)[1]
    return _grid(form).fixed[codes], codes


@lru_cache(ENCODERS)
def _encoder(form: CodedFormat, rounding: Rounding, overflow: Overflow) -> Encoder:
    if not isinstance(rounding, Rounding):
        raise TypeError(f"rounding must be a Rounding, not {rounding!r}")
    if not isinstance(overflow, Overflow):
        raise TypeError(f"overflow must be an Overflow, not {overflow!r}")
    if rounding not in form.roundings:
        raise ValueError(f"{form} rounds by {', '.join(r.value for r in form.roundings)} only, "
                         f"not {rounding.value}")
    if overflow is Overflow.WRAP:
        raise ValueError(f"{form} cannot wrap")
    edges, beyond = form.boundaries(), None
    infinities = form.infinity(True), form.infinity(False)
    if overflow is Overflow.SATURATE:
        infinities = int(edges.codes[0]), int(edges.codes[-1])
    elif overflow is Overflow.SPECIAL:
        infinities = form.special(True), form.special(False)
        low, high = form.beyond(True), form.beyond(False)
        if high is None:
            raise ValueError(f"{form} has neither infinities nor NaN to overflow to")
        # Unsigned, and with an infinity but no NaN: what is negative is refused.
        beyond = OUTSIDE if low is None else low, high
    return Encoder(str(form), edges, rounding, overflow, beyond=beyond, infinities=infinities,
                   nan=form.nan, minus_zero=form.signed_zero)
