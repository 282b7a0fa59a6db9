"""The contract of processing elements for constant matrices: weights are wires and adders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth import Shape
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from sw_model.formats import Format, as_index

from ..arith.constant_matrix import integer_matrix
from ..shapes import shape_between, vector_of
from .operands import check_plain

__all__ = ["ConstantMatrix", "ConstantSpec"]


@dataclass(frozen=True)
class ConstantSpec:
    """A constant matrix and the vectors that it multiplies, exactly.

    Parameters
    ----------
    activations : Format
        Integers, fixed point, bipolar or ternary.
    weights : array_like of int
        Shape (rows, columns), on any grid; kept as tuples.

    Raises
    ------
    TypeError, ValueError
        If the activations are of another format, or the weights no matrix of integers of 32
        bits at most.
    """

    activations: Format
    weights: tuple[tuple[int, ...], ...]

    def __init__(self, activations: Format, weights: ArrayLike) -> None:
        if not isinstance(activations, Format):
            raise TypeError(f"activations must be a Format, not {activations!r}")
        check_plain("a constant matrix", activations=activations)
        matrix = integer_matrix(weights)
        object.__setattr__(self, "activations", activations)
        object.__setattr__(self, "weights", tuple(map(tuple, matrix.tolist())))

    @property
    def matrix(self) -> NDArray[np.int64]:
        """The weights, shape (rows, columns)."""
        return np.array(self.weights)

    @property
    def rows(self) -> int:
        return len(self.weights)

    @property
    def columns(self) -> int:
        return len(self.weights[0])

    @property
    def input_range(self) -> tuple[int, int]:
        """Least and greatest activation on its grid."""
        return self.activations.fixed_min, self.activations.fixed_max

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Least and greatest result of each row, on the grid of activations and weights."""
        ends = [[sorted(weight * end for end in self.input_range) for weight in row]
                for row in self.weights]
        return [(sum(low for low, _ in row), sum(high for _, high in row)) for row in ends]

    @property
    def result(self) -> Shape:
        """Narrowest shape that holds the results of all rows."""
        lows, highs = zip(*self.ranges, strict=True)
        return shape_between(min(lows), max(highs))


class ConstantMatrix(wiring.Component):
    """The contract of a constant matrix: exact products with vectors of codes.

    A form of constant matrix subclasses this, sets ``latency`` and ``interval``, and
    elaborates. The activations of an enabled cycle with ``start`` give their products at ``o``
    after ``latency`` enabled cycles. New activations may be given every ``interval`` enabled
    cycles; while ``enable`` is low everything stands still.

    Parameters
    ----------
    spec : ConstantSpec
    levels : int
        Levels of adders between registers.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Activations are valid. Forms of interval 1 ignore it.
    a : ``In(vector_of(spec.activations, spec.columns))``
    o : ``Out(ArrayLayout(spec.result, spec.rows))``
        The products, each in its row's range; never overflow.
    """

    #: Enabled cycles from activations to results.
    latency: int
    #: Enabled cycles between two vectors of activations.
    interval: int = 1
    #: Lookup tables and carry cells, by what is in it: within 15 % of what Yosys makes for ECP5.
    cells: int
    #: Fewest levels between registers that the form can do with; 0 is combinational.
    _least_levels = 1

    def __init__(self, spec: ConstantSpec, *, levels: int = 1) -> None:
        if not isinstance(spec, ConstantSpec):
            raise TypeError(f"spec must be a ConstantSpec, not {spec!r}")
        self._spec, self._levels = spec, as_index("levels", levels)
        if self._levels < self._least_levels:
            raise ValueError(f"levels must be at least {self._least_levels}, not {levels}")
        super().__init__({
            "enable": In(1),
            "start": In(1),
            "a": In(vector_of(spec.activations, spec.columns)),
            "o": Out(ArrayLayout(spec.result, spec.rows)),
        })

    @property
    def spec(self) -> ConstantSpec:
        return self._spec

    @property
    def levels(self) -> int:
        return self._levels
