"""Stochastic rounding, by the random bits that the hardware draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import StochasticShiftSpec
from ..specs.lfsr import PLACES, TAP
from .shift import require_shifts

__all__ = ["StochasticShift", "draws", "stochastic_shift"]

Ints = NDArray[np.int64]


def draws(states: ArrayLike, bits: int, count: int) -> Ints:
    """``count`` successive draws of ``bits`` bits from generators in ``states``.

    Parameters
    ----------
    states : integers, shape (lanes,)
        1 to 2**31 - 1; see :mod:`sw_model.specs.lfsr`.
    bits : int
        1 to 18.
    count : int

    Returns
    -------
    int64 array of shape (count, lanes).

    >>> draws([1], 4, 10)[:, 0]
    array([0, 0, 0, 0, 4, 0, 0, 2, 1, 0])
    """
    lanes = np.atleast_1d(np.asarray(states, np.int64))
    sequence = np.empty((PLACES + count * bits, len(lanes)), np.uint8)
    sequence[:PLACES] = lanes >> np.arange(PLACES)[::-1, None] & 1
    known = PLACES
    while known < len(sequence):
        # Squared, the recurrence holds at twice the distances: more follows at once.
        far = 1 << (known // PLACES).bit_length() - 1
        block = min(TAP * far, len(sequence) - known)
        oldest, other = known - PLACES * far, known - TAP * far
        sequence[known:known + block] = (sequence[oldest:oldest + block]
                                         ^ sequence[other:other + block])
        known += block
    fresh = sequence[PLACES:].reshape(count, bits, len(lanes)).astype(np.int64)
    return np.asarray((fresh << np.arange(bits)[::-1, None]).sum(axis=1))


def stochastic_shift(codes: NDArray[Any], shift: NDArray[Any], spec: StochasticShiftSpec) -> Ints:
    """``clamp(floor(codes / 2**shift + r))``, ``r`` uniform in [0, 1) and new for each element.

    The generators start from the spec's seeds. Elements draw in the order of the stream: word
    by word, element ``k`` of a vector in lane ``k % lanes``, where the lanes that a vector's
    last word does not fill draw too. Results are the numbers beside ``x / 2**shift``, the upper
    one with the probability of the fraction: the expectation is ``x / 2**shift`` to within
    ``2**-31`` for shifts of at most ``spec.bits``, else less by less than ``2**-spec.bits``
    of a unit.

    Parameters
    ----------
    codes : integers, shape (..., channels)
        Codes of the spec's source.
    shift : integers, shape (1 or channels,)
        From ``spec.shift_low`` to ``spec.shift_high``.
    spec : StochasticShiftSpec

    Returns
    -------
    int64 array of the target's codes.

    Source: Gupta et al., Deep learning with limited numerical precision, ICML 2015, section 3.

    >>> from sw_model.formats import IntFormat
    >>> spec = StochasticShiftSpec(source=IntFormat(8), target=IntFormat(8), shift_low=3,
    ...                            shift_high=3, bits=3, seeds=(1234567,))
    >>> stochastic_shift(np.full(16, 27), np.array([3]), spec)
    array([4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 3, 3, 3])
    """
    elements = codes.shape[-1] if codes.ndim else 1
    vectors, words = codes.size // max(elements, 1), -(-elements // spec.lanes)
    random = draws(spec.seeds, spec.bits, vectors * words).reshape(vectors, words * spec.lanes)
    below = spec.bits - shift.astype(np.int64)
    kept = (codes.astype(np.int64) << np.maximum(below, 0)) >> np.maximum(-below, 0)
    result = (kept + random[:, :elements].reshape(codes.shape)) >> spec.bits
    return np.asarray(np.clip(result, *spec.clamp))


@dataclass(frozen=True, kw_only=True)
class StochasticShift(Node):
    """A shift of each channel, rounded at random; see :func:`stochastic_shift`.

    Inputs: codes ``x`` (..., channels) and the constant ``shift`` (1 or channels,). One output
    of the shape of ``x``. Every run begins with the seeds, as after a reset.
    """

    synthesisable = True

    spec: StochasticShiftSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, shift = inputs
        require_shifts(self, x, shift, self.spec)
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        x, shift = values
        return (stochastic_shift(x, shift, self.spec).astype(self.spec.target.dtype),)
