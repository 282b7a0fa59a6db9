"""Products of matrices, as systolic arrays take them: sizes of array and matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sw_model.formats import BipolarFormat, CodedFormat, Format, IntFormat, as_index

from ..pe import PE_KINDS, DotSpec

__all__ = ["GemmJob", "GemmSpec", "check_array", "check_padding", "check_sizes",
           "whole"]


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
    """

    activations: Format
    weights: Format
    accumulator: IntFormat
    rows: int
    columns: int
    lanes: int
    jobs: tuple[GemmJob, ...]
    pe: str = "parallel"

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


def check_padding(activations: Format, weights: Format, inner: int, pairs: int) -> None:
    """Refuse ``inner`` pairs in words of ``pairs`` where no padding has a product of zero.

    Raises
    ------
    ValueError
        If ``pairs`` does not divide ``inner``, and no code of either format is zero.
    """
    if inner % pairs and not (_has_zero(activations) or _has_zero(weights)):
        raise ValueError(f"inner must be a multiple of {pairs} where neither activations "
                         f"({activations}) nor weights ({weights}) have a zero, not {inner}")


def _has_zero(form: Format) -> bool:
    if isinstance(form, CodedFormat):
        return bool(((form.values() == 0) & form.legal()).any())
    return not isinstance(form, BipolarFormat)
