"""Explicit pipelined adder trees.

A sum written as one expression makes Yosys build compressors out of look-up tables, of twice
the size that a tree of carry chains takes; so trees are written out, a register behind each
level. Values of one or two bits are the exception: a few of them are summed by a handful of
look-up tables, where a carry chain would be mostly overhead.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from amaranth import Const, Module, Signal, Value
from amaranth.hdl import ValueLike

from ..shapes import shape_between

__all__ = ["adder_tree", "grouped_depth", "leaf_group", "tree_depth"]


def tree_depth(terms: int) -> int:
    """Levels of a balanced binary tree over ``terms`` values: 0 for one."""
    if terms < 1:
        raise ValueError(f"terms must be at least 1, not {terms}")
    return (terms - 1).bit_length()


def leaf_group(width: int) -> int:
    """Values of ``width`` bits that the first level had best sum at once."""
    return {1: 6, 2: 3}.get(width, 2)


def grouped_depth(terms: int, group: int) -> int:
    """Levels of an :func:`adder_tree` whose first level sums ``group`` values at once."""
    return tree_depth(terms) if terms == 1 else 1 + tree_depth(-(-terms // group))


def adder_tree(m: Module, values: Sequence[ValueLike], *, enable: ValueLike, name: str,
               group: int = 2) -> Value:
    """The sum of ``values``, ``grouped_depth(len(values), group)`` enabled cycles later.

    Each level adds in pairs into registers that move while ``enable`` is high, each as wide
    as the sums that it can hold. An odd value out is registered along; one value alone is
    the sum, without a register.

    Parameters
    ----------
    values : sequence of value-like
        Of any widths and signs.
    group : int
        Values that the first level sums at once; see :func:`leaf_group` and
        :func:`grouped_depth`.
    """
    if not values:
        raise ValueError("values must not be empty")
    level = [(value, *_range(value)) for value in map(Value.cast, values)]
    depth = 0
    while len(level) > 1:
        sums = []
        for k in range(0, len(level), group):
            terms, lows, highs = zip(*level[k:k + group], strict=True)
            # Amaranth widens by a bit for each addition; the registers keep what is needed.
            low, high = sum(lows), sum(highs)
            register = Signal(shape_between(low, high), name=f"{name}_{depth}_{k // group}",
                              reset_less=True)
            with m.If(enable):
                m.d.sync += register.eq(functools.reduce(operator.add, terms))
            sums.append((register, low, high))
        level, depth, group = sums, depth + 1, 2
    return level[0][0]


def _range(value: Value) -> tuple[int, int]:
    """Least and greatest number that ``value`` can be."""
    if isinstance(value, Const):
        return value.value, value.value
    shape = value.shape()
    half = 1 << (shape.width - 1) if shape.signed else 0
    return -half, (1 << shape.width) - 1 - half
