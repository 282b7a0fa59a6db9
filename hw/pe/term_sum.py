"""Sums of terms that come cycle after cycle: the core of every serial processing element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from ..arith.adder_tree import tree_depth
from ..arith.carry_tree import Carried, add_with_carry, carry_sum
from ..arith.registered import registered
from ..arith.shift import shift_left
from ..shapes import shape_between
from ..streams.pipeline import valid_chain
from .base import DotSpec

__all__ = ["Step", "Term", "serial_latency", "serial_sum"]


@dataclass(frozen=True, eq=False)
class Term:
    """A lane's term of one cycle: ``(-1)**negative * (value << shift)`` if ``valid``, else 0.

    Members
    -------
    value : Value
        Of the operand that is not taken apart.
    valid, negative : Value
        One bit each.
    shift : Value
        At most ``most``.
    most : int
    """

    value: Value
    valid: Value
    negative: Value = field(default_factory=lambda: Const(0, 1))
    shift: Value = field(default_factory=lambda: Const(0, 1))
    most: int = 0


@dataclass(frozen=True, eq=False)
class Step:
    """What holds for the terms of all lanes in one cycle, in one bit each.

    Members
    -------
    live : Value
        There are terms in this cycle.
    last : Value
        They are the last ones of a dot product; never without ``live``.
    minus : Value
        Their sum is subtracted. Terms then have no signs of their own.
    """

    live: Value
    last: Value
    minus: Value = field(default_factory=lambda: Const(0, 1))


def serial_latency(lanes: int) -> int:
    """Enabled cycles from the last terms to the result of :func:`serial_sum`."""
    return 2 + tree_depth(lanes)


def serial_sum(m: Module, terms: Sequence[Term], step: Step, spec: DotSpec,
               limits: tuple[int, int], *, enable: ValueLike, advance: int, steps: int
               ) -> tuple[Value, Value]:
    """The sum of the terms of a dot product, and whether it has just come.

    The terms of a cycle go into registers, which a term that is not valid clears; from there
    through a tree with a register behind each level; then they are added to what came of the
    cycles before. The result stays until the next.

    With ``advance``, the terms of each cycle count ``2**advance`` times as much as those of the
    cycle before: what there is so far is shifted right, and the adder is no wider than a cycle's
    sum. Each dot product must then take exactly ``steps`` cycles.

    Parameters
    ----------
    terms : sequence of Term
        One for each lane.
    step : Step
    spec : DotSpec
    limits : tuple of int and int
        Least and greatest of the terms' values.
    """
    selected = [_selected(m, term, limits, enable, f"term_{lane}")
                for lane, term in enumerate(terms)]
    part = carry_sum(m, selected, enable=enable, name="part")
    depth = serial_latency(len(terms)) - 1
    live, last = (valid_chain(m, flag, depth=depth, enable=enable)[-1]
                  for flag in (step.live, step.last))
    minus = registered(m, step.minus, enable=enable, name="minus", stages=depth)
    reach = _reach(part, advance, steps, both_signs=not isinstance(minus, Const))
    # Without shifts, what is too wide for the result comes right by its end.
    shape = shape_between(*(reach if advance else spec.result_range))
    so_far = Signal(shape)
    summed = Signal(shape)
    m.d.comb += summed.eq(_added(so_far, part, minus))
    below = Signal(advance * (steps - 1), reset_less=True)
    result = Signal(shape_between(*spec.result_range), reset_less=True)
    new = Signal()
    with m.If(enable):
        m.d.sync += new.eq(last)
        with m.If(live):
            m.d.sync += [so_far.eq(Mux(last, 0, summed >> advance)),
                         below.eq(Cat(below, summed[:advance])[advance:])]
        with m.If(last):
            m.d.sync += result.eq(Cat(below, summed))
    return result, new


def _selected(m: Module, term: Term, limits: tuple[int, int], enable: ValueLike, name: str
              ) -> Carried:
    """A term one register later: complemented if it is negative, with a carry to go with it."""
    low, high = min(limits[0], 0) << term.most, max(limits[1], 0) << term.most
    signed = not isinstance(term.negative, Const)
    if signed:
        low, high = min(low, ~high), max(high, ~low)
    moved = shift_left(m, term.value, term.shift, term.most, name=name)
    # As wide as the term: what is complemented must have its sign bits.
    flipped = Signal(shape_between(low, high), name=f"{name}_flipped")
    m.d.comb += flipped.eq(
        moved ^ term.negative.replicate(len(flipped)).as_signed() if signed else moved)
    register = Signal.like(flipped, name=name, reset_less=True)
    with m.If(enable):
        m.d.sync += register.eq(Mux(term.valid, flipped, 0))
    carry = registered(m, term.valid & term.negative, enable=enable, name=f"{name}_carry")
    return Carried(register, low, high, carry if signed else None)


def _added(so_far: Value, part: Carried, minus: Value) -> Value:
    """``so_far + part``, or ``so_far - part``."""
    if not isinstance(minus, Const):
        assert part.carry is None
        turned = part.value ^ minus.replicate(len(so_far)).as_signed()
        return add_with_carry(so_far, turned, minus)
    if part.carry is not None:
        return add_with_carry(so_far, part.value, part.carry)
    return so_far + part.value


def _reach(part: Carried, advance: int, steps: int, *, both_signs: bool) -> tuple[int, int]:
    """Least and greatest sum of a cycle's terms and of what there was before, shifted."""
    lowest, highest = part.low, part.high + (part.carry is not None)
    if both_signs:
        lowest, highest = min(lowest, -highest), max(highest, -lowest)
    low = high = least = most = 0
    for _ in range(steps):
        low, high = low + lowest, high + highest
        least, most = min(least, low), max(most, high)
        low, high = low >> advance, high >> advance
    return least, most
