"""What surrounds the elements of an array: skew, pauses between words, streams taken together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from ..arith.registered import registered
from ..streams.sequence import counter

__all__ = ["pace", "parts_of", "skewed", "take_runs"]


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


class Runs(NamedTuple):
    """Number of the word in its run, whether it is the last, and whether it is taken, if the cycle
    is an enabled one."""

    word: Value
    ends: Value
    taken: Value


def take_runs(m: Module, operands: Sequence[Any], beside: Any, *, words: int, step: int,
              interval: int, early: bool, enable: Value) -> Runs:
    """Take runs of words from all streams of operands at once, and with each run's last word one
    from the stream beside them.

    Parameters
    ----------
    operands, beside : streams
    words : int
        Of a run.
    step, interval : int
        Enabled cycles from word to word, and from run to run.
    early : bool
        Whether all words wait for that of ``beside``, not only the last.
    """
    last, taken = words - 1, Signal()
    word, ends = counter(m, "word", last=Const(last, max(1, last.bit_length())), most=last,
                         advance=enable & taken)
    most = step - 1 + interval - words * step
    free = pace(m, taken, last=ends, within=step - 1, after=Const(most), most=most, enable=enable)
    there = [*(each.valid for each in operands), beside.valid if early else beside.valid | ~ends]
    for k, (each, needed) in enumerate([*((each, 1) for each in operands), (beside, ends)]):
        others = Cat(there[:k], there[k + 1:]).all()
        m.d.comb += each.ready.eq(enable & free & needed & others)
    m.d.comb += taken.eq(free & Cat(there).all())
    return Runs(word, ends, taken)
