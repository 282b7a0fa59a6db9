"""Piecewise polynomials in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import PiecewiseSpec

__all__ = ["Piecewise", "piecewise"]


def piecewise(x: NDArray[Any], spec: PiecewiseSpec) -> NDArray[np.int64]:
    """The polynomial of each element's segment; see :class:`sw_model.specs.PiecewiseSpec`.

    ``(c0 + (c1 + (c2*t >> b))*t >> b) >> guard``, ``c`` the segment's coefficients, as many as the
    degree has, ``t`` the ``b = spec.offset_bits`` low bits of the code less the range's lowest.

    Parameters
    ----------
    x : integers, any shape
        Codes of ``spec.source``.
    spec : PiecewiseSpec

    Returns
    -------
    int64 array of codes of ``spec.target``.

    Exact, as a polynomial of these integers. How far off it is from a function
    :mod:`sw_model.approximate` finds out, code by code, and proves the bound that it was given.

    Source: J.-M. Muller, Elementary functions, 3rd edition 2016, chapters 3 and 6.

    >>> from sw_model.formats import IntFormat
    >>> spec = PiecewiseSpec(source=IntFormat(4), target=IntFormat(6), low=-8, high=7,
    ...                      offset_bits=3, guard=1, coefficients=((-20, 0), (8, 16)))
    >>> piecewise(np.array([-8, -5, 0, 7]), spec)
    array([-10,  -9,   0,   7])
    """
    offset = np.clip(np.asarray(x).astype(np.int64), spec.low, spec.high) - spec.low
    segment, t = offset >> spec.offset_bits, offset & ((1 << spec.offset_bits) - 1)
    first, *others = (np.array(row)[segment] for row in reversed(spec.coefficients))
    total = first
    for coefficient in others:
        total = coefficient + (total * t >> spec.offset_bits)
    result = total >> spec.guard
    return np.clip(result, spec.target.min, spec.target.max) if spec.saturates else result


@dataclass(frozen=True, kw_only=True)
class Piecewise(Node):
    """:func:`piecewise` of every element; parameters are those of ``PiecewiseSpec``.

    Inputs: codes and the constant ``coefficients`` of shape (degree + 1, segments); one output
    of the codes' shape in ``format``.
    """

    synthesisable = True

    format: Format
    low: int
    high: int
    offset_bits: int
    guard: int
    saturates: bool

    def spec(self, inputs: Sequence[Tensor]) -> PiecewiseSpec:
        """What serves the inputs."""
        x, coefficients = inputs
        assert coefficients.value is not None
        return PiecewiseSpec(
            source=x.format, target=self.format, low=self.low, high=self.high,
            offset_bits=self.offset_bits, guard=self.guard, saturates=self.saturates,
            coefficients=tuple(map(tuple, coefficients.value.tolist())))

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, coefficients = inputs
        self.require(coefficients.value is not None and len(coefficients.shape) == 2,
                     "coefficients must be a constant of shape (degree + 1, segments)")
        self.checked(lambda: self.spec(inputs))
        return ((x.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (piecewise(values[0], self.spec(inputs)).astype(self.format.dtype),)
