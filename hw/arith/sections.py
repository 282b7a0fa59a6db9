"""Sums of long numbers in sections, so that no carry travels far in a cycle."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import ValueLike

from .registered import registered

__all__ = ["SECTION", "sectioned_sum", "sections"]

#: Bits that a carry passes between two registers.
SECTION = 8


def sections(width: int) -> int:
    """Enabled cycles that :func:`sectioned_sum` takes."""
    return -(-width // SECTION)


def sectioned_sum(m: Module, first: Value, second: Value, *, enable: ValueLike, name: str) -> Value:
    """``first + second`` modulo ``2**len(first)``, :func:`sections` enabled cycles later.

    The lowest section is added first, the next one a cycle later with the carry out of it, and so
    on: a new pair may be given every cycle.

    Parameters
    ----------
    first, second : Value
        Of one width; they count as unsigned.
    """
    done: list[Value] = []
    carry: Value = Const(0, 1)
    for number, low in enumerate(range(0, len(first), SECTION)):
        parts = [registered(m, whole[low:low + SECTION], enable=enable, stages=number,
                            name=f"{name}_{which}_{number}")
                 for which, whole in (("first", first), ("second", second))]
        done = [registered(m, part, enable=enable, name=f"{name}_{number}_{k}")
                for k, part in enumerate(done)]
        total = registered(m, (parts[0] + parts[1] + carry)[:len(parts[0]) + 1], enable=enable,
                           name=f"{name}_{number}")
        done.append(total[:-1])
        carry = total[-1]
    return Cat(*done)
