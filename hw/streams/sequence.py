"""Counters that follow a fixed, cyclic order: no wider than needed, absent where they can be."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeVar

from amaranth import Array, Const, Module, Mux, Signal, Value

from sw_model.formats import as_index

__all__ = ["Step", "checked_pairs", "choose", "count_steps", "counter", "shortened"]

_Key = TypeVar("_Key", bound=Hashable)


def checked_pairs(name: str, pairs: object, *, first: str, second: str,
                  least: int = 1) -> tuple[tuple[int, int], ...]:
    """``pairs`` as a tuple of pairs of integers, the first at least ``least``, the second 1.

    Raises
    ------
    TypeError
        If it is anything but a tuple of pairs of integers.
    ValueError
        If it is empty or a number is too small.
    """
    if not isinstance(pairs, tuple) or not all(
            isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise TypeError(f"{name} must be a tuple of ({first}, {second}) pairs, not {pairs!r}")
    if not pairs:
        raise ValueError(f"{name} must have at least one ({first}, {second}) pair")
    checked = tuple((as_index(first, a), as_index(second, b)) for a, b in pairs)
    for a, b in checked:
        for word, number, bound in ((first, a, least), (second, b, 1)):
            if number < bound:
                raise ValueError(f"{word} must be at least {bound}, not {number}")
    return checked


def shortened(pairs: Sequence[tuple[_Key, int]]) -> tuple[tuple[_Key, int], ...]:
    """The shortest (key, count) pairs that repeat in the same order for ever.

    >>> shortened([(0, 2), (0, 1), (1, 4)])
    ((0, 3), (1, 4))
    >>> shortened([(0, 2), (1, 4), (0, 2), (1, 4)])
    ((0, 2), (1, 4))
    >>> shortened([(7, 2), (7, 3)])
    ((7, 1),)
    """
    merged: list[tuple[_Key, int]] = []
    for key, count in pairs:
        if merged and merged[-1][0] == key:
            merged[-1] = (key, merged[-1][1] + count)
        else:
            merged.append((key, count))
    if len(merged) == 1:
        return ((merged[0][0], 1),)
    for period in range(1, len(merged)):
        if len(merged) % period == 0 and merged == merged[:period] * (len(merged) // period):
            return tuple(merged[:period])
    return tuple(merged)


def choose(values: Sequence[int], index: Value) -> Value:
    """``values[index]``; combinational, and a constant where all are the same."""
    shape = range(min(values), max(values) + 1)
    if len(set(values)) == 1:
        return Const(values[0], shape)
    return Array(Const(value, shape) for value in values)[index]


def counter(m: Module, name: str, *, last: Value, most: int, advance: Value
            ) -> tuple[Value, Value]:
    """Count advances from 0 to ``last`` and begin again; the count, and whether it is ``last``.

    Parameters
    ----------
    name : str
        Of the register.
    last : Value
        May change when the count returns to 0.
    most : int
        The largest that ``last`` can be; with 0 there is no register.
    advance : Value
        Whether to count in this cycle.
    """
    if most == 0:
        return Const(0, 1), Const(1, 1)
    count, at_end = Signal(range(most + 1), name=name), Signal(name=f"{name}_ends")
    m.d.comb += at_end.eq(count == last)
    with m.If(advance):
        m.d.sync += count.eq(Mux(at_end, 0, count + 1))
    return count, at_end


class Step(NamedTuple):
    """Where a cyclic sequence stands.

    Parameters
    ----------
    index : Value
        The present entry.
    ends : Value
        Whether the next advance is the last of this entry.
    """

    index: Value
    ends: Value


def count_steps(m: Module, counts: Sequence[int], *, advance: Value, name: str) -> Step:
    """Stay ``counts[k]`` advances in entry ``k``, entry after entry, cyclically."""
    if len(counts) == 1:
        return Step(Const(0, 1), Const(1, 1))
    index = Signal(range(len(counts)), name=name)
    _, ends = counter(m, f"{name}_item", last=choose([count - 1 for count in counts], index),
                      most=max(counts) - 1, advance=advance)
    with m.If(advance & ends):
        m.d.sync += index.eq(Mux(index == len(counts) - 1, 0, index + 1))
    return Step(index, ends)
