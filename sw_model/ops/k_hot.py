"""Products by factors of few bits: shifts and additions alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, channels, per_channel
from ..specs import KHotSpec
from .shift import shift_rescale

__all__ = ["KHotRescale", "k_hot_rescale"]


def k_hot_rescale(codes: NDArray[Any], factors: NDArray[Any], spec: KHotSpec) -> NDArray[np.int64]:
    """``cast(codes * factors)``: exact, then one rounding.

    The product has the bits of both operands behind its point; the cast is that of
    :meth:`sw_model.specs.ShiftSpec.cast`. Factors become codes by ``spec.factor.encode``,
    QFX's projection to the nearest of few bits.

    Parameters
    ----------
    codes : integers, shape (..., channels)
        Codes of the spec's source.
    factors : integers, shape (1 or channels,)
        Codes of the spec's factor.
    spec : KHotSpec

    Returns
    -------
    int64 array of the target's codes.

    Source: QFX, learned fixed-point quantisation for FPGAs.

    >>> from sw_model.formats import FixedFormat, KHotFormat
    >>> spec = KHotSpec(source=FixedFormat(8, 4), factor=KHotFormat(8, 5, 2),
    ...                 target=FixedFormat(8, 4))
    >>> codes = spec.factor.encode(np.array([1.37, -0.71]))   # 1.25 and -0.75
    >>> k_hot_rescale(np.array([[16, 16], [127, -128]]), codes, spec) / 16
    array([[ 1.25  , -0.75  ],
           [ 7.9375,  6.    ]])
    """
    places = spec.factor.width - 1
    whole = factors.astype(np.int64)
    magnitude = whole & (1 << places) - 1
    product = codes.astype(np.int64) * np.where(whole >> places == 1, -magnitude, magnitude)
    cast = spec.cast
    return shift_rescale(product, np.array([cast.shift_low]), cast)


@dataclass(frozen=True, kw_only=True)
class KHotRescale(Node):
    """A factor of few bits for each channel; see :func:`k_hot_rescale`.

    Inputs: codes ``x`` (..., channels) and the constant ``factor`` (1 or channels,), codes of
    the spec's factor. One output of the shape of ``x``.
    """

    synthesisable = True

    spec: KHotSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, factor = inputs
        for tensor, wanted in ((x, self.spec.source), (factor, self.spec.factor)):
            self.require(tensor.format == wanted,
                         f"{tensor.name!r} must be {wanted}, not {tensor.format}")
        count = channels(x.shape)
        self.require(factor.value is not None and len(factor.shape) == 1
                     and per_channel(factor.value, count),
                     f"{factor.name!r} must be a constant of 1 or {count} elements")
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        x, factor = values
        return (k_hot_rescale(x, factor, self.spec).astype(self.spec.target.dtype),)
