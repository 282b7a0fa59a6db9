"""Numbers on a grid to codebooks and sums of powers of two: a comparator for each limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from operator import or_

from amaranth import Const, Module, Mux, Signal, Value

from sw_model.formats import CodedFormat, Rounding

from ..arith.clamp import exceeds
from .number import Found

__all__ = ["ROUNDINGS", "between", "check_rounding", "reaches", "to_list"]

#: Where the limits between values stand still, whatever the sign.
ROUNDINGS = (Rounding.HALF_EVEN, Rounding.HALF_AWAY, Rounding.HALF_UP, Rounding.HALF_TOWARD_ZERO,
             Rounding.FLOOR, Rounding.CEILING)


def check_rounding(target: CodedFormat, rounding: Rounding) -> None:
    """Raise ValueError unless there is hardware for it."""
    if rounding not in ROUNDINGS:
        raise ValueError(f"{target} rounds in hardware by "
                         f"{', '.join(r.value for r in ROUNDINGS)}, not {rounding.value}")


def to_list(m: Module, fixed: Value, lsb: int, target: CodedFormat, rounding: Rounding) -> Found:
    """The code of ``fixed * 2**lsb``, rounded by one of :data:`ROUNDINGS`."""
    edges = target.boundaries()
    unit = Fraction(2) ** lsb
    values = [Fraction(float(value)) / unit for value in edges.values]
    # Halfway, which float64 may not hold.
    limits = [_least(k, values, (low + high) / 2, bool(tie), rounding)
              for k, (low, high, tie) in enumerate(zip(values, values[1:], edges.tie_goes_up,
                                                       strict=False))]
    code = Signal(target.width, name="listed")
    m.d.comb += code.eq(between(fixed, limits, edges.codes, target.width))
    below, above = ~reaches(fixed, values[0]), reaches(fixed, values[-1] + _epsilon(values[-1]))
    return Found(code, below, above, below | above)


def between(fixed: Value, limits: Sequence[Fraction], codes: Iterable[int], width: int) -> Value:
    """The code, of as many bits, of the range that ``fixed`` lies in; combinational.

    Ranges ascend, one more than limits; a limit is the least number of the range above it.
    """
    passed = [Const(1, 1), *(reaches(fixed, limit) for limit in limits), Const(0, 1)]
    # One of them is passed without the next.
    return reduce(or_, (Mux(here & ~there, Const(int(code), width), 0)
                        for here, there, code in zip(passed, passed[1:], codes, strict=False)))


def _least(place: int, values: list[Fraction], limit: Fraction, even: bool, rounding: Rounding
           ) -> Fraction:
    """The least number that goes to the upper of two neighbours."""
    match rounding:
        case Rounding.FLOOR:
            return values[place + 1]
        case Rounding.CEILING:
            return values[place] + _epsilon(values[place])
        case Rounding.HALF_EVEN:
            up = even
        case Rounding.HALF_UP:
            up = True
        case Rounding.HALF_AWAY:
            up = limit > 0
        case _:
            up = limit < 0
    return limit if up else limit + _epsilon(limit)


def _epsilon(limit: Fraction) -> Fraction:
    """Less than the distance from ``limit`` to the next integer above it."""
    return (limit.__floor__() + 1 - limit) / 2


def reaches(fixed: Value, limit: Fraction) -> Value:
    """Whether an integer is at least ``limit``; combinational."""
    return exceeds(fixed, limit.__ceil__() - 1)
