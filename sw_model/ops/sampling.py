"""One element drawn by its weight: softmax over the survivors of top-k and top-p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, IntFormat
from ..node import AtMost, Dimension, Node, Tensor
from ..specs import SamplerSpec
from .exp2 import exp2
from .top_k import top_k

__all__ = ["Sample", "SeededSample", "draw", "nucleus", "sample", "xorshift32"]


def xorshift32(state: int) -> int:
    """The next of the 2**32 - 1 states of a xorshift generator, none of them 0.

    Source: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003, with
    the shifts 13, 17, 5.

    >>> xorshift32(1), xorshift32(270369)
    (270369, 67634689)
    """
    state ^= state << 13 & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ (state << 5 & 0xFFFFFFFF)


def draw(weights: NDArray[Any], state: int) -> tuple[int, int]:
    """The place of a weight, each with its share of the sum as its chance; and the next state.

    The first place whose prefix sum, itself included, exceeds ``state * sum >> 32``; the last
    one if no weight is positive.

    Parameters
    ----------
    weights : integers, shape (n,)
        None negative, with a sum below 2**31.
    state : int
        Of the generator, 1 to 2**32 - 1.

    Returns
    -------
    The place, 0 to n - 1, and :func:`xorshift32` of ``state``. Exact: over all states a place's
    count is off from its share of them by at most 2 in ``2**32``.

    Source: inversion of the distribution function, L. Devroye, "Non-uniform random variate
    generation", Springer 1986, section III.2.

    >>> draw(np.array([5, 0, 20, 75]), 12345)
    (3, 3336926330)
    """
    state = xorshift32(state)
    prefix = np.cumsum(weights.astype(np.int64))
    point = (state * int(prefix[-1])) >> 32
    return min(int(np.searchsorted(prefix, point, side="right")), len(prefix) - 1), state


def nucleus(weights: NDArray[Any], part: int) -> int:
    """How many of the weights top-p keeps: as few as make ``part * 2**-16`` of the sum, one at
    least; exact.

    Parameters
    ----------
    weights : integers, shape (n,)
        None negative, largest first, with a sum below 2**31.
    part : int
        0 to ``2**16``.

    Returns
    -------
    1 to n.

    Source: A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020,
    section 3.1.

    >>> nucleus(np.array([50, 30, 15, 5]), 1 << 15), nucleus(np.array([50, 30, 15, 5]), 60000)
    (1, 3)
    """
    prefix = np.cumsum(weights.astype(np.int64))
    enough = (prefix << SamplerSpec.PART_BITS) >= part * prefix[-1]
    return int(np.argmax(enough)) + 1


def sample(codes: NDArray[Any], spec: SamplerSpec, multiplier: int, part: int, state: int
           ) -> tuple[int, int]:
    """The place of an element of a row, drawn; and the next state of the generator.

    Parameters
    ----------
    codes : integers, shape (n,)
        Of ``spec.top.source``: logits.
    spec : SamplerSpec
    multiplier : int
        Scale over temperature, see :meth:`.SamplerSpec.multiplier`.
    part : int
        How much of all weights top-p keeps, in units of ``2**-16``; ``2**16`` keeps all.
    state : int
        Of the generator, 1 to 2**32 - 1.

    Returns
    -------
    The place, 0 to n - 1, and the generator's next state.

    Weights are ``2**((x - largest) * multiplier)`` with ``spec.fraction`` fraction bits, those
    of the ``k`` largest elements; each has the error of :func:`.exp2`, and the rest is exact.

    Source: those of :func:`.exp2`, :func:`draw`, :func:`nucleus` and :func:`xorshift32`.

    >>> from sw_model.formats import IntFormat
    >>> from sw_model.specs import TopKSpec
    >>> spec = SamplerSpec(top=TopKSpec(source=IntFormat(8), k=2, longest=5))
    >>> sample(np.array([9, 50, -3, 52, 0]), spec, spec.multiplier(0.1), 1 << 16, 1)
    (3, 270369)
    """
    values, places = top_k(codes.astype(np.int64), spec.top.k)
    weights = exp2(values - values[0], spec.power, multiplier)
    chosen, state = draw(weights[:nucleus(weights, part)], state)
    return int(places[chosen]), state


@dataclass(frozen=True, kw_only=True)
class Sample(Node):
    """:func:`sample` of one row: inputs (n,) and the generator's state, uint32 (1,).

    Two outputs (1,): the place, and the next state.
    """

    synthesisable = True

    spec: SamplerSpec
    multiplier: int
    part: int = 1 << SamplerSpec.PART_BITS

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, state = inputs
        _require(self, x)
        self.require(len(x.shape) == 1, f"needs one row, not {list(x.shape)}")
        uint32 = IntFormat(32, signed=False)
        self.require(state.shape == (1,) and state.format == uint32,
                     f"the state must be uint32 [1], not {state.format} {list(state.shape)}")
        return ((1,), self.spec.top.index), ((1,), uint32)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        drawn = np.array([sample(row, self.spec, self.multiplier, self.part, int(state))
                          for row, (state,) in zip(*values, strict=True)],
                         np.int64).reshape(-1, 2, 1)
        return (drawn[:, 0].astype(self.spec.top.index.dtype), drawn[:, 1].astype(np.uint32))


@dataclass(frozen=True, kw_only=True)
class SeededSample(Node):
    """:func:`sample` of every row, one after the other, from a generator of its own.

    One input (..., n), one output (..., 1): the places. Every run begins with the seed, as after
    a reset, and the rows of its samples draw in their order.
    """

    synthesisable = True

    spec: SamplerSpec
    multiplier: int
    part: int = 1 << SamplerSpec.PART_BITS
    seed: int = 1

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        _require(self, inputs[0])
        self.require(0 < self.seed < 1 << 32, f"seed must be 1 to {(1 << 32) - 1}, "
                     f"not {self.seed}")
        return (((*inputs[0].shape[:-1], 1), self.spec.top.index),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        (x,) = values
        places, state = np.empty((*x.shape[:-1], 1), self.spec.top.index.dtype), self.seed
        for row in np.ndindex(x.shape[:-1]):
            places[row], state = sample(x[row], self.spec, self.multiplier, self.part, state)
        return (places,)


def _require(node: Sample | SeededSample, x: Tensor) -> None:
    """Raise NodeError unless the last axis of ``x`` is a row, and the parameters fit."""
    top = node.spec.top
    node.require(x.format == top.source, f"input must be {top.source}, not {x.format}")
    length = x.shape[-1] if x.shape else 0
    longest = length.maximum if isinstance(length, AtMost) else length
    node.require(1 <= longest <= top.longest,
                 f"needs a row of 1 to {top.longest} elements, not {list(x.shape)}")
    node.require(0 <= node.multiplier < 1 << node.spec.multiplier_bits
                 and 0 <= node.part <= 1 << SamplerSpec.PART_BITS,
                 f"multiplier {node.multiplier} or part {node.part} out of range")
