"""Division in a pipeline: a quotient every cycle, a row of subtractors for each of its bits."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike

from .registered import registered

__all__ = ["quotient"]


def quotient(m: Module, rest: Value, denominator: Value, bits: int, incoming: int, *,
             enable: ValueLike, name: str) -> Value:
    """The low ``bits`` bits of a quotient, as many enabled cycles later.

    The numerator is ``rest`` and behind it ``bits`` bits that are all 0 or all 1.

    Parameters
    ----------
    rest, denominator : Value
        Unsigned; ``rest`` is below the denominator.
    bits : int
    incoming : int
        0 or 1.

    Source: restoring division, I. Koren, "Computer arithmetic algorithms", 2nd edition 2002,
    section 3.2.
    """
    found: Value = Const(0, 0)
    for k in range(bits):
        joined = Cat(Const(incoming, 1), rest)
        less = Signal(max(len(joined), len(denominator)) + 1, name=f"{name}_less_{k}")
        m.d.comb += less.eq(joined - denominator)
        fits = ~less[-1]
        rest = registered(m, Mux(fits, less, joined)[:len(denominator)], enable=enable,
                          name=f"{name}_rest_{k}")
        found = registered(m, Cat(fits, found), enable=enable, name=f"{name}_found_{k}")
        denominator = registered(m, denominator, enable=enable, name=f"{name}_denominator_{k}")
    return found
