"""Saturation, and comparison with constants, without carry chains."""

from __future__ import annotations

from amaranth import Const, Mux, Shape, Value

__all__ = ["clamp", "exceeds"]


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
    shape = Shape.cast(range(low, high + 1))
    within = value
    if shape.width < len(value):
        within = value[:shape.width].as_signed() if shape.signed else value[:shape.width]
    too_low = ~exceeds(value, low - 1)
    return Mux(exceeds(value, high), Const(high), Mux(too_low, Const(low), within))
