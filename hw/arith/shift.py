"""Shifts by run-time distances."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["shift_left", "shift_right"]


def shift_left(m: Module, value: Value, distance: Value, most: int, *, name: str) -> Value:
    """``value << distance`` for distances up to ``most``; combinational."""
    for k in range(most.bit_length()):
        # Not `<<`: Amaranth takes every bit of its result to depend on every bit of `value`.
        moved = value.shift_left(1 << k)
        step = Signal(moved.shape(), name=f"{name}_left_{k}")
        m.d.comb += step.eq(Mux(distance[k], moved, value))
        value = step
    return value


def shift_right(m: Module, value: Value, distance: Value, most: int, *, name: str,
                sticky: Value | None = None) -> tuple[Value, Value]:
    """``value >> distance``, rounded down, for distances up to ``most``; combinational.

    Also says whether a bit dropped is set, or ``sticky`` is; give None where nobody asks.
    """
    lost = Const(0, 1) if sticky is None else sticky
    shape = value.shape()
    for k in range(most.bit_length()):
        far = 1 << k
        sign = value[-1] if shape.signed else Const(0, 1)
        moved = Cat(value[far:], sign.replicate(min(far, len(value))))
        if sticky is not None:
            lost = lost | distance[k] & value[:far].any()
        step = Signal(shape, name=f"{name}_right_{k}")
        m.d.comb += step.eq(Mux(distance[k], moved, value))
        value = step
    return value, lost
