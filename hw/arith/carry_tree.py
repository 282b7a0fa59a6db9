"""Adder trees whose adders take a carry each: where numbers were complemented, not negated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import ValueLike

from ..shapes import shape_between
from .registered import registered

__all__ = ["Carried", "add_with_carry", "carry_sum", "carry_tree", "signed_term"]


@dataclass(frozen=True, eq=False)
class Carried:
    """``value + carry``, where ``value`` alone is ``low`` to ``high``."""

    value: Value
    low: int
    high: int
    carry: Value | None = None


def signed_term(m: Module, value: Value, negative: Value, limits: tuple[int, int], *,
                whole: bool, enable: ValueLike, name: str) -> Carried:
    """``value``, ``limits`` at most, or where ``negative`` its negative; a register later.

    Its complement, which takes a look-up table a bit, and a carry; ``whole``, the negative
    itself, for the one term of a tree for which there is no adder.
    """
    least, most = limits
    other = (-most, -least) if whole else (~most, ~least)
    low, high = min(least, other[0]), max(most, other[1])
    # As wide as the term: what is complemented must have its sign bits.
    flipped = Signal(shape_between(low, high), name=f"{name}_flipped")
    m.d.comb += flipped.eq(value ^ negative.replicate(len(flipped)).as_signed())
    if whole:
        term = Signal.like(flipped, name=f"{name}_whole")
        m.d.comb += term.eq(flipped + negative)
        return Carried(registered(m, term, enable=enable, name=name), low, high)
    carry = registered(m, negative, enable=enable, name=f"{name}_carry")
    return Carried(registered(m, flipped, enable=enable, name=name), low, high, carry)


def carry_tree(m: Module, terms: Sequence[Carried], *, enable: ValueLike, name: str) -> Value:
    """The sum of ``terms``, ``tree_depth(len(terms))`` enabled cycles later.

    Each level adds in pairs, a register behind each adder, as
    :func:`hw.arith.adder_tree.adder_tree` does. An adder takes one of its pair's carries and
    registers the other along; n terms have n - 1 adders, so that one term at least must have
    none.

    Raises
    ------
    ValueError
        If there are no terms, or each has a carry.
    """
    if all(term.carry is not None for term in terms):
        raise ValueError("terms must not be empty, and one must have no carry")
    return carry_sum(m, terms, enable=enable, name=name).value


def carry_sum(m: Module, terms: Sequence[Carried], *, enable: ValueLike, name: str) -> Carried:
    """The same, where each of the terms, one at least, may have a carry.

    If all have one, the sum is left with a carry for an adder behind the tree.
    """
    level, depth = list(terms), 0
    while len(level) > 1:
        level = [_node(m, level[k:k + 2], enable, f"{name}_{depth}_{k // 2}")
                 for k in range(0, len(level), 2)]
        depth += 1
    return level[0]


def add_with_carry(a: Value, b: Value, carry: Value) -> Value:
    """``a + b + carry``, of which synthesis makes one adder; combinational."""
    # A place below the lowest makes the carry; no second adder comes of it.
    return (_above(Const(1, 1), a) + _above(carry, b)) >> 1


def _node(m: Module, pair: Sequence[Carried], enable: ValueLike, name: str) -> Carried:
    """The registered sum of one or two terms, with one carry less where there are two."""
    low, high = sum(term.low for term in pair), sum(term.high for term in pair)
    carries = [term.carry for term in pair if term.carry is not None]
    total = pair[0].value
    if len(pair) == 2:
        if carries:
            total, high = add_with_carry(total, pair[1].value, carries.pop()), high + 1
        else:
            total = total + pair[1].value
    register = Signal(shape_between(low, high), name=name, reset_less=True)
    with m.If(enable):
        m.d.sync += register.eq(total)
    kept = registered(m, carries[0], enable=enable, name=f"{name}_carry") if carries else None
    return Carried(register, low, high, kept)


def _above(bit: Value, value: Value) -> Value:
    """``2 * value + bit``."""
    joined = Cat(bit, value)
    return joined.as_signed() if value.shape().signed else joined
