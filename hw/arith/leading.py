"""The leading one of a number: where it is, and the number moved so that it is on top."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["normalise"]


def normalise(m: Module, value: Value, *, name: str) -> tuple[Value, Value]:
    """``value`` shifted left until its top bit is set, and by how much; combinational.

    Zero stays zero; the distance then means nothing.
    """
    width = len(value)
    digits = []
    for k in reversed(range((width - 1).bit_length())):
        far = 1 << k
        empty = ~value[width - far:].any()
        moved = Signal(width, name=f"{name}_moved_{k}")
        m.d.comb += moved.eq(Mux(empty, Cat(Const(0, far), value)[:width], value))
        digits.insert(0, empty)
        value = moved
    return value, Cat(*digits) if digits else Const(0, 1)
