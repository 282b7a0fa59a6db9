"""TFLite's logistic function and hyperbolic tangent of int16 codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import SigmoidSpec
from ..tables import sigmoid_table

__all__ = ["Sigmoid", "sigmoid"]

#: Fraction bits of a step between two table entries and of an entry.
_ENTRY_BITS = 16


def sigmoid(codes: NDArray[Any], spec: SigmoidSpec) -> NDArray[np.int64]:
    """The logistic function, or ``tanh``, from one table with linear interpolation.

    The magnitude of the scaled code selects an entry and the next; 1 from entry 255 on. The
    logistic of a negative number is 1 less that of its magnitude, and ``tanh(x)`` is
    ``2 * logistic(2 * x) - 1``, which takes half as many bits between two entries. All is
    within 32 bits.

    Parameters
    ----------
    codes : int16, any shape
        With zero point 0.
    spec : SigmoidSpec

    Returns
    -------
    int64 array of int16 codes of scale ``2**-15``. Off by at most 3.1e-5 (logistic) and 4.6e-5
    (tanh) from the function of ``codes`` at scale ``2**-12``.

    Source: TensorFlow Lite, ``reference/integer_ops/logistic.h`` and ``tanh.h``.

    >>> sigmoid(np.array([-4096, 0, 4096]), SigmoidSpec.of(2.0**-12))
    array([ 8812, 16384, 23956])
    >>> sigmoid(np.array([-4096, 0, 4096]), SigmoidSpec.of(2.0**-12, tanh=True))
    array([-24956,      0,  24956])
    """
    bits = spec.index_shift
    scaled = (codes.astype(np.int64) * spec.multiplier + (1 << spec.shift >> 1)) >> spec.shift
    magnitude = np.abs(scaled)
    table = np.array(sigmoid_table())
    place = np.minimum(magnitude >> bits, 254)
    between = magnitude & ((1 << bits) - 1)
    result = (table[place] << bits) + between * (table[place + 1] - table[place])
    most = 0xFFFF << bits if spec.tanh else 0x7FFF << _ENTRY_BITS - 16 + bits + 1
    result = np.where(magnitude >> bits >= 255, most, result)
    if spec.tanh:
        centred = result - (1 << 15 + bits)
        return np.where(scaled >= 0, centred + 128, 127 - centred) >> bits
    return np.where(scaled >= 0, result + 512, (1 << 16 + bits) - result + 511) >> bits + 1


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Node):
    """:func:`sigmoid` of every element: one input, one output of its shape, both int16."""

    synthesisable = True

    spec: SigmoidSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        self.require(inputs[0].format == self.spec.format,
                     f"input must be {self.spec.format}, not {inputs[0].format}")
        return ((inputs[0].shape, self.spec.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (sigmoid(values[0], self.spec).astype(np.int16),)
