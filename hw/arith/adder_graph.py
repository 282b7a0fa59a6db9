"""Graphs of adders: products by constants without multipliers.

A node is an input, or the sum or difference of two nodes, each shifted left by wires: a sum of
inputs times constants. From these its range is known exactly, so that no adder is wider than need
be, although an input may have gone into both of its operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..shapes import shape_between

__all__ = ["Adder", "AdderGraph", "Operand", "add_ranges", "cells"]

Range = tuple[int, int]


class Operand(NamedTuple):
    """A node shifted left; None is zero."""

    node: int | None
    shift: int = 0


class Adder(NamedTuple):
    """``left + right``, or with ``subtract`` ``left - right``; one of the shifts is zero.

    Parameters
    ----------
    left, right : Operand
    subtract : bool
    low, high : int
        Least and greatest value.
    depth : int
        Adders on the longest path from an input, this one included.
    bits : int
        Length of the carry chain; what is below it is wires.
    """

    left: Operand
    right: Operand
    subtract: bool
    low: int
    high: int
    depth: int
    bits: int


def cells(bits: int) -> int:
    """Logic cells of a carry chain of ``bits``: they come in pairs, as of ECP5's CCU2C."""
    return bits + (bits & 1)


def _passed(left_shift: int, right_shift: int, *, subtract: bool) -> int:
    """Low bits that need no adder: those of one operand below the other, unless they are
    subtracted."""
    return right_shift if right_shift or subtract else left_shift


def add_ranges(left: Range, right: Range, left_shift: int, right_shift: int, *,
               subtract: bool = False) -> tuple[int, int, int]:
    """Least and greatest sum or difference of shifted numbers that do not depend on each other,
    and the bits of the carry chain.

    Where ``right`` is shifted further, the low bits of ``left`` pass by the chain; where
    ``left`` is, those of ``right`` do unless it is subtracted. Where bits of the one stand
    beside those of the other, there is no chain.

    >>> add_ranges((-8, 7), (-8, 7), 0, 2), add_ranges((0, 7), (0, 7), 0, 3)
    ((-40, 35, 5), (0, 63, 0))
    """
    low, high = left[0] << left_shift, left[1] << left_shift
    other_low, other_high = right[0] << right_shift, right[1] << right_shift
    if subtract:
        low, high = low - other_high, high - other_low
    else:
        low, high = low + other_low, high + other_high
    passed = _passed(left_shift, right_shift, subtract=subtract)
    under = left if right_shift >= left_shift else right
    if passed and not subtract and under[0] >= 0 and under[1] < 1 << passed:
        return low, high, 0
    return low, high, shape_between(low >> passed, high >> passed).width


class AdderGraph:
    """Adders over inputs, in the order of their data, and the outputs among them.

    Nodes are numbered: inputs first, then adders as they were added.

    Parameters
    ----------
    inputs : sequence of (int, int)
        Least and greatest value of each input.
    """

    def __init__(self, inputs: Sequence[Range]) -> None:
        self.inputs = tuple(inputs)
        self.adders: list[Adder] = []
        self.outputs: list[Operand] = []
        self.ranges = list(self.inputs)
        self.depths = [0] * len(self.inputs)
        #: What each node multiplies inputs by.
        self.factors = [{node: 1} for node in range(len(self.inputs))]

    def add(self, left: Operand, right: Operand, *, subtract: bool = False) -> int:
        """The node of a new adder; zero can only be subtracted from.

        Raises
        ------
        ValueError
            If both operands are shifted, or ``right`` is zero.
        """
        if right.node is None or (left.node is None and not subtract):
            raise ValueError("zero can only be subtracted from")
        if left.shift and right.shift:
            raise ValueError(f"one operand must not be shifted, but the two are by {left.shift} "
                             f"and {right.shift}")
        factors = self._scaled(left)
        for node, factor in self._scaled(right).items():
            factors[node] = factors.get(node, 0) + (-factor if subtract else factor)
        ends = [sorted(factor * end for end in self.inputs[node])
                for node, factor in factors.items()]
        low, high = sum(least for least, _ in ends), sum(most for _, most in ends)
        passed = _passed(left.shift, right.shift, subtract=subtract)
        bits = shape_between(low >> passed, high >> passed).width
        if passed and not subtract and self._fits(right if left.shift else left, passed):
            bits = 0
        depth = 1 + max(0 if each.node is None else self.depths[each.node]
                        for each in (left, right))
        self.adders.append(Adder(left, right, subtract, low, high, depth, bits))
        self.ranges.append((low, high))
        self.depths.append(depth)
        self.factors.append(factors)
        return len(self.ranges) - 1

    def _scaled(self, operand: Operand) -> dict[int, int]:
        """What an operand multiplies inputs by."""
        if operand.node is None:
            return {}
        return {node: factor << operand.shift
                for node, factor in self.factors[operand.node].items()}

    def _fits(self, operand: Operand, bits: int) -> bool:
        """Whether an operand that is not shifted is always an unsigned number of ``bits``."""
        low, high = self.ranges[operand.node]
        return low >= 0 and high < 1 << bits

    @property
    def matrix(self) -> NDArray[np.object_]:
        """What the outputs multiply inputs by, shape (outputs, inputs), in Python's integers."""
        matrix = np.zeros((len(self.outputs), len(self.inputs)), object)
        for row, output in enumerate(self.outputs):
            for node, factor in self._scaled(output).items():
                matrix[row, node] = factor
        return matrix

    @property
    def cells(self) -> int:
        """Logic cells of all adders."""
        return sum(cells(adder.bits) for adder in self.adders)

    @property
    def depth(self) -> int:
        """Adders on the longest path to an output."""
        return max((self.depths[output.node] for output in self.outputs
                    if output.node is not None), default=0)

    @property
    def output_ranges(self) -> list[Range]:
        """Least and greatest value of each output."""
        return [(0, 0) if node is None else
                (self.ranges[node][0] << shift, self.ranges[node][1] << shift)
                for node, shift in self.outputs]

    def evaluate(self, inputs: ArrayLike) -> NDArray[np.object_]:
        """The outputs, shape (..., outputs), of integers of shape (..., inputs), in Python's
        integers."""
        given = np.asarray(inputs).astype(object)
        values = [given[..., k] for k in range(len(self.inputs))]

        def value(operand: Operand) -> NDArray[np.object_]:
            if operand.node is None:
                return np.zeros(given.shape[:-1], object)
            return values[operand.node] * (1 << operand.shift)

        for adder in self.adders:
            right = value(adder.right)
            values.append(value(adder.left) + (-right if adder.subtract else right))
        return np.stack([value(output) for output in self.outputs], axis=-1)
