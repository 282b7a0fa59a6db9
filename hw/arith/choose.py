"""Selection by a number, as a tree of two-way multiplexers."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Mux, Value
from amaranth.hdl import ValueLike

__all__ = ["chosen"]


def chosen(options: Sequence[ValueLike], number: Value) -> Value:
    """``options[number]``; combinational, and any of them if there are not so many.

    An :class:`amaranth.Array` becomes a comparison of the number with each place; this takes a
    look-up table of four inputs for each option but the last, or half of one.
    """
    level = [Value.cast(option) for option in options]
    if not level:
        raise ValueError("options must not be empty")
    for bit in number:
        level = [level[k] if k + 1 == len(level) else Mux(bit, level[k + 1], level[k])
                 for k in range(0, len(level), 2)]
    if len(level) > 1:
        raise ValueError(f"a number of {len(number)} bits does not choose among {len(options)} "
                         "options")
    return level[0]
