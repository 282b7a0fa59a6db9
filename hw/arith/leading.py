"""The leading one of a number: where it is, and the number moved so that it is on top."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["leading_zeros", "normalise"]


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


def leading_zeros(m: Module, value: Value, *, name: str) -> Value:
    """Zeros above the leading one, ``len(value)`` for zero; combinational.

    Halves are counted side by side, so that the depth is that of the width's logarithm, where
    :func:`normalise` moves the number between one digit of the distance and the next.
    """
    spare = (1 << len(value).bit_length()) - len(value)
    # Ones below the lowest bit end the count of zero.
    halves = [(~bit, []) for bit in Cat(Const(-1, spare), value)]
    while len(halves) > 1:
        pairs = list(zip(halves[::2], halves[1::2], strict=True))
        halves = [_joined(m, low, high, f"{name}_{len(pairs)}_{k}")
                  for k, (low, high) in enumerate(pairs)]
    return Cat(*halves[0][1])


def _joined(m: Module, low: tuple[Value, list[Value]], high: tuple[Value, list[Value]], name: str
            ) -> tuple[Value, list[Value]]:
    """Whether both halves are empty, and the digits of the count over both, lowest first."""
    empty = Signal(name=f"{name}_empty")
    digits = Signal(len(low[1]) + 1, name=f"{name}_count")
    m.d.comb += [empty.eq(low[0] & high[0]),
                 digits.eq(Cat(Mux(high[0], Cat(low[1]), Cat(high[1])), high[0]))]
    return empty, list(digits)
