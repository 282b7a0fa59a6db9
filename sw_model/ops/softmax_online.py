"""Softmax in base 2 with an integer running maximum: two-pass, online, and its partial states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, Rounding
from ..node import Dimension, Node, Tensor
from ..specs import ExtendedExponentialSpec, OnlineSoftmaxSpec, TwoPassSoftmaxSpec
from .extended_exponential import extended_exponential
from .softmax_rows import probabilities, require_rows, tiles

__all__ = ["OnlineSoftmax", "TwoPassSoftmax", "merge_states", "online_softmax", "online_state",
           "two_pass_softmax"]

Ints = NDArray[np.int64]

#: Places that leave nothing of a sum.
_ALL = 62


def online_state(codes: NDArray[Any], power: ExtendedExponentialSpec, *, tile: int = 1,
                 guard: int = 0) -> tuple[Ints, Ints]:
    """Integer maximum ``n`` and sum ``l`` of each row, from one pass over it.

    Every exponential being ``m * 2**n``, tile by tile ``N`` becomes the largest ``n`` so far and
    ``l`` becomes ``(l >> N - old)`` plus the sum of ``(m << guard) >> N - n``. That is the
    online softmax with its maximum rounded to a power of two, and also the accumulator of the
    two-pass softmax: in integers the two are one. The whole part of the largest logarithm
    serves as well as the next integer above: terms are below 2 instead of at most 1.

    Parameters
    ----------
    codes : integers, shape (..., elements)
    power : ExtendedExponentialSpec
    tile, guard : int

    Returns
    -------
    n, l : int64 arrays of shape (..., 1)
        The real sum is ``l * 2**(n - fraction - guard)``. With as many guard bits as exponents
        are apart, nothing is cut off, and tiles and order do not matter.

    Source: M. Milakov and N. Gimelshein, "Online normalizer calculation for softmax", 2018;
    T. Dao et al., "FlashAttention", NeurIPS 2022.

    >>> from sw_model.formats import IntFormat
    >>> power = ExtendedExponentialSpec.from_scale(IntFormat(12), 1.0)
    >>> n, l = online_state(np.array([1000, 1001, 999, 500]), power)
    >>> n, l / 2**15
    (array([1444]), array([1.65380859]))
    """
    mantissa, exponent = extended_exponential(codes, power)
    least = power.exponent.min
    real = tiles(np.ones_like(mantissa), tile, 0)
    mantissas, exponents = tiles(mantissa << guard, tile, 0) * real, tiles(exponent, tile, least)
    most = np.full(mantissas.shape[:-2], least, np.int64)
    total = np.zeros_like(most)
    for k in range(mantissas.shape[-2]):
        new = np.maximum(most, exponents[..., k, :].max(axis=-1))
        terms = mantissas[..., k, :] >> np.minimum(new[..., None] - exponents[..., k, :], _ALL)
        most, total = new, (total >> np.minimum(new - most, _ALL)) + terms.sum(axis=-1)
    return most[..., None], total[..., None]


def merge_states(first: Sequence[Ints], second: Sequence[Ints]) -> tuple[Ints, ...]:
    """The state of a row from those of its two parts.

    Parameters
    ----------
    first, second : sequences of int64 arrays
        ``n`` and ``l`` of :func:`online_state`, and any number of sums weighted by the same
        exponentials, such as attention's, whose shapes ``n`` fits.

    Returns
    -------
    ``n``, the larger; ``l`` and all other sums, each part shifted right by its distance.

    >>> merge_states([np.array([3]), np.array([40])], [np.array([1]), np.array([33])])
    (array([3]), array([48]))
    """
    most = np.maximum(first[0], second[0])
    return (most, *((one >> np.minimum(most - first[0], _ALL))
                    + (other >> np.minimum(most - second[0], _ALL))
                    for one, other in zip(first[1:], second[1:], strict=True)))


def online_softmax(codes: NDArray[Any], spec: OnlineSoftmaxSpec) -> Ints:
    """Softmax along the last axis: each exponential times the reciprocal of the sum, rounded.

    Parameters
    ----------
    codes : integers, shape (..., elements)
        Codes of ``spec.source``.
    spec : OnlineSoftmaxSpec

    Returns
    -------
    int64 array of codes of ``spec.target``, the probability times ``2**width``.

    Off from the real softmax, for rows of ``n <= 500`` int8 codes of scale 1/16, by at most half
    a unit and ``5.4e-5 + 3.1e-5 * (n + 1) * 2**-guard``, or by a whole unit, where the largest
    code stands for 1: by 3.91e-3 with 8 bits, and by 8.6e-5 with 16 and up to 200 elements. 2.31e-5
    are a quarter, the steepest slope of the logistic function, of the spread of the exponential's
    relative errors; 3.06e-5 are the reciprocal's; and each term, and two more for the shifts of
    the sum, loses less than its last bit.

    Source: see :func:`online_state`.

    >>> from sw_model.formats import IntFormat
    >>> spec = OnlineSoftmaxSpec(power=ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16),
    ...                          target=IntFormat(8, signed=False))
    >>> online_softmax(np.array([10, 20, 30, 40]), spec)
    array([ 20,  37,  69, 130])
    """
    most, total = online_state(codes, spec.power, tile=spec.tile, guard=spec.guard)
    mantissa, exponent = extended_exponential(codes, spec.power)
    return probabilities(mantissa, total, exponent - most, spec, fraction=spec.power.fraction,
                         guard=spec.guard)


def two_pass_softmax(codes: NDArray[Any], spec: TwoPassSoftmaxSpec) -> Ints:
    """Softmax along the last axis: each mantissa times a quotient, shifted by the exponents.

    With ``R = 2**numerator_bits // l``, the result is ``m * R`` over
    ``2**(numerator_bits - width + N - n)``, rounded as the spec says.

    Parameters
    ----------
    codes : integers, shape (..., elements)
        Codes of ``spec.source``.
    spec : TwoPassSoftmaxSpec

    Returns
    -------
    int64 array of codes of ``spec.target``, the probability times ``2**width``.

    Off from the real softmax, for rows of ``n <= 500`` int8 codes of scale 1/16, by at most half
    a unit (rounded down, a unit) and ``E + 3.1e-5 * (n + 2)``, or by a unit where the largest code
    stands for 1. ``E``, a quarter of the spread of the exponential's relative errors, is 1.08e-2,
    5.41e-3, 2.71e-3 or 6.8e-4 with 4, 5, 6 or 8 index bits, for left edges as for middles, whose
    bias the sum has too, and 2.31e-5 with interpolation of 32 intervals; the rest is what a sum
    without guard bits loses. A row of one element and 127 that are less than its last bit comes
    to 3.7e-3. Of 16 bits, 1,000 normal rows of 128 elements of deviation 40 stay within 9.5e-3,
    5.0e-3, 2.7e-3 or 1.4e-3, and within 1.2e-3 with interpolation.

    Source: M. Dukhan and A. Ablavatski, "The two-pass softmax algorithm", IPDPSW 2020, in
    integers.

    >>> from sw_model.formats import IntFormat
    >>> spec = TwoPassSoftmaxSpec.from_scale(IntFormat(8), 1 / 16,
    ...                                      target=IntFormat(8, signed=False))
    >>> two_pass_softmax(np.array([10, 20, 30, 40]), spec)
    array([ 20,  37,  69, 130])
    """
    most, total = online_state(codes, spec.power, tile=spec.tile)
    if total.size and total.max() >= 1 << 62:
        raise ValueError("a row's sum exceeds 62 bits")
    factor = (1 << spec.numerator_bits) // total
    mantissa, exponent = extended_exponential(codes, spec.power)
    # At most 2**numerator_bits times 2, since the sum is no less than half of a mantissa.
    product = mantissa * factor
    places = np.minimum(spec.numerator_bits - spec.target.width + most - exponent, 62)
    if spec.rounding is Rounding.HALF_UP:
        return np.minimum((product >> places - 1) + 1 >> 1, spec.target.max)
    return np.minimum(product >> places, spec.target.max)


@dataclass(frozen=True, kw_only=True)
class OnlineSoftmax(Node):
    """:func:`online_softmax` along the last axis; one input of the spec's source."""

    synthesisable = True

    spec: OnlineSoftmaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        return require_rows(self, inputs, self.spec.source, self.spec.target)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (online_softmax(values[0], self.spec).astype(self.spec.target.dtype),)


@dataclass(frozen=True, kw_only=True)
class TwoPassSoftmax(Node):
    """:func:`two_pass_softmax` along the last axis; one input of the spec's source."""

    synthesisable = True

    spec: TwoPassSoftmaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        return require_rows(self, inputs, self.spec.source, self.spec.target)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (two_pass_softmax(values[0], self.spec).astype(self.spec.target.dtype),)
