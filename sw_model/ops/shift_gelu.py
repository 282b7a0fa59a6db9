"""I-ViT's GELU of a row: exponentials of the distance to its maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import ShiftGeluSpec
from ..tables import shift_exponentials

__all__ = ["ShiftGelu", "shift_gelu"]


def shift_gelu(codes: NDArray[Any], spec: ShiftGeluSpec) -> NDArray[np.int64]:
    """``x * g``, ``g`` about ``sigmoid(1.702 * x)`` in units of ``2**-7``, along the last axis.

    With the row's maximum ``m``, ``e`` and ``d`` the exponentials (see
    :func:`sw_model.tables.shift_exponentials`) of ``x - m`` and ``-m``, and ``N`` the spec's
    numerator, ``g = e * (N // min(e + d, N)) >> numerator_bits - 7``.

    Parameters
    ----------
    codes : integers, shape (..., n)
        Codes of ``spec.source``, at most 8 bits.
    spec : ShiftGeluSpec

    Returns
    -------
    int64 array of the shape of ``codes``, in units of the source's over 128.

    Off from GELU for a row of all codes but the least, of scale 4/127, by at most 0.248 as
    published, at the maximum, since the quotient has 4 bits there; by 0.0404 with
    ``numerator_bits`` of 40. As exponentials end after ``doublings`` halvings, which count from the
    maximum, the least elements are off by up to 0.311 for a scale of 8/127, and by about half of
    their magnitude where a row spans more than that: by 6.26 for a scale of 0.1 and 12.6 for 0.2.
    Scales above 8/127 are of no use. Rows of one code are off by up to 0.252 for a scale of 1/64 if
    it is negative, else by 0.216. :func:`.swish` has none of these faults, and needs no maximum.

    Source: Z. Li and Q. Gu, "I-ViT: integer-only quantization for efficient vision transformer
    inference", ICCV 2023.

    >>> from sw_model.formats import IntFormat
    >>> spec = ShiftGeluSpec.of_scale(IntFormat(8), 4 / 127)
    >>> shift_gelu(np.array([-64, -16, -8, 0, 8, 16, 64]), spec)
    array([-256, -592, -408,    0,  616, 1424, 7872])
    """
    x, form = np.asarray(codes).astype(np.int64), spec.source
    most = x.max(axis=-1, keepdims=True)
    below = np.array(shift_exponentials(spec, range(0, form.min - form.max - 1, -1)))
    minus = np.array(shift_exponentials(spec, range(-form.min, -form.max - 1, -1)))
    each = below[most - x]
    total = np.minimum(each + minus[most - form.min], spec.numerator)
    # The quotient is at most the numerator over one term: products stay below it.
    sigmoid = each * (spec.numerator // total) >> spec.numerator_bits - spec.FRACTION
    return np.asarray(x * sigmoid)


@dataclass(frozen=True, kw_only=True)
class ShiftGelu(Node):
    """:func:`shift_gelu` of every row; one input, one output of its shape."""

    synthesisable = True

    spec: ShiftGeluSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"codes must be {self.spec.source}, not {x.format}")
        self.require(len(x.shape) >= 1 and extent(x.shape[-1:]) >= 1,
                     f"rows must have an element, not shape {list(x.shape)}")
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (shift_gelu(values[0], self.spec).astype(self.spec.target.dtype),)
