"""Graphs of adders for constant matrices: signed digits, shared pairs of terms, cheap trees."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .adder_graph import AdderGraph
from .csd import Digits, csd, low_csd
from .subexpressions import Row, share, term_of, terms_of
from .term_tree import add_terms

__all__ = ["integer_matrix", "least_depth", "matrix_graph"]

#: More pairs of terms than this, and one strategy has to do.
_MANY_PAIRS = 200_000

_RECODINGS = (csd, low_csd)

#: Cells that a place of a shared pair is charged for each bit that it is wider.
_PENALTIES = (0.5, 1.0, 2.0)


def integer_matrix(weights: ArrayLike) -> NDArray[np.int64]:
    """``weights`` as a matrix of a row and a column at least.

    Raises
    ------
    TypeError, ValueError
        If they are no integers, or no matrix, or have more than 32 bits.
    """
    matrix = np.asarray(weights)
    if matrix.dtype.kind not in "iu":
        raise TypeError(f"weights must be integers, not {matrix.dtype}")
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError("weights must be a matrix of a row and a column at least, not of shape "
                         f"{matrix.shape}")
    low, high = int(matrix.min()), int(matrix.max())
    if low < -1 << 31 or high >= 1 << 31:
        raise ValueError(f"weights must have 32 bits at most, not be from {low} to {high}")
    return matrix.astype(np.int64)


def least_depth(weights: ArrayLike) -> int:
    """Levels of adders that the matrix needs, each weight as few signed digits as there can be."""
    return max(map(_needed, _rows(integer_matrix(weights), csd)))


def matrix_graph(weights: ArrayLike, inputs: Sequence[tuple[int, int]], *,
                 depth: int | None = None) -> AdderGraph:
    """Adders that multiply a vector by a constant matrix.

    Weights become sums of signed powers of two; pairs of such terms that rows share are added
    once (:func:`hw.arith.subexpressions.share`), and what is left of each row by a tree
    (:func:`hw.arith.term_tree.add_terms`). Several strategies are tried, and the graph of
    fewest cells is taken; the same input gives the same graph.

    Parameters
    ----------
    weights : array_like of int
        Shape (outputs, inputs).
    inputs : sequence of (int, int)
        Least and greatest value of each input.
    depth : int, optional
        Most levels of adders; :func:`least_depth` if not given. More levels save few cells, and
        cost registers where there is one behind each.

    Returns
    -------
    AdderGraph
        Its outputs are ``weights @ inputs``, exactly.

    Raises
    ------
    TypeError, ValueError
        If the weights are not as :func:`integer_matrix` takes them, inputs are not as many as
        columns, or the depth is less than the least.
    """
    matrix = integer_matrix(weights)
    if len(inputs) != matrix.shape[1]:
        raise ValueError(f"inputs must be as many as columns, {matrix.shape[1]}, not "
                         f"{len(inputs)}")
    least = least_depth(matrix)
    depth = least if depth is None else depth
    if depth < least:
        raise ValueError(f"depth must be at least {least} for these weights, not {depth}")
    return _smallest(tuple(map(tuple, matrix.tolist())), tuple(inputs), depth)


@lru_cache(maxsize=128)
def _smallest(weights: tuple[tuple[int, ...], ...], inputs: tuple[tuple[int, int], ...],
              depth: int) -> AdderGraph:
    """Kept, since a plan asks for the price of what is made later."""
    return min(_graphs(np.array(weights, np.int64), inputs, depth),
               key=lambda graph: graph.cells)


def _graphs(matrix: NDArray[np.int64], inputs: Sequence[tuple[int, int]], depth: int
            ) -> Iterator[AdderGraph]:
    """A graph by each strategy, or by one if there is much to do."""
    # Rows that are equal, or equal when shifted, are one.
    shifts = [_trailing_zeros(row) for row in matrix]
    distinct, which = np.unique(matrix >> np.array(shifts)[:, None], axis=0, return_inverse=True)
    pairs = sum(len(row) ** 2 // 2 for row in _rows(distinct, csd))
    strategies = itertools.product(_RECODINGS, _PENALTIES)
    for recode, penalty in itertools.islice(strategies, 1 if pairs > _MANY_PAIRS else None):
        rows = _rows(distinct, recode)
        if max(map(_needed, rows)) > depth:
            continue
        graph = AdderGraph(inputs)
        share(graph, rows, depth=depth, penalty=penalty)
        outputs = [add_terms(graph, terms_of(row), depth=depth) for row in rows]
        graph.outputs = [outputs[row]._replace(shift=outputs[row].shift + shift)
                         for row, shift in zip(which.ravel(), shifts, strict=True)]
        yield graph


def _trailing_zeros(row: NDArray[np.int64]) -> int:
    """Low bits that are zero in all weights of a row."""
    together = int(np.bitwise_or.reduce(row))
    return max((together & -together).bit_length() - 1, 0)


def _rows(matrix: NDArray[np.int64], recode: Callable[[int], Digits]) -> list[Row]:
    return [{term_of(column, place): sign for column, weight in enumerate(row)
             for place, sign in recode(weight)} for row in matrix.tolist()]


def _needed(row: Row) -> int:
    """Levels of adders for a row, each term being an input."""
    terms = len(row) + (bool(row) and max(row.values()) < 0)
    return max(terms - 1, 0).bit_length()
