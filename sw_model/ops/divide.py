"""Exact quotients and square roots of unsigned integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, IntFormat
from ..node import Dimension, Node, Tensor, channels
from ..specs import DivideSpec, IsqrtSpec

__all__ = ["Divide", "Isqrt", "divide", "isqrt"]

Ints = NDArray[np.int64]


def divide(numerator: NDArray[Any], denominator: NDArray[Any], spec: DivideSpec
           ) -> tuple[Ints, Ints]:
    """``numerator // denominator`` and the remainder; exact.

    By zero, every bit of the quotient is 1, and the remainder is the numerator modulo
    ``2**w``, ``w`` the denominator's width.

    Parameters
    ----------
    numerator, denominator : integers, shapes that broadcast
        Codes of the spec's formats.
    spec : DivideSpec

    Returns
    -------
    quotient, remainder : int64 arrays

    Source: restoring division, I. Koren, "Computer arithmetic algorithms", 2nd edition 2002,
    section 3.2.

    >>> spec = DivideSpec(IntFormat(8, signed=False), IntFormat(4, signed=False))
    >>> divide(np.array([200, 200]), np.array([7, 0]), spec)
    (array([ 28, 255]), array([4, 8]))
    """
    n, d = np.broadcast_arrays(np.asarray(numerator).astype(np.int64),
                               np.asarray(denominator).astype(np.int64))
    zero = d == 0
    quotient, remainder = np.divmod(n, np.where(zero, 1, d))
    return (np.where(zero, spec.numerator.max, quotient),
            np.where(zero, n & spec.denominator.max, remainder))


def isqrt(x: NDArray[Any]) -> Ints:
    """``floor(sqrt(x))``; exact.

    Parameters
    ----------
    x : integers, any shape
        0 to ``2**63 - 1``.

    Returns
    -------
    int64 array of the shape of ``x``, of half as many bits.

    Source: the definition; hardware has the digit recurrence.

    >>> isqrt(np.array([0, 15, 16, 2**62 - 1])).tolist()
    [0, 3, 4, 2147483647]
    """
    codes = np.asarray(x).astype(np.int64)
    root = np.sqrt(codes.astype(np.float64)).astype(np.int64)
    root = np.where(root * root > codes, root - 1, root)
    # Not squared: the square of the largest root's neighbour does not fit.
    return np.where(codes // (root + 1) >= root + 1, root + 1, root)


@dataclass(frozen=True, kw_only=True)
class Isqrt(Node):
    """:func:`isqrt` of every element; one unsigned input, one output of its shape."""

    synthesisable = True

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        spec = self.checked(lambda: IsqrtSpec(_integer(inputs[0].format)))
        return ((inputs[0].shape, spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        ((_, target),) = self.infer(inputs)
        return (isqrt(values[0]).astype(target.dtype),)


@dataclass(frozen=True, kw_only=True)
class Divide(Node):
    """:func:`divide` of neighbours: numerator and denominator give quotient and remainder.

    One unsigned input (..., 2), one output of its shape and format.
    """

    synthesisable = True

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.checked(lambda: self.spec(x.format))
        self.require(channels(x.shape) == 2, f"needs pairs, not {channels(x.shape)} elements")
        return ((x.shape, x.format),)

    @staticmethod
    def spec(source: Format) -> DivideSpec:
        """What serves codes of ``source``."""
        return DivideSpec(_integer(source), _integer(source))

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        source, (x,) = inputs[0].format, values
        results = divide(x[..., 0], x[..., 1], self.spec(source))
        return (np.stack(results, axis=-1).astype(source.dtype),)


def _integer(source: Format) -> IntFormat:
    if not isinstance(source, IntFormat):
        raise ValueError(f"needs unsigned integers, not {source}")
    return source
