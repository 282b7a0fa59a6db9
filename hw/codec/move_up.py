"""Numbers moved up, and cut to the bits that decide how they round; combinational."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["move_up"]


def move_up(m: Module, value: Value, distance: Value | None, most: int, keep: int, *, name: str
            ) -> tuple[Value, Value]:
    """The top ``keep`` bits of ``value << distance``, and the distance.

    The lowest of them says whether it or any bit below it is set. Far steps come first, and what
    can no longer rise to the bits that are kept becomes one bit at once: so that a step of a
    wide number to a narrow one costs little more than the bits that are kept.

    Parameters
    ----------
    value : Value
        Unsigned; the bits that leave it at the top must be zero.
    distance : Value or None
        None: until the top bit is set. For zero the distance means nothing.
    most : int
        The largest distance, at most ``len(value) - 1``.
    keep : int
        At least 1, or 2 without a distance; no more than ``value`` has.
    """
    value = _cut(value, keep + most)
    digits = []
    for k in reversed(range(most.bit_length())):
        far = 1 << k
        moves = ~value[-far:].any() if distance is None else distance[k]
        moved = Signal(len(value), name=f"{name}_moved_{k}")
        m.d.comb += moved.eq(Mux(moves, Cat(Const(0, far), value)[:len(value)], value))
        value = _cut(moved, keep + far - 1)
        digits.insert(0, moves)
    return value, Cat(*digits) if digits else Const(0, 1)


def _cut(value: Value, keep: int) -> Value:
    """The top bits of ``value``, with the lowest for all below it."""
    below = len(value) - keep
    return value if below <= 0 else Cat(value[:below + 1].any(), value[below + 1:])
