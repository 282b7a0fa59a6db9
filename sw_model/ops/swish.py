"""SiLU, and GELU as a sigmoid: an exponential and a division for each element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import SwishSpec
from .exp2 import exp2

__all__ = ["Swish", "swish"]


def swish(codes: NDArray[Any], spec: SwishSpec) -> NDArray[np.int64]:
    """``x * sigmoid(slope * x)``, the sigmoid with ``F = spec.fraction`` fraction bits.

    ``e = exp2(-|x|)`` with the slope in its multiplier, ``r = 2**(2*F) // (2**F + e)`` is the
    sigmoid of the magnitude, and that of ``x`` is ``r`` or ``2**F - r``.

    Parameters
    ----------
    codes : integers, any shape
        Codes of ``spec.source``.
    spec : SwishSpec

    Returns
    -------
    int64 array of the shape of ``codes``, in units of the source's over ``2**F``.

    With 15 fraction bits and a table of 32 intervals the sigmoid is off by at most 4.6e-5. As
    GELU, int8 codes of scale 4/127 or 8/127 are off by at most 0.0204, which the slope of 1.702
    makes, 0.0099 or 0.0053 on average; as SiLU by 9.6e-5 or 2.5e-4, 16-bit codes with 12 fraction
    bits by 2.5e-4.

    Source: D. Hendrycks and
    K. Gimpel, "Gaussian error linear units", arXiv:1606.08415, for the slope.

    >>> from sw_model.formats import IntFormat
    >>> swish(np.array([-64, 0, 64]), SwishSpec.gelu(IntFormat(8), 4 / 127))
    array([ -65728,       0, 2031424])
    """
    x = np.asarray(codes).astype(np.int64)
    one = 1 << spec.fraction
    of_magnitude = (one << spec.fraction) // (one + exp2(-np.abs(x), spec.exponential))
    return np.asarray(x * np.where(x < 0, one - of_magnitude, of_magnitude))


@dataclass(frozen=True, kw_only=True)
class Swish(Node):
    """:func:`swish` of every element; one input, one output of its shape."""

    synthesisable = True

    spec: SwishSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"codes must be {self.spec.source}, not {x.format}")
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (swish(values[0], self.spec).astype(self.spec.target.dtype),)
