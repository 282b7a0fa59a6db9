"""Saturation, and comparison with constants, without carry chains."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Array, Const, Mux, Value

from ..shapes import shape_between

__all__ = ["clamp", "clamp_to_one", "exceeds"]


def exceeds(value: Value, limit: int) -> Value:
    """Whether ``value > limit``; combinational.

    A chain with one AND or OR for each bit, which look-up tables take three at a time, and
    nothing for the ones at the limit's end: a limit of ``2**k - 1`` costs a test of the bits
    from ``k`` up.
    """
    shape = value.shape()
    if limit >= (1 << (shape.width - shape.signed)) - 1:
        return Const(0, 1)
    if limit < (-(1 << (shape.width - 1)) if shape.signed else 0):
        return Const(1, 1)
    if limit < 0:
        # Complement mirrors the line: value <= limit where ~value > -limit - 2.
        return ~value[-1] if limit == -1 else ~exceeds((~value).as_signed(), -limit - 2)
    above: Value | None = None
    for k in range(shape.width - shape.signed):
        if not limit >> k & 1:
            above = value[k] if above is None else above | value[k]
        elif above is not None:
            above = above & value[k]
    assert above is not None
    return above & ~value[-1] if shape.signed else above


def clamp(value: Value, low: int, high: int) -> Value:
    """``value`` saturated to ``low`` to ``high``; combinational, no wider than it must be."""
    if low > high:
        raise ValueError(f"low must not exceed high, but {low} > {high}")
    too_low = ~exceeds(value, low - 1)
    return Mux(exceeds(value, high), Const(high),
               Mux(too_low, Const(low), _narrowed(value, low, high)))


def clamp_to_one(value: Value, pairs: Sequence[tuple[int, int]], number: Value) -> Value:
    """``value`` saturated to ``pairs[number]``; combinational, constants only are compared."""
    lows, highs = zip(*pairs, strict=True)
    if any(low > high for low, high in pairs):
        raise ValueError(f"low must not exceed high, but one of {pairs} does")
    too_high = Array(exceeds(value, high) for high in highs)[number]
    too_low = Array(~exceeds(value, low - 1) for low in lows)[number]
    within = _narrowed(value, min(lows), max(highs))
    return Mux(too_high, Array(Const(high) for high in highs)[number],
               Mux(too_low, Array(Const(low) for low in lows)[number], within))


def _narrowed(value: Value, low: int, high: int) -> Value:
    """``value``, which matters only from ``low`` to ``high``, on no more bits than those take."""
    shape = shape_between(low, high)
    if shape.width >= len(value):
        return value
    return value[:shape.width].as_signed() if shape.signed else value[:shape.width]
