"""The largest of several values, a register behind each level of comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Mux, Value
from amaranth.hdl import ValueLike

from .registered import registered

__all__ = ["maximum_tree"]


def maximum_tree(m: Module, values: Sequence[Value], *, enable: ValueLike, name: str) -> Value:
    """The largest of ``values``, of one shape, ``tree_depth(len(values))`` enabled cycles later."""
    if not values:
        raise ValueError("values must not be empty")
    level, depth = list(values), 0
    while len(level) > 1:
        pairs = [level[k:k + 2] for k in range(0, len(level), 2)]
        level = [registered(m, pair[0] if len(pair) == 1 else Mux(pair[1] > pair[0], *pair[::-1]),
                            enable=enable, name=f"{name}_{depth}_{number}")
                 for number, pair in enumerate(pairs)]
        depth += 1
    return level[0]
