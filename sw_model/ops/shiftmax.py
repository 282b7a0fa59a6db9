"""I-ViT's softmax: exponentials by shifts and additions, one division for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, Rounding
from ..node import Dimension, Node, Tensor
from ..specs import ShiftmaxSpec
from .softmax_rows import require_rows

__all__ = ["Shiftmax", "shift_exponential", "shiftmax"]

Ints = NDArray[np.int64]


def shift_exponential(x: NDArray[Any], spec: ShiftmaxSpec) -> Ints:
    """ShiftExp: ``exp(x / steps)`` for ``x <= 0``, in units of ``2**-doublings / steps``.

    With ``p = x + (x >> 1) - (x >> 4)``, at least ``-doublings * steps``, ``q`` and ``-r``
    being quotient and remainder of ``-p`` by ``steps``, it is
    ``(2 * steps + r) * 2**(doublings - 1 - q)``, rounded down.

    Parameters
    ----------
    x : integers, any shape
        None positive.
    spec : ShiftmaxSpec

    Returns
    -------
    int64 array of the shape of ``x``: ``steps`` to ``steps << doublings``, which is 1.

    Off by at most 6.5e-2, 5.0e-2 or 4.61e-2 of 1 down to ``exp(-8)`` for 16, 32 or 128 steps:
    by the chord in the power's place, by 1.4375 for log2(e), and by the floors.

    Source: Z. Li and Q. Gu, "I-ViT: integer-only quantization for efficient vision transformer
    inference", ICCV 2023, and its PyTorch code, not that for TVM, which differs.

    >>> from sw_model.formats import IntFormat
    >>> spec = ShiftmaxSpec.published(IntFormat(8), 1 / 16)
    >>> shift_exponential(np.array([0, -1, -11, -50, -100]), spec)
    array([524288, 507904, 262144,  25600,   1088])
    """
    codes = np.asarray(x).astype(np.int64)
    p = np.maximum(codes + (codes >> 1) - (codes >> 4), -spec.doublings * spec.steps)
    quotient, remainder = np.divmod(-p, spec.steps)
    return ((2 * spec.steps - remainder) << spec.doublings) >> quotient + 1


def shiftmax(codes: NDArray[Any], spec: ShiftmaxSpec) -> Ints:
    """Softmax along the last axis, in units of ``2**-(width - 1)``.

    With ``e`` the exponentials of the differences to the row's largest element, and ``N`` the
    ``2**numerator_bits - 1`` of the spec, it is ``e * (N // min(sum(e), N))`` over
    ``2**(numerator_bits + 1 - width)``, rounded as the spec says and at most
    ``2**(width - 1) - 1``.

    Parameters
    ----------
    codes : integers, shape (..., elements)
    spec : ShiftmaxSpec

    Returns
    -------
    int64 array of the shape of ``codes``.

    Off from the real softmax by at most a unit and ``E``: 3.26e-2 for rows of up to 64 int8 codes
    of scale 1/16, 2.53e-2 for up to 197 of scale 1/32. That is a quarter, the steepest slope of
    the logistic function, of the spread of the exponential's relative errors (of scale 1/16 down
    to 120 codes below the maximum, and 4.0e-5 for each element beyond), and ``steps`` over
    ``2**16`` for the quotient. 2,000 normal rows of deviation 40 stay within 3.3e-2 with 8 bits
    and 2.5e-2 with 16, and 1.7e-2 and 9.5e-3. The published form loses up to a unit of each
    element: such rows of 197 add up to 0.497 on average, to 0.993 with 16 bits. Repaired (results
    rounded, so half a unit, the reciprocal nine bits longer) they add up to 0.866 and 1.000, and
    stay within 2.9e-2 and 2.5e-2, 1.3e-2 and 9.0e-3: what is left is the exponential's.

    Source: I-ViT, see :func:`shift_exponential`.

    >>> from sw_model.formats import IntFormat
    >>> spec = ShiftmaxSpec.published(IntFormat(8), 1 / 16)
    >>> shiftmax(np.array([10, 20, 30, 40]), spec)
    array([10, 19, 35, 62])
    """
    wide = np.asarray(codes).astype(np.int64)
    each = shift_exponential(wide - wide.max(axis=-1, keepdims=True), spec)
    numerator = (1 << spec.numerator_bits) - 1
    total = np.minimum(each.sum(axis=-1, keepdims=True), numerator)
    places = spec.numerator_bits + 1 - spec.width
    half = 1 << places - 1 if spec.rounding is Rounding.HALF_UP else 0
    # Products stay below 2**numerator_bits: the factor is at most the numerator over one term.
    return np.minimum(each * (numerator // total) + half >> places, spec.target.max)


@dataclass(frozen=True, kw_only=True)
class Shiftmax(Node):
    """:func:`shiftmax` along the last axis; one input of the spec's source."""

    synthesisable = True

    spec: ShiftmaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        return require_rows(self, inputs, self.spec.source, self.spec.target)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (shiftmax(values[0], self.spec).astype(self.spec.target.dtype),)
