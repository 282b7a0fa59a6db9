"""Products of matrices, as systolic arrays take them: sizes of array and matrices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sw_model.formats import BipolarFormat, CodedFormat, Format, IntFormat, as_index, covering

from ..pe import PE_KINDS, DotSpec
from ..pe.operands import check_integers
from ..shapes import shape_between

__all__ = ["GemmJob", "GemmSpec", "check_accumulator", "check_array", "check_padding",
           "check_results", "check_sizes", "whole", "zero_code"]


def whole(number: int, size: int) -> int:
    """Pieces of ``size`` that cover ``number``.

    >>> whole(8, 4), whole(9, 4)
    (2, 3)
    """
    return -(-number // size)


def check_sizes(spec: Any, *names: str) -> None:
    """Refuse parameters below 1, by their names.

    Raises
    ------
    TypeError, ValueError
        If one is no integer, or is too small.
    """
    for name in names:
        if as_index(name, getattr(spec, name)) < 1:
            raise ValueError(f"{name} must be at least 1, not {getattr(spec, name)}")


def check_array(spec: Any, *names: str) -> None:
    """Refuse sizes below 1, an empty table of ``jobs``, and a ``pe`` that is no kind.

    Raises
    ------
    TypeError, ValueError
        If the spec is wrong.
    """
    check_sizes(spec, *names)
    if not spec.jobs:
        raise ValueError("jobs must not be empty")
    if spec.pe not in PE_KINDS:
        raise ValueError(f"pe must be one of {', '.join(PE_KINDS)}, not {spec.pe!r}")


@dataclass(frozen=True)
class GemmJob:
    """A product of two matrices, M x K times K x N.

    Parameters
    ----------
    rows : int
        M, of the activations and of the result.
    inner : int
        K, pairs of each dot product.
    columns : int
        N, of the weights and of the result.
    """

    rows: int
    inner: int
    columns: int

    def __post_init__(self) -> None:
        check_sizes(self, "rows", "inner", "columns")


@dataclass(frozen=True)
class GemmSpec:
    """Parameters of a systolic array.

    Parameters
    ----------
    activations, weights : Format
        Of the operands.
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    rows, columns : int
        R and C, of the array.
    lanes : int
        Pairs that each cell takes at once.
    jobs : tuple of GemmJob
        Served cyclically, in this order.
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    reach : (int, int), optional
        Least and greatest result, where less is known of the operands than their formats allow.
    family : str, optional
        Of the device, for kinds that depend on it.
    """

    activations: Format
    weights: Format
    accumulator: IntFormat
    rows: int
    columns: int
    lanes: int
    jobs: tuple[GemmJob, ...]
    pe: str = "parallel"
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)
    family: str | None = None

    def __post_init__(self) -> None:
        check_array(self, "rows", "columns", "lanes")

    @property
    def dot(self) -> DotSpec:
        """What each cell's processing element computes."""
        return DotSpec(self.activations, self.weights, self.lanes)

    @property
    def skew(self) -> int:
        """Cycles by which the last cell is behind the first, R + C - 2."""
        return self.rows + self.columns - 2


def check_accumulator(accumulator: IntFormat, dot: DotSpec, pairs: Iterable[int], *,
                      reach: tuple[int, int] | None, bias: Format | None = None) -> None:
    """Refuse an accumulator that does not hold every result.

    Sums may wrap on their way to a result that it holds.

    Parameters
    ----------
    dot : DotSpec
        Of the operands.
    pairs : iterable of int
        Of the results of each job.
    reach : (int, int) or None
        Least and greatest result, if those that the formats allow do not occur.
    bias : Format or None
        Of what is added to each result.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_results` does, or if the bias is no integer format.
    """
    most = max(pairs)
    what = f"{most} products of activations {dot.activations} and weights {dot.weights}"
    low, high = (end * most for end in dot.product_range)
    if bias is not None:
        check_integers("bias", bias)
        low, high, what = low + bias.min, high + bias.max, f"{what} and a bias {bias}"
    check_results(accumulator, low, high, what, reach=reach)


def check_results(accumulator: IntFormat, low: int, high: int, what: str, *,
                  reach: tuple[int, int] | None) -> None:
    """Refuse an accumulator that does not hold ``low`` to ``high``, which is what ``what`` comes
    to, or if it is told, the ``reach``.

    Raises
    ------
    TypeError, ValueError
        If it is no integer format, the reach is none, or it is too narrow; the message says which
        one is not, if there is any.
    """
    check_integers("accumulator", accumulator)
    if reach is not None:
        ends = tuple(as_index("reach", end) for end in reach)
        if len(ends) != 2 or ends[0] > ends[1]:
            raise ValueError(f"reach must be the least and the greatest result, not {reach}")
        (low, high), what = ends, "the results that it is told of"
    if accumulator.min <= low and high <= accumulator.max:
        return
    enough = shape_between(low, high)
    try:
        legal = f"{covering(low, high)} holds them"
    except ValueError:
        legal = f"they take {enough.width} bits, and there are no accumulators of more than 64"
    raise ValueError(
        f"accumulator {accumulator} holds {accumulator.min} to {accumulator.max}, but {what} come "
        f"to {low} to {high}: {legal}"
        + (", or tell the reach of operands that come to less" if reach is None else ""))


def check_padding(activations: Format, weights: Format, inner: int, pairs: int, *,
                  name: str = "inner") -> None:
    """Refuse ``inner`` pairs in words of ``pairs`` where no padding has a product of zero.

    ``name`` is what messages call them.

    Raises
    ------
    ValueError
        If ``pairs`` does not divide ``inner``, and no code of either format is zero.
    """
    if inner % pairs and zero_code(activations) is None and zero_code(weights) is None:
        raise ValueError(f"{name} must be a multiple of {pairs} where neither activations "
                         f"({activations}) nor weights ({weights}) have a zero, not {inner}")


def zero_code(form: Format) -> int | None:
    """The first code of value zero, as it is stored; None if there is none."""
    if isinstance(form, CodedFormat):
        zeros = np.flatnonzero((form.values() == 0) & form.legal())
        return int(zeros[0]) if zeros.size else None
    return None if isinstance(form, BipolarFormat) else 0
