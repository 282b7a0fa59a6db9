"""Explicit pipelined adder trees.

A sum written as one expression makes Yosys build compressors out of look-up tables, of twice
the size that a tree of carry chains takes; so trees are written out, a register behind each
level.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Signal, Value
from amaranth.hdl import ValueLike

__all__ = ["adder_tree", "tree_depth"]


def tree_depth(terms: int) -> int:
    """Levels of a balanced binary tree over ``terms`` values: 0 for one."""
    if terms < 1:
        raise ValueError(f"terms must be at least 1, not {terms}")
    return (terms - 1).bit_length()


def adder_tree(m: Module, values: Sequence[ValueLike], *, enable: ValueLike, name: str) -> Value:
    """The sum of ``values``, ``tree_depth(len(values))`` enabled cycles later.

    Each level adds in pairs into registers that move while ``enable`` is high; widths grow
    by what each sum needs. An odd value out is registered along.
    """
    level = [Value.cast(value) for value in values]
    depth = 0
    while len(level) > 1:
        sums = []
        for k in range(0, len(level), 2):
            total = level[k] if k + 1 == len(level) else level[k] + level[k + 1]
            register = Signal(total.shape(), name=f"{name}_{depth}_{k // 2}", reset_less=True)
            with m.If(enable):
                m.d.sync += register.eq(total)
            sums.append(register)
        level, depth = sums, depth + 1
    return level[0]
