"""I-BERT's GELU: the error function as a parabola."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import IntegerGeluSpec

__all__ = ["IntegerGelu", "integer_gelu"]


def integer_gelu(codes: NDArray[Any], spec: IntegerGeluSpec) -> NDArray[np.int64]:
    """``x * -(erf + 1)``, the error function in the spec's negative unit.

    ``erf = (sign(x) * ((min(|x|, end) - end)**2 + top)) >> shift``, rounded down, and 1 is
    ``one``. The published result has a negative scale; it is negated here.

    Parameters
    ----------
    codes : integers, any shape
        Codes of ``spec.source``.
    spec : IntegerGeluSpec

    Returns
    -------
    int64 array of the shape of ``codes``, in units of ``spec.result_scale``.

    Without a shift off from GELU by at most 1.73e-2, 6.7e-3 on average, for int8 codes of scale
    4/127. With the published one of 14 bits by 1.83e-2 for 16-bit codes of scale 6/32767, and by
    5.39 for int8 codes of scale 4/127: it needs a scale below 1e-3.

    Source: S. Kim, A. Gholami, Z. Yao, M. W. Mahoney and K. Keutzer, "I-BERT: integer-only BERT
    quantization", ICML 2021, algorithm 2, and its code.

    >>> from sw_model.formats import IntFormat
    >>> spec = IntegerGeluSpec.of_scale(IntFormat(8), 4 / 127)
    >>> (integer_gelu(np.array([-64, 0, 64]), spec) * spec.result_scale(4 / 127)).round(4)
    array([-0.037 ,  0.    ,  1.9788])
    """
    x = np.asarray(codes).astype(np.int64)
    parabola = (np.minimum(np.abs(x), spec.end) - spec.end)**2 + spec.top
    error_function = np.sign(x) * parabola >> spec.shift
    return np.asarray(-x * (error_function + spec.one))


@dataclass(frozen=True, kw_only=True)
class IntegerGelu(Node):
    """:func:`integer_gelu` of every element; one input, one output of its shape."""

    synthesisable = True

    spec: IntegerGeluSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"codes must be {self.spec.source}, not {x.format}")
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (integer_gelu(values[0], self.spec).astype(self.spec.target.dtype),)
