"""What surrounds the cells of a systolic array: skew, and pauses between words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from ..arith.registered import registered

__all__ = ["pace", "parts_of", "skewed"]


def parts_of(word: ValueLike, count: int) -> tuple[Value, ...]:
    """``word`` in ``count`` parts of one width, the lowest first."""
    bits = Value.cast(word)
    width = len(bits) // count
    return tuple(bits[k * width:(k + 1) * width] for k in range(count))


def skewed(m: Module, values: Sequence[ValueLike], *, enable: ValueLike, name: str,
           delays: Iterable[int] | None = None) -> list[Value]:
    """Value ``k`` as it was ``delays[k]`` enabled cycles ago, by default ``k``."""
    chosen = range(len(values)) if delays is None else delays
    return [registered(m, value, enable=enable, name=f"{name}_{k}", stages=delay)
            for k, (value, delay) in enumerate(zip(values, chosen, strict=True))]


def pace(m: Module, taken: Value, *, last: Value, within: int, after: Value, most: int,
         enable: Value) -> Value:
    """Whether a word may be taken: not in the enabled cycles that follow one.

    Parameters
    ----------
    taken : Value
        A word is taken in this cycle, if it is an enabled one.
    last : Value
        It is the last of its tile.
    within, after : int, Value
        Enabled cycles to wait behind a word, and behind the last.
    most : int
        The largest that either can be; with 0 there is no register.
    """
    if most == 0:
        return Const(1, 1)
    wait = Signal(range(most + 1))
    with m.If(enable):
        with m.If(taken):
            m.d.sync += wait.eq(Mux(last, after, within))
        with m.Elif(wait.any()):
            m.d.sync += wait.eq(wait - 1)
    return ~wait.any()
