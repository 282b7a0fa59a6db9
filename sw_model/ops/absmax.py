"""Rows scaled by their own largest magnitude: activations quantised for each token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import AbsMaxSpec

__all__ = ["AbsMaxQuantise", "absmax_quantise"]

Ints = NDArray[np.int64]


def absmax_quantise(codes: NDArray[Any], spec: AbsMaxSpec) -> tuple[Ints, Ints]:
    """``round(x * most / peak)`` and ``peak``, the largest magnitude, of each row.

    Exact: half to even of the rational number, without a division that rounds before. What a
    code stands for is ``code * peak / most`` of the source's units. A row of zeros has peak 0
    and codes 0.

    BitLinear's quantiser of activations, without the epsilons of its float32 form; its RMS norm
    without weights cancels in the codes, and goes into their scale.

    Parameters
    ----------
    codes : integers, shape (..., n)
        Codes of the spec's source; rows along the last axis.
    spec : AbsMaxSpec

    Returns
    -------
    codes : int64 array, shape (..., n)
        ``-most`` to ``most``.
    peak : int64 array, shape (..., 1)

    Source: MatMul-free LM (Zhu et al., 2024), ``BitLinear``.

    >>> from sw_model.formats import IntFormat
    >>> spec = AbsMaxSpec(IntFormat(8), IntFormat(8))
    >>> absmax_quantise(np.array([[2, -4, 8, 1], [0, 0, 0, 0]]), spec)
    (array([[ 32, -64, 127,  16],
           [  0,   0,   0,   0]]), array([[8],
           [0]]))
    """
    wide = codes.astype(np.int64)
    magnitude = np.abs(wide)
    peak = magnitude.max(axis=-1, keepdims=True)
    # Half up of most * |x| / peak; of 41 + 16 bits.
    unit = np.maximum(2 * peak, 1)
    whole, rest = np.divmod(2 * spec.most * magnitude + peak, unit)
    whole -= (rest == 0) & (whole & 1 == 1)
    return np.where(peak == 0, 0, np.sign(wide) * whole), peak


@dataclass(frozen=True, kw_only=True)
class AbsMaxQuantise(Node):
    """Rows of the last axis scaled by their largest magnitude; see :func:`absmax_quantise`.

    One input (..., n), two outputs: codes (..., n) of ``spec.target``, and the largest magnitude
    (..., 1) of ``spec.peak``.
    """

    synthesisable = True

    spec: AbsMaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"input must be {self.spec.source}, not {x.format}")
        self.require(len(x.shape) >= 1 and extent(x.shape[-1:]) >= 1,
                     "needs an axis of at least one element")
        return (x.shape, self.spec.target), ((*x.shape[:-1], 1), self.spec.peak)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        codes, peak = absmax_quantise(values[0], self.spec)
        return codes.astype(self.spec.target.dtype), peak.astype(self.spec.peak.dtype)
