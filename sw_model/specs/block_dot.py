"""Dot products of operands in runs that have scales."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from ..formats import FixedFormat, Float32Format
from ..formats.blocks.runs import RunFormat, RunScale
from .block_sum import BlockSumSpec
from .checks import indices, require_least

__all__ = ["BlockDotSpec", "DotTerm"]

#: An operand without a scale.
ONE = (1, (0, 0))


class DotTerm(NamedTuple):
    """One of the sums that a pair of runs gives: a factor of each side, and their product.

    Members
    -------
    activations, weights : bool
        Whether the side gives its elements and its scale, or its minimum, which goes with a one
        for each element.
    largest : int
        Greatest magnitude of the sum, in units of its elements' grids.
    lsb : int
        Exponent of those units.
    significand : int
        Greatest magnitude of the product of the sides' significands.
    exponents : (int, int)
        Range of the sum of the sides' exponents.
    """

    activations: bool
    weights: bool
    largest: int
    lsb: int
    significand: int
    exponents: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class BlockDotSpec:
    """Dot products of two operands in runs; each run's sums are exact, and so is their scaling.

    A pair of runs gives the sum of its products, and where an operand has minima a sum for each
    pairing of elements and minima: of activations and weights; of activations, times the
    weights' minimum; of weights, times the activations'; and both minima, once for each element.
    In this order, run by run, they go into the sum across blocks, which alone may round.

    Parameters
    ----------
    activations, weights : RunFormat
    size : int
        Elements of a run here: a divisor of both operands' own, of which the longer ones count
        as several with equal scales.
    runs : int
        Most runs of a dot product.
    target : FixedFormat or Float32Format
        Of the result; see :class:`sw_model.specs.BlockSumSpec`.

    Raises
    ------
    TypeError, ValueError
        If there is no such dot product, or a window does not hold every result.
    """

    activations: RunFormat
    weights: RunFormat
    size: int
    runs: int
    target: FixedFormat | Float32Format

    def __post_init__(self) -> None:
        for name in ("activations", "weights"):
            if not isinstance(getattr(self, name), RunFormat):
                raise TypeError(f"{name} must be a RunFormat, not {getattr(self, name)!r}")
        indices(self, "size", "runs")
        require_least("size", self.size, 1)
        require_least("runs", self.runs, 1)
        for name in ("activations", "weights"):
            own = getattr(self, name).size
            if own is not None and own % self.size:
                raise ValueError(f"size must be a divisor of the {own} elements of a run of the "
                                 f"{name}, not {self.size}")
        _ = self.sum  # checks the window

    @classmethod
    def fitting(cls, width: int, *, activations: RunFormat, weights: RunFormat, size: int,
                runs: int) -> BlockDotSpec:
        """With the narrowest window that holds every result, if that has at most ``width`` bits;
        else with float32."""
        wide = cls(activations=activations, weights=weights, size=size, runs=runs,
                   target=Float32Format())
        found = BlockSumSpec.fitting(width, blocks=wide.sum.blocks, largest=wide.sum.largest,
                                     exponent_low=wide.sum.exponent_low,
                                     exponent_high=wide.sum.exponent_high,
                                     significand=wide.sum.significand, lsb=wide.sum.lsb)
        return cls(activations=activations, weights=weights, size=size, runs=runs,
                   target=found.target)

    @property
    def terms(self) -> tuple[DotTerm, ...]:
        """What a pair of runs gives, in order."""
        a, w = self.activations, self.weights
        return tuple(_term(a, w, own_a, own_w, self.size)
                     for own_a in (True, False)[:1 + (a.minimum is not None)]
                     for own_w in (True, False)[:1 + (w.minimum is not None)])

    @property
    def sum(self) -> BlockSumSpec:
        """The sum across runs: a block for each term. Its grid is that of the products."""
        terms = self.terms
        lsb = terms[0].lsb
        ranges = [[end + term.lsb - lsb for end in term.exponents] for term in terms]
        return BlockSumSpec(
            target=self.target, blocks=self.runs * len(terms),
            largest=max(term.largest for term in terms), lsb=lsb,
            exponent_low=min(low for low, _ in ranges),
            exponent_high=max(high for _, high in ranges),
            significand=max(term.significand for term in terms))

    @property
    def has_nan(self) -> bool:
        """Whether a result may be NaN, as a scale or an element is no finite number."""
        scales = [scale for side in (self.activations, self.weights)
                  for scale in (side.scale, side.minimum) if scale is not None]
        return any(scale.has_nan for scale in scales) or any(
            RunScale(side.element).has_nan for side in (self.activations, self.weights))


def _term(a: RunFormat, w: RunFormat, own_a: bool, own_w: bool, size: int) -> DotTerm:
    sides = [(a, own_a), (w, own_w)]
    ends = [(side.element.fixed_min, side.element.fixed_max) if own else (1, 1)
            for side, own in sides]
    scales = [side.scale if own else side.minimum for side, own in sides]
    parts = [ONE if scale is None else (scale.significand, scale.exponents) for scale in scales]
    return DotTerm(
        own_a, own_w, max(1, size * max(abs(x * y) for x in ends[0] for y in ends[1])),
        sum(side.element.lsb for side, own in sides if own),
        prod(significand for significand, _ in parts),
        (sum(low for _, (low, _) in parts), sum(high for _, (_, high) in parts)))
