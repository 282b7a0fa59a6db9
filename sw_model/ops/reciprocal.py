"""Reciprocals and reciprocal square roots: normalised, looked up, refined by Newton's method."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, IntFormat
from ..node import AtMost, Dimension, Node, Tensor
from ..specs import ReciprocalSpec, RsqrtSpec
from ..specs.reciprocal import NormalisedSpec
from ..tables import reciprocal_table, rsqrt_table

__all__ = ["Reciprocal", "Rsqrt", "normalised", "reciprocal", "rsqrt"]

Ints = NDArray[np.int64]


def normalised(x: NDArray[Any], spec: NormalisedSpec) -> tuple[Ints, Ints]:
    """``m`` with ``spec.fraction`` fraction bits, rounded down, and ``e``, so that
    ``x = m * 2**(STEP * e)``; 0 counts as 1.

    >>> from sw_model.formats import IntFormat
    >>> spec = ReciprocalSpec(source=IntFormat(20, signed=False))
    >>> normalised(np.array([1, 6, 2**20 - 1]), spec)
    (array([ 65536,  98304, 131071]), array([ 0,  2, 19]))
    """
    codes = np.maximum(np.asarray(x).astype(np.int64), 1)
    places = np.arange(1, spec.source.width)
    exponent = (codes[..., None] >> places > 0).sum(axis=-1) // spec.STEP
    up = spec.fraction - spec.STEP * exponent
    return codes << np.maximum(up, 0) >> np.maximum(-up, 0), exponent


def reciprocal(x: NDArray[Any], spec: ReciprocalSpec) -> tuple[Ints, Ints]:
    """``(r, e)`` with ``1/x`` about ``r * 2**-(fraction + e)``, ``e = floor(log2(x))``.

    ``r = T[k]``, ``k`` the leading bits of ``m`` behind the first, and then for each of
    Newton's steps, with ``F`` fraction bits, ``r = r*((2 << F) - (m*r >> F)) >> F``, which
    squares the relative error.

    Parameters
    ----------
    x : integers, any shape
        Codes of ``spec.source``; 0 counts as 1.
    spec : ReciprocalSpec

    Returns
    -------
    r, e : int64 arrays of the shape of ``x``
        ``r`` is at most ``2**fraction``.

    ``r`` is off by at most 1086.1, 19.1 or 1.01 units of ``2**-16`` from ``1/m`` after 0, 1 or 2
    steps with the default table of 32 entries of 7 bits.

    Source: M. J. Flynn, "On division by functional iteration", IEEE Trans.
    Computers C-19, 1970.

    >>> from sw_model.formats import IntFormat
    >>> spec = ReciprocalSpec(source=IntFormat(17, signed=False))
    >>> reciprocal(np.array([85196]), spec)
    (array([50413]), array([16]))
    """
    m, exponent = normalised(x, spec)
    one, fraction = 1 << spec.fraction, spec.fraction
    table = np.array(reciprocal_table(spec)) << (fraction - spec.entry_bits)
    r = table[(m - one) >> (fraction - spec.index_bits)]
    for _ in range(spec.newton_steps):
        r = r * (2 * one - (m * r >> fraction)) >> fraction
    return r, exponent


def rsqrt(x: NDArray[Any], spec: RsqrtSpec) -> tuple[Ints, Ints]:
    """``(r, e)`` with ``1/sqrt(x)`` about ``r * 2**-(fraction + e)``,
    ``e = floor(log2(x)) // 2``.

    ``r = T[k]``, ``k`` the leading bits of ``m - 1``, and then for each of Newton's steps, with
    ``F`` fraction bits, ``r = r*((3 << F) - (m*(r*r >> F) >> F)) >> F + 1``.

    Parameters
    ----------
    x : integers, any shape
        Codes of ``spec.source``; 0 counts as 1.
    spec : RsqrtSpec

    Returns
    -------
    r, e : int64 arrays of the shape of ``x``
        ``r`` is at most ``2**fraction``.

    ``r`` is off by at most 1024, 24.1 or 1.21 units of ``2**-16`` from ``1/sqrt(m)`` after 0, 1
    or 2 steps with the default table of 48 entries of 8 bits.

    Source: C. V. Ramamoorthy et al., "Some properties of iterative square-rooting
    methods using high-speed multiplication", IEEE Trans. Computers C-21, 1972.

    >>> from sw_model.formats import IntFormat
    >>> rsqrt(np.array([10816]), RsqrtSpec(source=IntFormat(16, signed=False)))
    (array([40330]), array([6]))
    """
    m, exponent = normalised(x, spec)
    one, fraction = 1 << spec.fraction, spec.fraction
    table = np.array(rsqrt_table(spec)) << (fraction - spec.entry_bits)
    r = table[(m - one) >> (fraction - spec.index_bits)]
    for _ in range(spec.newton_steps):
        r = r * (3 * one - (m * (r * r >> fraction) >> fraction)) >> fraction + 1
    return r, exponent


@dataclass(frozen=True, kw_only=True)
class _Normalised(Node):
    """What both have in common: one input (..., n), one output (..., 2n), mantissa and exponent
    of each, side by side."""

    #: Class of the spec, whose parameters these are.
    SPEC: ClassVar[type[NormalisedSpec]]

    index_bits: int
    entry_bits: int
    newton_steps: int
    fraction: int

    @abstractmethod
    def of(self, codes: NDArray[Any], spec: Any) -> tuple[Ints, Ints]:
        """The golden function."""

    def spec(self, source: Format) -> NormalisedSpec:
        """What serves codes of ``source``."""
        return self.SPEC(
            source=_integer(source), index_bits=self.index_bits, entry_bits=self.entry_bits,
            newton_steps=self.newton_steps, fraction=self.fraction)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        return (_pairs(self, inputs[0], self.checked(lambda: self.spec(inputs[0].format))),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        spec = self.spec(inputs[0].format)
        return (_side_by_side(self.of(values[0], spec), spec),)


@dataclass(frozen=True, kw_only=True)
class Reciprocal(_Normalised):
    """:func:`reciprocal` of every element; parameters are those of ``ReciprocalSpec``.

    One input (..., n), one output (..., 2n): mantissa and exponent of each, side by side.
    """

    synthesisable = True
    SPEC = ReciprocalSpec

    def of(self, codes: NDArray[Any], spec: ReciprocalSpec) -> tuple[Ints, Ints]:
        """The golden function."""
        return reciprocal(codes, spec)


@dataclass(frozen=True, kw_only=True)
class Rsqrt(_Normalised):
    """:func:`rsqrt` of every element; parameters are those of ``RsqrtSpec``.

    One input (..., n), one output (..., 2n): mantissa and exponent of each, side by side.
    """

    synthesisable = True
    SPEC = RsqrtSpec

    def of(self, codes: NDArray[Any], spec: RsqrtSpec) -> tuple[Ints, Ints]:
        """The golden function."""
        return rsqrt(codes, spec)


def _integer(source: Format) -> IntFormat:
    if not isinstance(source, IntFormat):
        raise ValueError(f"needs unsigned integers, not {source}")
    return source


def _pairs(node: Node, x: Tensor, spec: NormalisedSpec) -> tuple[tuple[Dimension, ...], Format]:
    """Shape and format of mantissas and exponents, side by side in the last axis."""
    node.require(spec.exponent.width <= spec.mantissa.width,
                 f"exponents of {x.format} do not fit mantissas of {spec.mantissa}")
    node.require(len(x.shape) >= 1, "needs at least one axis")
    count = x.shape[-1]
    twice = AtMost(2 * count.maximum) if isinstance(count, AtMost) else 2 * count
    return (*x.shape[:-1], twice), spec.mantissa


def _side_by_side(results: tuple[Ints, Ints], spec: NormalisedSpec) -> NDArray[Any]:
    pairs = np.stack(results, axis=-1)
    return pairs.reshape(*pairs.shape[:-2], 2 * pairs.shape[-2]).astype(spec.mantissa.dtype)
