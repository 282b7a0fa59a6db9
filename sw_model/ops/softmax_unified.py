"""FlashDecoding++'s softmax: a maximum for all rows, with a way out for those it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import UnifiedSoftmaxSpec
from .extended_exponential import extended_exponential
from .softmax_online import online_softmax
from .softmax_rows import probabilities, require_rows

__all__ = ["UnifiedSoftmax", "needs_fallback", "unified_softmax"]

Ints = NDArray[np.int64]


def needs_fallback(codes: NDArray[Any], spec: UnifiedSoftmaxSpec) -> NDArray[np.bool_]:
    """Of each row, whether an element is ``high`` or above, or none is above ``low``.

    >>> from sw_model.formats import IntFormat
    >>> from sw_model.specs import ExtendedExponentialSpec, OnlineSoftmaxSpec
    >>> power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1.0)
    >>> online = OnlineSoftmaxSpec(power=power, target=IntFormat(8, signed=False))
    >>> spec = UnifiedSoftmaxSpec.around(online, maximum=0, below=-10, above=10, scale=1.0)
    >>> needs_fallback(np.array([[1, 2, 3], [1, 2, 30], [-10, -12, -30]]), spec)
    array([[False],
           [ True],
           [ True]])
    """
    x = np.asarray(codes)
    most = x.max(axis=-1, keepdims=True)
    return np.asarray((most >= spec.high) | (most <= spec.low))


def unified_softmax(codes: NDArray[Any], spec: UnifiedSoftmaxSpec) -> Ints:
    """Softmax along the last axis, without the row's maximum where it is not needed.

    Of rows that fit, exponentials are summed relative to ``spec.most``, whatever the row: the
    order does not matter, and parts of rows just add up. The others are computed anew by
    :func:`online_softmax`.

    Parameters
    ----------
    codes : integers, shape (..., elements)
        Codes of ``spec.online.source``.
    spec : UnifiedSoftmaxSpec

    Returns
    -------
    int64 array of codes of ``spec.online.target``, the probability times ``2**width``.

    Off from the real softmax by at most what :func:`online_softmax` is, whose guard bits are, for
    a row that fits, ``spec.guard`` less the exponents by which its largest element is below
    ``spec.most``.

    Source: K. Hong et al., "FlashDecoding++: faster large language model inference on GPUs",
    MLSys 2024, section 3.

    >>> from sw_model.formats import IntFormat
    >>> from sw_model.specs import ExtendedExponentialSpec, OnlineSoftmaxSpec
    >>> power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16)
    >>> online = OnlineSoftmaxSpec(power=power, target=IntFormat(8, signed=False))
    >>> spec = UnifiedSoftmaxSpec.around(online, maximum=0, below=-3, above=3, scale=1 / 16)
    >>> unified_softmax(np.array([[10, 20, 30, 40], [20, 30, 40, 50]]), spec).tolist()
    [[20, 37, 69, 130], [20, 37, 69, 130]]
    """
    power = spec.online.power
    fallback = needs_fallback(codes, spec)
    mantissa, exponent = extended_exponential(codes, power)
    # Rows that do not fit have anything here, within the bits there are.
    below = np.clip(spec.most - exponent, 0, 62)
    total = ((mantissa << spec.guard) >> below).sum(axis=-1, keepdims=True)
    fitting = probabilities(mantissa, np.where(fallback, 1 << power.fraction + spec.guard, total),
                            -below, spec.online, fraction=power.fraction, guard=spec.guard)
    return np.where(fallback, online_softmax(codes, spec.online), fitting)


@dataclass(frozen=True, kw_only=True)
class UnifiedSoftmax(Node):
    """:func:`unified_softmax` along the last axis; one input of the spec's source."""

    synthesisable = True

    spec: UnifiedSoftmaxSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        return require_rows(self, inputs, self.spec.online.source, self.spec.online.target)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (unified_softmax(values[0], self.spec).astype(self.spec.online.target.dtype),)
